"""What can go wrong between here and the Hugging Face Hub, said so that one knows what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from huggingface_hub import constants
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

from citygan.errors import CityGANError

LOG_IN = "log in with `hf auth login`, or set HF_TOKEN"
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class HubUnreachableError(CityGANError):
    """The Hub did not answer, and there is no copy of what was asked for."""


@contextmanager
def plain_errors(
    repo: str, revision: str, doing: Literal["asking", "downloading", "pushing"] = "asking"
) -> Iterator[None]:
    """Turns the client's errors into a `CityGANError`; a local file's while pushing stays as it is."""
    try:
        yield
    except (HTTPError, EntryNotFoundError, HFValidationError, FileMetadataError, OSError) as error:
        plain = (
            _not_there(error, repo, revision)
            or _refused(error, repo, doing)
            or _unfinished(error, repo, doing)
        )
        if plain is None:
            raise
        raise plain from error


def is_outage(error: Exception) -> bool:
    """Whether the Hub gave no answer that counts: none at all, out of order, or too many requests."""
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code == 429 or error.response.status_code >= 500
    return isinstance(error, (HTTPError, OfflineModeIsEnabled))


def is_absent(error: BaseException | None) -> bool:
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
    if isinstance(error, FileMetadataError):
        return CityGANError(
            f"{constants.ENDPOINT} does not answer as the Hub does ({error}); check HF_ENDPOINT"
        )
    if constants.HF_HUB_OFFLINE and isinstance(error, (OfflineModeIsEnabled, LocalEntryNotFoundError)):
        return HubUnreachableError(
            f"HF_HUB_OFFLINE is set, and {repo} is not in the cache; unset it, or name a path"
        )
    if isinstance(error, (HTTPError, LocalEntryNotFoundError)):
        reason = error.__cause__ or error
        said = f"{type(reason).__name__}: {reason}" if str(reason) else type(reason).__name__
        if doing == "downloading":
            return CityGANError(f"the connection was cut while {repo} was downloaded ({said}); try again")
        return HubUnreachableError(
            f"{constants.ENDPOINT} cannot be reached for {repo} ({said}); check the connection"
        )
    if doing == "pushing":
        return None
    if error.errno in DISK_FULL:
        return CityGANError(
            f"the disk is full: {repo} could not be stored in {constants.HF_HUB_CACHE}; "
            "make room, or set HF_HOME to a folder elsewhere"
        )
    if error.errno is None:  # the client's own: the size is not what was announced
        return CityGANError(f"{repo} arrived incomplete ({error}); try again")
    return CityGANError(f"{repo} could not be stored in {constants.HF_HUB_CACHE}: {error}")
