"""`train.py space`: the page, onto a Hugging Face Space."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from citygan import hub
from citygan.space import assemble, upload


def space(
    repo: str,
    *,
    out: Path | None = None,
    dry_run: bool = False,
    push: bool = False,
    private: bool = False,
) -> None:
    """Assembles the folder that a Hugging Face Space of this page needs, and pushes it.

    Args:
        repo: OWNER/NAME of the Space; made if it is not there.
        out: Keep the folder here; a dry run needs it.
        dry_run: Only write the folder, and upload nothing.
        push: Upload the folder.
        private: Make a new Space private.
    """
    if hub.split_id(repo)[1]:
        raise ValueError(f"{repo} names a revision; a Space is OWNER/NAME")
    if dry_run == push or (dry_run and out is None):
        raise ValueError("give either --push, or --dry-run with --out, which only writes the folder")
    with TemporaryDirectory() as temporary:
        folder = out or Path(temporary)
        size_bytes = assemble(folder)
        print(f"{folder}: {size_bytes / 2**20:.1f} MiB")
        print(upload(folder, repo, private=private) if push else "nothing was uploaded")
