"""The page as a Hugging Face Space: the folder that it needs, and its upload."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from huggingface_hub import HfApi

from citygan import hub
from citygan.checkpoint import SHIPPED, Checkpoint
from citygan.errors import CityGANError
from citygan.publishing import static_space

ROOT = Path(__file__).resolve().parent.parent.parent
PARTS = ("README.md", "LICENSE", "requirements.txt", "app.py", "citygan", "checkpoints", "docs", "results")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyi", ".*", "rows")


def assemble(out: Path, root: Path = ROOT) -> int:
    """Copies what a Space needs, and nothing else: the app and its package, checkpoint, table and README.

    The README's front matter is what configures the Space.

    Args:
        out: A folder that is empty or not there yet.
        root: CityGAN's repository.

    Returns:
        The size of the folder in bytes.

    Raises:
        CityGANError: something is in the folder, or there is no repository, as where CityGAN was installed.
    """
    missing = [part for part in PARTS if not (root / part).exists()]
    if missing:
        raise CityGANError(f"{root} has no {', '.join(missing)}; a Space is made in CityGAN's repository")
    if out.exists() and any(out.iterdir()):
        raise CityGANError(f"{out} is not empty; name another folder or remove it")
    out.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        if (root / part).is_dir():
            shutil.copytree(root / part, out / part, ignore=_LEFT_OUT)
        else:
            shutil.copy2(root / part, out / part)
    return sum(f.stat().st_size for f in out.rglob("*") if f.is_file())


def upload(
    folder: Path, repo: str, *, private: bool = False, sdk: str = "gradio", ours: Sequence[str] = ("citygan",)
) -> str:
    """Makes the Space, if it is not there, and uploads the folder.

    Files that earlier versions had are removed; what else its owner put there stays.

    Args:
        folder: What `assemble` or `write_page` made.
        repo: OWNER/NAME.
        private: Whether a new Space is private.
        sdk: What runs it, "gradio" or "static".
        ours: Folders whose files are all ours.

    Returns:
        The Space's address.

    Raises:
        CityGANError: it was not uploaded; the message says why and what to do.
    """
    api = HfApi()
    with hub.plain_errors(repo, "main", "pushing"):
        space = api.create_repo(
            repo, repo_type="space", space_sdk=sdk, private=private or None, exist_ok=True
        )
        api.upload_folder(
            repo_id=repo,
            folder_path=folder,
            repo_type="space",
            commit_message="Update CityGAN",
            delete_patterns=[f"{name}/*" for name in ours],
        )
    return str(space)


def space(
    repo: str,
    *,
    static: bool = False,
    model: str | None = None,
    out: Path | None = None,
    dry_run: bool = False,
    push: bool = False,
    private: bool = False,
) -> None:
    """Assembles the folder that a Hugging Face Space of this page needs, and pushes it.

    Args:
        repo: OWNER/NAME of the Space; made if it is not there.
        static: A page without a server, which makes its photos in the visitor's browser. Any web server shows
            it: `python -m http.server -d DIR`.
        model: The checkpoint of a static page, a path or a Hub id; by default the shipped one.
        out: Keep the folder here; a dry run needs it.
        dry_run: Only write the folder, and upload nothing.
        push: Upload the folder.
        private: Make a new Space private.
    """
    if hub.split_id(repo)[1]:
        raise CityGANError(f"{repo} names a revision; a Space is OWNER/NAME")
    if dry_run == push or (dry_run and out is None):
        raise CityGANError("give either --push, or --dry-run with --out, which only writes the folder")
    if model and not static:
        raise CityGANError(f"--model {model} is of a page without a server; give --static too")
    with TemporaryDirectory() as temporary:
        folder = out or Path(temporary)
        if static:
            checkpoint = Checkpoint.find(model or SHIPPED)
            size_bytes = static_space.write_page(checkpoint, folder, ROOT)
        else:
            size_bytes = assemble(folder)
        print(f"{folder}: {size_bytes / 2**20:.1f} MiB")
        if not push:
            print("nothing was uploaded")
        elif static:
            print(upload(folder, repo, private=private, sdk="static", ours=static_space.FOLDERS))
        else:
            print(upload(folder, repo, private=private))
