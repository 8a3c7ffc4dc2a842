"""The Hugging Face Hub: a checkpoint's two files are pulled, and a folder's are pushed.

The real client tries for 23 s before it says that the Hub cannot be reached; one short question before
the download avoids that.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import (
    CommitOperationAdd,
    HfApi,
    constants,
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.errors import GatedRepoError, HTTPError, OfflineModeIsEnabled, RepositoryNotFoundError

from citygan.errors import CityGANError
from citygan.hub_errors import is_absent, is_outage, plain_errors

log = logging.getLogger(__name__)

CONFIG, WEIGHTS = "config.json", "model.safetensors"
HUB_ID = re.compile(r"([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")
REACH_S = 5.0  # how long the Hub may take for its first answer


@dataclass(frozen=True)
class Pulled:
    """A checkpoint in the cache of `huggingface_hub`."""

    weights: Path
    config: Path
    commit: str  # all 40 characters


def split_id(hub_id: str) -> tuple[str, str | None]:
    """`OWNER/NAME[@REVISION]` -> the repository and the revision, if one is named.

    Raises:
        CityGANError: it is neither.
    """
    found = HUB_ID.fullmatch(hub_id)
    if not found:
        raise CityGANError(f"{hub_id!r} is no Hub id; write OWNER/NAME or OWNER/NAME@REVISION")
    return found[1], found[2]


def pull(repo: str, revision: str | None = None, token: str | None = None) -> Pulled:
    """Fetches the weights and the config of one commit, unless they are in the cache.

    While the Hub is out of reach, out of order or limits the rate, the copy in the cache is taken.

    Args:
        repo: OWNER/NAME.
        revision: A branch, a tag or a full commit hash; by default "main".
        token: By default the one in HF_TOKEN, or of `hf auth login`.

    Raises:
        HubUnreachableError: no answer, and no copy in the cache.
        CityGANError: anything else, each with its own message.
    """
    revision = revision or constants.DEFAULT_REVISION
    with plain_errors(repo, revision):
        commit = _find_commit(repo, revision, token)
        cached = _from_cache(repo, commit)
    if cached and cached.commit in (revision, _cached_commit(repo, revision)):
        return cached
    with plain_errors(repo, revision, "downloading"):
        weights = hf_hub_download(repo, WEIGHTS, revision=commit, token=token)
        # By its name, and last: from now on the cache takes this commit for the revision.
        config = Path(hf_hub_download(repo, CONFIG, revision=revision, token=token))
    if config.parent.name != commit:  # somebody pushed between the two
        return pull(repo, revision, token)
    return Pulled(Path(weights), config, commit)


def read_config(repo: str, revision: str | None = None, token: str | None = None) -> str | None:
    """The text of the `config.json` on the Hub now; None where there is no such repository, revision or file.

    Raises:
        CityGANError: it may be there, but cannot be read.
    """
    try:
        with plain_errors(repo, revision or constants.DEFAULT_REVISION):
            url = hf_hub_url(repo, CONFIG, revision=revision)
            commit = get_hf_file_metadata(url, token=token, timeout=REACH_S).commit_hash
            return Path(hf_hub_download(repo, CONFIG, revision=commit, token=token)).read_text("utf-8")
    except CityGANError as error:
        if is_absent(error.__cause__):
            return None
        raise


def push(
    files: list[Path],
    repo: str,
    message: str,
    *,
    private: bool = False,
    branch: str | None = None,
    create_pr: bool = False,
    token: str | None = None,
) -> str:
    """Uploads files in one commit; makes the repository and the branch where they are missing.

    Args:
        files: They come to lie at the top of the repository.
        repo: OWNER/NAME.
        message: Of the commit.
        private: Whether a new repository is private.
        branch: By default "main".
        create_pr: Open a pull request instead.
        token: By default the one in HF_TOKEN, or of `hf auth login`.

    Returns:
        The address of the commit, or of the pull request.

    Raises:
        CityGANError: nothing was pushed.
    """
    api = HfApi(token=token)
    with plain_errors(repo, branch or constants.DEFAULT_REVISION, "pushing"):
        try:
            public = not api.model_info(repo, timeout=REACH_S).private
        except GatedRepoError:
            raise
        except RepositoryNotFoundError:
            api.create_repo(repo, private=private or None, exist_ok=True)
        else:
            if private and public:
                raise CityGANError(f"{repo} is public; make it private in its settings, or drop --private")
        if branch and branch != constants.DEFAULT_REVISION:
            api.create_branch(repo, branch=branch, exist_ok=True)
        commit = api.create_commit(  # upload_folder may make several commits of one folder
            repo,
            [CommitOperationAdd(path_in_repo=f.name, path_or_fileobj=f) for f in files],
            commit_message=message,
            revision=branch,
            create_pr=create_pr,
        )
    return commit.pr_url or commit.commit_url


def _find_commit(repo: str, revision: str, token: str | None) -> str:
    """The full commit of a revision: what the Hub says, or the cache while the Hub says nothing."""
    cached = _cached_commit(repo, revision)
    if cached == revision:  # a commit never changes
        return cached
    try:
        url = hf_hub_url(repo, CONFIG, revision=revision)
        commit = get_hf_file_metadata(url, token=token, timeout=REACH_S).commit_hash
    except (HTTPError, OfflineModeIsEnabled) as error:
        if not cached or not is_outage(error):
            raise
        log.warning("the Hugging Face Hub gives no answer; %s is the copy of %s kept here", repo, cached)
        return cached
    if not commit:
        raise CityGANError(f"{constants.ENDPOINT} does not answer as the Hub does; check HF_ENDPOINT")
    return commit


def _cached_commit(repo: str, revision: str) -> str | None:
    """The commit that a revision had when it was last fetched, if both files are still there."""
    config = try_to_load_from_cache(repo, CONFIG, revision=revision)
    commit = Path(config).parent.name if isinstance(config, str) else ""
    return commit if commit and _from_cache(repo, commit) else None


def _from_cache(repo: str, commit: str) -> Pulled | None:
    weights, config = (try_to_load_from_cache(repo, file, revision=commit) for file in (WEIGHTS, CONFIG))
    if isinstance(weights, str) and isinstance(config, str):
        return Pulled(Path(weights), Path(config), commit)
    return None
