"""`train.py push`: a checkpoint, its card and its pictures, onto the Hugging Face Hub."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from huggingface_hub import CommitOperationAdd, HfApi, constants
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
from PIL import Image

from citygan import hub
from citygan.checkpoint import Checkpoint, CheckpointInfo
from citygan.errors import CityGANError
from citygan.evaluation.sheets import draw_animation
from citygan.files import write_atomically, write_picture
from citygan.publishing.card import model_card
from citygan.publishing.export import draw
from citygan.synthesis.onnx_graph import add_graph

# All that is ever pushed; what else lies in the folder stays here.
LOG, CURVES, SAMPLES, ANIMATION, CARD = "metrics.csv", "curves.png", "samples.jpg", "samples.gif", "README.md"
FILES = (hub.WEIGHTS, hub.CONFIG, hub.GRAPH, LOG, CURVES, SAMPLES, ANIMATION, CARD)


def push(
    checkpoint: Path,
    repo: str,
    *,
    private: bool = False,
    branch: str | None = None,
    create_pr: bool = False,
    dry_run: bool = False,
    out: Path | None = None,
    overwrite: bool = False,
) -> None:
    """Pushes a checkpoint to the Hugging Face Hub in one commit: weights, config, graph, log, pictures, card.

    Args:
        checkpoint: For example runs/NAME/best; the log and the curves beside it come along.
        repo: OWNER/NAME; made if it is not there.
        private: Make it private.
        branch: Push to this branch, made if it is not there.
        create_pr: Open a pull request instead.
        dry_run: Only write the folder, and upload nothing.
        out: Keep the folder here; a dry run writes it beside the checkpoint by default.
        overwrite: Replace what is on the Hub, even if it has a higher validation SSIM.
    """
    check_repo(repo)
    if branch and create_pr:
        raise CityGANError("a pull request is opened against main; give --branch or --create-pr, not both")
    found = Checkpoint.find(checkpoint)
    if not (dry_run or overwrite or create_pr):
        check_better(found.info, repo, read_config(repo, branch))
    if dry_run:
        folder = out or checkpoint.with_name(f"{checkpoint.name}-hub")
        names = [f.name for f in assemble(found, repo, folder)]
        print(f"{folder}: {', '.join(names)}; nothing was uploaded")
        return
    with TemporaryDirectory() as temporary:
        files = assemble(found, repo, out or Path(temporary))
        message = f"Add {found.info.name} after {found.info.epochs} epochs"
        print(upload(files, repo, message, private=private, branch=branch, create_pr=create_pr))


def push_run(out: Path, repo: str) -> None:
    """Pushes the best checkpoint of a run that is done.

    Raises:
        CityGANError: it was not pushed; the message says how to push it again.
    """
    best = out / "best"
    try:
        push(best, repo)
    except CityGANError as error:
        again = shlex.join(["python", "train.py", "push", "--checkpoint", str(best), "--repo", repo])
        raise CityGANError(f"{error}\nThe run is whole in {out}; push it again with: {again}") from error


def check_repo(repo: str) -> None:
    """Raises a CityGANError unless it is OWNER/NAME, without a revision."""
    _, revision = hub.split_id(repo)
    if revision:
        raise CityGANError(f"{repo} names a revision; to push to a branch, use --branch {revision}")


def read_config(repo: str, revision: str | None = None) -> str | None:
    """The text of the `config.json` on the Hub now; None where there is no such repository, revision or file.

    Raises:
        CityGANError: it may be there, but cannot be read.
    """
    revision = revision or constants.DEFAULT_REVISION
    try:
        with hub.plain_errors(repo, revision):
            commit = hub.find_commit(repo, revision, None)
            return hub.download(repo, hub.CONFIG, commit).read_text("utf-8")
    except CityGANError as error:
        if hub.is_absent(error.__cause__):
            return None
        raise


def check_better(info: CheckpointInfo, repo: str, config: str | None) -> None:
    """Refuses to replace a checkpoint on the Hub by one with a lower validation SSIM, or none to compare.

    Args:
        info: What is to be pushed.
        repo: OWNER/NAME, for the message.
        config: The `config.json` that is there, if there is one.

    Raises:
        CityGANError: it says why, and names --overwrite.
    """
    if config is None:
        return
    try:
        there = CheckpointInfo.from_json(config, f"{repo}/{hub.CONFIG}")
    except CityGANError as error:
        raise CityGANError(f"{error}; --overwrite replaces it") from error
    ours, theirs = info.ssim.get("val"), there.ssim.get("val")
    if theirs is None:
        return
    if ours is None or (info.dataset, info.ssim_definition) != (there.dataset, there.ssim_definition):
        raise CityGANError(
            f"{repo} holds {there.name}, whose validation SSIM of {theirs} on {there.dataset} cannot be "
            "compared with this one's; --overwrite replaces it"
        )
    if ours < theirs:
        raise CityGANError(
            f"{repo} holds {there.name} with validation SSIM {theirs}, better than this one's {ours}; "
            "--overwrite replaces it"
        )


def assemble(checkpoint: Checkpoint, repo: str, folder: Path) -> list[Path]:
    """Writes what is pushed into a folder, which `--model FOLDER` loads too.

    The pictures show our own streets and the photos that the run made of validation maps, but no photo or
    label map of the data set: those may seldom be published.

    Args:
        checkpoint: What stands beside its files comes along.
        repo: OWNER/NAME, for the card.
        folder: Made if it is not there; other files in it are left alone.

    Returns:
        The files.

    Raises:
        CityGANError: it cannot be loaded, or the folder is its own, whose files would be replaced.
    """
    run = checkpoint.weights.parent
    sources = {
        hub.WEIGHTS: checkpoint.weights,
        hub.CONFIG: checkpoint.json,
        LOG: run / LOG,
        CURVES: run / CURVES,
    }
    if folder.resolve() in {source.resolve().parent for source in sources.values()}:
        raise CityGANError(f"{folder} is the folder that {checkpoint.source} comes from; give another --out")
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
    draw(checkpoint.source, folder / SAMPLES)  # loads it, strictly
    for name, source in sources.items():
        if source.is_file():
            write_atomically(folder / name, lambda p, source=source: shutil.copyfile(source, p))
    add_graph(Checkpoint.find(folder))  # which names the weights as they are called there
    draw_epochs(run / "samples", folder / ANIMATION)
    there = frozenset(name for name in FILES if (folder / name).is_file())
    card = model_card(checkpoint.info, repo, there)
    write_atomically(folder / CARD, lambda p: p.write_text(card, encoding="utf-8"))
    return [folder / name for name in FILES if (folder / name).is_file()]


def upload(
    files: list[Path],
    repo: str,
    message: str,
    *,
    private: bool = False,
    branch: str | None = None,
    create_pr: bool = False,
) -> str:
    """Uploads files in one commit; makes the repository and the branch where they are missing.

    Args:
        files: They come to lie at the top of the repository.
        repo: OWNER/NAME.
        message: Of the commit.
        private: Whether a new repository is private.
        branch: By default "main".
        create_pr: Open a pull request instead.

    Returns:
        The address of the commit, or of the pull request.

    Raises:
        CityGANError: nothing was pushed.
    """
    api = HfApi()
    with hub.plain_errors(repo, branch or constants.DEFAULT_REVISION, "pushing"):
        try:
            public = not api.model_info(repo, timeout=hub.REACH_S).private
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


def draw_epochs(samples: Path, path: Path, *, height_px: int | None = None) -> None:
    """The animation of a run's sample grids without the data set's rows: the middle one of the three.

    Args:
        samples: A run's folder of `epoch-*.jpg`; nothing is drawn where there are none.
        path: A .gif file.
        height_px: Of the row; by default as it is.
    """
    grids = sorted(samples.glob("epoch-*.jpg"))
    if not grids:
        return
    with TemporaryDirectory() as folder:
        for grid in grids:
            with Image.open(grid) as image:
                third = image.height // 3
                row = image.crop((0, third, image.width, 2 * third))
                height = height_px or third
                row = row.resize((round(image.width * height / third), height), Image.Resampling.LANCZOS)
                write_picture(row, Path(folder, grid.name), "JPEG", quality=95)
        draw_animation(sorted(Path(folder).iterdir()), path)
