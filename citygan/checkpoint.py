"""Checkpoints: `NAME.safetensors` (the generator's weights) with `NAME.json` (what it is and how to build
it)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from citygan import hub
from citygan.errors import CityGANError
from citygan.files import write_atomically
from citygan.models import GENERATORS
from citygan.models.encoding import ENCODINGS

FORMAT = 1
SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints" / "camvid-unet"


@dataclass(frozen=True)
class CheckpointInfo:
    """What stands in a checkpoint's `.json`: how to build the network, what it saw, how well it did."""

    name: str  # for people, for example "camvid-unet"
    generator: str  # a key of citygan.models.GENERATORS
    arguments: dict  # the keyword arguments of that generator, width among them
    encoding: str  # what the generator sees of a label map, see citygan.models.encoding
    norm_statistics: str  # "running", "batch" or "instance": which ones the norm layers want at inference
    height_px: int  # of the maps and photos it was trained on
    width_px: int
    aspect: float  # width / height of the data set's photos
    dataset: str  # for example "CamVid"
    license: str  # of the weights, one sentence
    recipe: dict  # the TrainConfig, field by field, and its name
    seen: dict[int, float]  # id -> share of the training pixels, unlabeled (0) among them
    images_seen: int
    epochs: int  # done when these weights were saved
    hardware: str  # what trained it
    parameters: int
    ssim: dict[str, float] = field(default_factory=dict)  # "train", "val", "test"
    ssim_definition: str = ""
    dropout_at_inference: bool = False  # whether photos are made with dropout on, drawn from the seed
    drives: tuple[str, ...] = ()  # of its training photos, see citygan.data.dataset; none where not known
    ssim_by_drive: dict[str, dict[str, float]] = field(default_factory=dict)  # split -> drive -> SSIM
    ssim_percentiles: tuple[float, ...] = ()  # of SSIM from the 0th to the 100th in even steps, two or more
    ssim_percentiles_of: str = ""  # which photos, for example "171 photos of a drive it never saw"
    format: int = FORMAT

    @property
    def seen_classes(self) -> frozenset[int]:
        """The ids that training showed it."""
        return frozenset(self.seen)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str, source: str) -> CheckpointInfo:
        """Reads a checkpoint's `.json`.

        Raises:
            CityGANError: no JSON, no CityGAN checkpoint, or one of a newer version.
        """
        try:
            values = json.loads(text)
            if values.get("format", 0) > FORMAT:
                raise CityGANError(
                    f"{source} has format {values['format']}, newer than this CityGAN reads; update it"
                )
            known = {f.name for f in fields(cls)}
            info = cls(**{k: v for k, v in values.items() if k in known})
            seen = {int(i): float(share) for i, share in info.seen.items()}
            percentiles = tuple(map(float, info.ssim_percentiles))
        except CityGANError:
            raise
        except (AttributeError, TypeError, ValueError) as error:
            raise CityGANError(f"{source} is not the .json of a CityGAN checkpoint: {error}") from error
        changed = {"seen": seen, "drives": tuple(info.drives), "ssim_percentiles": percentiles}
        return cls(**asdict(info) | changed)


def save(path: Path, generator: nn.Module, info: CheckpointInfo, *, half: bool = False) -> None:
    """Writes `path.safetensors` and `path.json`; each replaces an earlier one only when it is whole.

    Args:
        path: Without a suffix, for example `runs/x/best`.
        generator: Its weights are what is saved.
        info: What it is.
        half: Save in float16: half the size.
    """
    tensors = {
        name: (t.half() if half and t.is_floating_point() else t).detach().cpu().contiguous()
        for name, t in generator.state_dict().items()
    }
    write_atomically(_with(path, ".safetensors"), lambda p: save_file(tensors, p))
    write_info(path, info)


def write_info(path: Path, info: CheckpointInfo) -> None:
    """Writes `path.json` alone."""
    write_atomically(_with(path, ".json"), lambda p: p.write_text(info.to_json()))


def read_info(path: Path) -> CheckpointInfo:
    """Reads `path.json`.

    Raises:
        CityGANError: there is none, or it is not one of ours.
    """
    file = _with(path, ".json")
    if not file.is_file():
        raise CityGANError(f"{file} does not exist; a checkpoint is a .safetensors with a .json beside it")
    return CheckpointInfo.from_json(file.read_text(encoding="utf-8", errors="replace"), str(file))


def resolve(source: Path | str, *, revision: str | None = None, token: str | None = None) -> str:
    """Names a checkpoint for good: a path stays as it is, a Hub id is fetched and gets its full commit.

    Args:
        source: As for `load`.
        revision: Of the Hub id, if it names none itself: a branch, a tag or a full commit.
        token: For the Hub; by default the one in HF_TOKEN, or of `hf auth login`.

    Raises:
        CityGANError: there is no such path, or a revision is named for one.
        CityGANError: the Hub did not give it.
    """
    if find_files(str(source)):
        if revision:
            raise CityGANError(f"{source} is a path here, and has no revision {revision!r}")
        return str(source)
    repo, named = hub.split_id(str(source))
    if named and revision:
        raise CityGANError(f"{source} names a revision already; leave out {revision!r}")
    return f"{repo}@{hub.pull(repo, named or revision, token).commit}"


def load(source: Path | str) -> tuple[nn.Module, CheckpointInfo]:
    """Loads a generator in float32, strictly.

    Args:
        source: A path with or without its suffix, a folder as pushed to the Hub, or a Hugging Face Hub id,
            `OWNER/NAME` or `OWNER/NAME@REVISION`.

    Raises:
        CityGANError: not found, corrupt, of another architecture, or a pickle.
        CityGANError: the Hub did not give it.
    """
    here = find_files(str(source))
    weights, info_file = here or _pull(str(source))
    where = str(info_file) if here else f"{source}/{hub.CONFIG}"
    info = CheckpointInfo.from_json(info_file.read_text(encoding="utf-8", errors="replace"), where)
    if info.generator not in GENERATORS:
        raise CityGANError(
            f"{source} wants the generator {info.generator!r}; known are {', '.join(GENERATORS)}"
        )
    _check_info(info, source)
    try:
        generator = GENERATORS[info.generator](**info.arguments)
    except (TypeError, ValueError, RuntimeError) as error:
        raise CityGANError(
            f"{info_file} has arguments that {info.generator!r} does not take: {error}"
        ) from error
    try:
        tensors = load_file(weights)
    except (SafetensorError, OSError) as error:
        raise CityGANError(f"{weights} is corrupt or no safetensors file ({error}); get it again") from error
    _check_tensors(tensors, generator.state_dict(), source)
    generator.load_state_dict({k: t.float() if t.is_floating_point() else t for k, t in tensors.items()})
    return generator.eval(), info


def _check_info(info: CheckpointInfo, source: Path | str) -> None:
    allowed = {"encoding": tuple(ENCODINGS), "norm_statistics": ("running", "batch", "instance")}
    for name, values in allowed.items():
        if getattr(info, name) not in values:
            raise CityGANError(
                f"{source} has the {name} {getattr(info, name)!r}; known are {', '.join(values)}"
            )
    for name in ("width_px", "height_px"):
        value = getattr(info, name)
        if not isinstance(value, int) or value < 1 or value % 256:
            raise CityGANError(f"{source} has the {name} {value!r}; it must be a multiple of 256")
    if not isinstance(info.arguments, dict):
        raise CityGANError(f"{source} has the arguments {info.arguments!r}; expected names and values")
    channels, wanted = info.arguments.get("in_channels"), ENCODINGS[info.encoding]
    if channels != wanted:
        raise CityGANError(
            f"{source} takes {channels} channels, but its encoding {info.encoding!r} has {wanted}"
        )


def _check_tensors(got: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor], source: Path | str) -> None:
    missing, extra = sorted(wanted.keys() - got.keys()), sorted(got.keys() - wanted.keys())
    wrong = [
        f"{k} is {tuple(got[k].shape)} instead of {tuple(wanted[k].shape)}"
        for k in sorted(got.keys() & wanted.keys())
        if got[k].shape != wanted[k].shape
    ]
    problems = [
        f"{len(names)} {what}, first {names[0]}"
        for what, names in (("tensors missing", missing), ("too many", extra), ("of another shape", wrong))
        if names
    ]
    if problems:
        raise CityGANError(f"{source} does not fit the network that its .json names: {'; '.join(problems)}")


def _with(path: Path | str, suffix: str) -> Path:
    path = Path(path)
    return path.with_name(path.name.removesuffix(".safetensors").removesuffix(".json") + suffix)


def _pull(hub_id: str) -> tuple[Path, Path]:
    pulled = hub.pull(*hub.split_id(hub_id))
    return pulled.weights, pulled.config


def find_files(source: str) -> tuple[Path, Path] | None:
    """The weights and the `.json` of a path; None for what can only be a Hub id.

    Raises:
        CityGANError: it is neither, a pickle, or half a checkpoint.
    """
    if not Path(source).name:
        raise CityGANError(f"{source!r} is no checkpoint; name a file such as {SHIPPED.name}, or a Hub id")
    if Path(source).suffix.lower() in (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle"):
        raise CityGANError(
            f"{source} is a pickle, which can run code when it is opened; only .safetensors are loaded. "
            "train.py import-weights reads those of two other pix2pix projects safely"
        )
    weights, info = _with(source, ".safetensors"), _with(source, ".json")
    if not (weights.is_file() or info.is_file()) and Path(source, hub.CONFIG).is_file():
        weights, info = Path(source, hub.WEIGHTS), Path(source, hub.CONFIG)  # a folder, as pushed to the Hub
    if weights.is_file() and info.is_file():
        return weights, info
    if weights.is_file() or info.is_file():
        missing = info if weights.is_file() else weights
        raise CityGANError(f"{missing} does not exist; a checkpoint is a .safetensors with a .json beside it")
    if source == str(SHIPPED):
        raise CityGANError(
            f"{SHIPPED} is not there: it comes with CityGAN's repository, not with the installed package; "
            "name a checkpoint, a path or a Hub id"
        )
    if not hub.HUB_ID.fullmatch(source) or Path(source).parent.is_dir():
        raise CityGANError(
            f"there is no checkpoint {source}: expected {weights.name} and {info.name}, or a Hub id, "
            "OWNER/NAME"
        )
    return None
