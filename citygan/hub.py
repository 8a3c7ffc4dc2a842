"""A checkpoint's files from the Hugging Face Hub, and what can go wrong on the way said in a sentence.

Left alone, `hf_hub_download` tries for 23 s to reach a Hub that is not there, and `snapshot_download` waits
for ever for one that is silent; one short question before the download avoids both. And both make paths of
what a server says, its ETag for one, which may lead out of the cache. So files are fetched here, into the
place in the same cache where they look for them; no name there comes from an answer but that of a commit.
"""

from __future__ import annotations

import errno
import logging
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeGuard
from uuid import uuid4

from huggingface_hub import constants, get_hf_file_metadata, get_session, hf_hub_url, snapshot_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    FileMetadataError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,  # of httpx or httpx2, whichever the client uses
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get, repo_folder_name
from huggingface_hub.utils import build_hf_headers, tqdm

from citygan.errors import CityGANError
from citygan.files import PART, write_atomically

log = logging.getLogger(__name__)

CONFIG, WEIGHTS = FILES = ["config.json", "model.safetensors"]
GRAPH = "model.onnx"  # which not all have
MOST_BYTES = {CONFIG: 2**20, WEIGHTS: 2**32, GRAPH: 2**23}  # ours have 6,000, 11 million and 54,000 at most
HUB_ID = re.compile(r"([\w.-]+/[\w.-]+)(?:@(?!/|.*\.\.)([\w./-]+))?")
DOWNLOADS = "citygan"  # how requests for files are told from others of the process
COMMIT = re.compile(r"[0-9a-f]{40}")
REACH_S = 5.0  # how long the Hub may take for its first answer
LOG_IN = "log in with `hf auth login`, or set HF_TOKEN"
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class HubUnreachableError(CityGANError):
    """The Hub did not answer, and there is no copy of what was asked for."""


def split_id(hub_id: str) -> tuple[str, str | None]:
    """`OWNER/NAME[@REVISION]` -> the repository and the revision, if one is named.

    Raises:
        CityGANError: it is neither.
    """
    found = HUB_ID.fullmatch(hub_id)
    if not found:
        raise CityGANError(f"{hub_id!r} is no Hub id; write OWNER/NAME or OWNER/NAME@REVISION")
    return found[1], found[2]


def pull(repo: str, revision: str | None = None, token: str | None = None) -> Path:
    """Fetches weights, config and, if there is one, ONNX graph of one commit, unless they are in the cache.

    While the Hub is out of reach, out of order or limits the rate, the copy in the cache is taken.

    Args:
        repo: OWNER/NAME.
        revision: A branch, a tag or a full commit hash; by default "main".
        token: By default the one in HF_TOKEN, or of `hf auth login`.

    Returns:
        The folder with the files; its name is the full commit.

    Raises:
        HubUnreachableError: no answer, and no copy in the cache.
        CityGANError: anything else, each with its own message.
    """
    revision = revision or constants.DEFAULT_REVISION
    split_id(f"{repo}@{revision}")  # it becomes the name of a file
    with plain_errors(repo, revision):
        kept = _kept(repo, revision)
        if kept and kept.name == revision:  # a commit never changes
            return kept
        try:
            commit = find_commit(repo, revision, token)
        except (HTTPError, OfflineModeIsEnabled) as error:
            if not kept or not _is_outage(error):
                raise
            log.warning(
                "the Hugging Face Hub gives no answer; %s is the copy of %s kept here", repo, kept.name
            )
            return kept
    if kept and kept.name == commit:
        return kept
    with plain_errors(repo, revision, "downloading"):
        download(repo, WEIGHTS, commit, token)
        try:
            download(repo, GRAPH, commit, token)
        except EntryNotFoundError as error:
            if not is_absent(error):
                raise
        folder = download(repo, CONFIG, commit, token).parent
    if revision != commit:  # last: from now on the cache takes this commit for the revision
        write_atomically(_cached(repo) / "refs" / revision, lambda path: path.write_text(commit))
    return folder


def download(repo: str, file: str, commit: str, token: str | None = None) -> Path:
    """Fetches one of a checkpoint's files into the cache, unless it is there; the client's errors pass.

    Args:
        repo: OWNER/NAME.
        file: One of `MOST_BYTES`.
        commit: Of `find_commit`.
        token: As `pull` takes it.

    Raises:
        CityGANError: it is far too large.
    """
    path = _cached(repo) / "snapshots" / commit / file
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{file}.{uuid4().hex}{PART}")
    url = hf_hub_url(repo, file, revision=commit)
    headers = build_hf_headers(token=token, library_name=DOWNLOADS)
    hooks = get_session().event_hooks["response"]
    if _leave_unread not in hooks:
        hooks.append(_leave_unread)
    try:
        with temporary.open("wb") as stream:
            http_get(url, stream, headers=headers, displayed_filename=file, tqdm_class=_bounded(repo, file))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _leave_unread(response) -> None:
    """Hears no more than that there is no file here: the client would read an explanation that has no end."""
    if not response.is_success and response.request.headers["User-Agent"].startswith(f"{DOWNLOADS}/"):
        response.close()
        response.read = bytes  # b"", where what is closed would raise


def _bounded(repo: str, file: str) -> type[tqdm]:
    """A progress bar that ends a download which does not end."""

    class Bounded(tqdm):
        arrived = 0.0

        def update(self, n: float | None = 1) -> bool | None:
            self.arrived += n or 0
            if self.arrived > MOST_BYTES[file]:
                raise CityGANError(f"{file} of {repo} has more than {MOST_BYTES[file]:,} bytes")
            return super().update(n)

    return Bounded


def _cached(repo: str) -> Path:
    """Where the cache keeps a repository."""
    return Path(constants.HF_HUB_CACHE, repo_folder_name(repo_id=repo, repo_type="model"))


def find_commit(repo: str, revision: str, token: str | None) -> str:
    """The full commit of a revision that has a config, as the Hub says now; the client's errors pass."""
    url = hf_hub_url(repo, CONFIG, revision=revision)
    commit = get_hf_file_metadata(url, token=token, timeout=REACH_S).commit_hash
    if not (commit and COMMIT.fullmatch(commit)):
        raise CityGANError(f"{constants.ENDPOINT} does not answer as the Hub does; check HF_ENDPOINT")
    return commit


def _kept(repo: str, revision: str) -> Path | None:
    """The copy in the cache that was last fetched for a revision, if both files are there."""
    try:
        folder = Path(snapshot_download(repo, revision=revision, allow_patterns=FILES, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    return folder if all((folder / file).is_file() for file in FILES) else None


@contextmanager
def plain_errors(
    repo: str, revision: str, doing: Literal["asking", "downloading", "pushing"] = "asking"
) -> Generator[None]:
    """Turns the client's errors into a `CityGANError`; a local file's while pushing stays as it is.

    What the client itself stumbles over, any exception at all, is an answer that the Hub would not give.
    """
    try:
        yield
    except CityGANError:
        raise
    except Exception as error:
        plain = (
            _not_there(error, repo, revision)
            or _refused(error, repo, doing)
            or _unfinished(error, repo, doing)
        )
        if plain is None:
            raise
        raise plain from error


def _is_outage(error: Exception) -> bool:
    """Whether the Hub gave no answer that counts: none at all, out of order, or too many requests."""
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code == 429 or error.response.status_code >= 500
    return isinstance(error, (HTTPError, OfflineModeIsEnabled))


def is_absent(error: BaseException | None) -> TypeGuard[HfHubHTTPError]:
    """Whether the Hub said that there is no such repository, revision or file."""
    absent = (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError)
    return isinstance(error, absent) and not isinstance(error, (GatedRepoError, LocalEntryNotFoundError))


def _not_there(error: Exception, repo: str, revision: str) -> CityGANError | None:
    if isinstance(error, HFValidationError):
        return CityGANError(f"{repo!r} is no Hub id: {error}")
    if isinstance(error, GatedRepoError):
        return CityGANError(f"{repo} is gated: ask for access at {constants.ENDPOINT}/{repo}, then {LOG_IN}")
    if not is_absent(error):
        return None
    if isinstance(error, RepositoryNotFoundError):
        return CityGANError(
            f"there is no repository {repo} on the Hugging Face Hub, or it is private; "
            f"check the name, or {LOG_IN}"
        )
    if isinstance(error, RevisionNotFoundError):
        return CityGANError(
            f"{repo} has no revision {revision!r}; name a branch, a tag or all 40 characters of a commit"
        )
    file = str(error.response.url).rpartition("/")[2]
    return CityGANError(f"{repo}@{revision} has no {file}, so it is not a CityGAN checkpoint")


def _refused(error: Exception, repo: str, doing: str) -> CityGANError | None:
    if not isinstance(error, HfHubHTTPError):
        return None
    status = error.response.status_code
    if status == 429:
        headers = error.response.headers  # the Hub's own is RateLimit: "api";r=0;t=55
        seconds = headers.get("Retry-After") or headers.get("RateLimit", "").partition(";t=")[2]
        when = f"in {seconds} s" if seconds else "later"
        return CityGANError(
            f"the Hugging Face Hub limits the rate of requests; try {repo} again {when}, or {LOG_IN}"
        )
    if status == 401:
        return CityGANError(f"the Hugging Face Hub does not know this token, or was given none; {LOG_IN}")
    if status == 403:
        verb = "write to" if doing == "pushing" else "read"
        return CityGANError(f"this token may not {verb} {repo}; {LOG_IN} to one that may")
    if status >= 500:
        return HubUnreachableError(f"the Hugging Face Hub is out of order ({status}); try {repo} again later")
    return CityGANError(f"the Hugging Face Hub refused {repo} ({status}): {error.server_message or error}")


def _unfinished(error: Exception, repo: str, doing: str) -> CityGANError | None:
    """No answer, half an answer, or one that cannot be stored."""
    known = isinstance(error, (HTTPError, EntryNotFoundError, OSError))
    if isinstance(error, FileMetadataError) or not known:
        return CityGANError(
            f"{constants.ENDPOINT} does not answer as the Hub does ({error!r}); check HF_ENDPOINT"
        )
    if constants.HF_HUB_OFFLINE and isinstance(error, (OfflineModeIsEnabled, LocalEntryNotFoundError)):
        return HubUnreachableError(
            f"HF_HUB_OFFLINE is set, and {repo} is not in the cache; unset it, or name a path"
        )
    if isinstance(error, (HTTPError, LocalEntryNotFoundError, ConnectionError)):  # the last of Xet's client
        reason = error.__cause__ or error
        said = f"{type(reason).__name__}: {reason}" if str(reason) else type(reason).__name__
        if doing == "downloading":
            return CityGANError(f"the connection was cut while {repo} was downloaded ({said}); try again")
        return HubUnreachableError(
            f"{constants.ENDPOINT} cannot be reached for {repo} ({said}); check the connection"
        )
    if doing == "pushing" or not isinstance(error, OSError):
        return None
    if error.errno in DISK_FULL:
        return CityGANError(
            f"the disk is full: {repo} could not be stored in {constants.HF_HUB_CACHE}; "
            "make room, or set HF_HOME to a folder elsewhere"
        )
    if error.errno is None:  # the client's own: the size is not what was announced
        return CityGANError(f"{repo} arrived incomplete ({error}); try again")
    return CityGANError(f"{repo} could not be stored in {constants.HF_HUB_CACHE}: {error}")
