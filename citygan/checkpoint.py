"""Checkpoints: `NAME.safetensors` (a network's weights) with `NAME.json` (what it is and how to build it).

`Checkpoint.find(source)` names the two files and the commit, and reads what the network is; torch is only
needed to load or save one.
"""

from __future__ import annotations

import reprlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from citygan import hub
from citygan.errors import CityGANError
from citygan.files import write_atomically
from citygan.info import FORMAT, Info
from citygan.palette import CLASS_BY_ID

if TYPE_CHECKING:
    from torch import nn

SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints" / "camvid-light"
PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle")
LIGHT_NUMBERS = 8  # that a light is, see citygan.models.light
_RANGES = {  # of the numbers in a CheckpointInfo
    "height_px": (128, 4096),
    "width_px": (128, 4096),
    "aspect": (0.1, 10),
    "images_seen": (0, 1e15),
    "epochs": (0, 1e15),
    "parameters": (0, 1e15),
}


@dataclass(frozen=True)
class CheckpointInfo(Info):
    """What stands in a generator's `.json`: how to build it, what it saw, how well it did.

    Raises:
        CityGANError: a value is of another type, or out of its range.
    """

    WHAT: ClassVar[str] = "a CityGAN checkpoint"

    name: str  # for people, for example "camvid-light"
    generator: str  # a key of citygan.models.GENERATORS
    arguments: dict[str, Any]  # the keyword arguments of that generator, width among them
    encoding: str  # what the generator sees of a label map, see citygan.models.encoding
    norm_statistics: Literal["running", "batch", "instance"]  # which ones the norm layers want at inference
    height_px: int  # of the maps and photos it was trained on
    width_px: int
    aspect: float  # width / height of the data set's photos
    dataset: str  # for example "CamVid"
    license: str  # of the weights, one sentence
    recipe: dict[str, Any]  # the TrainConfig, field by field, and its name
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
    lights: dict[str, tuple[float, ...]] = field(default_factory=dict)  # by name, see citygan.models.light
    format: int = FORMAT

    def __post_init__(self):
        for name, (least, most) in _RANGES.items():
            if not least <= getattr(self, name) <= most:
                raise CityGANError(f"{name} is {getattr(self, name)}; it goes from {least} to {most}")
        for name in ("height_px", "width_px"):
            if getattr(self, name) % 128:
                raise CityGANError(f"{name} is {getattr(self, name)}; it must be a multiple of 128")
        by_drive = [value for drives in self.ssim_by_drive.values() for value in drives.values()]
        scores = {
            "ssim": self.ssim.values(),
            "ssim_by_drive": by_drive,
            "ssim_percentiles": self.ssim_percentiles,
        }
        for name, values in scores.items():
            if not all(-1 <= value <= 1 for value in values):
                raise CityGANError(f"{name} has {list(values)[:5]}; SSIM goes from -1 to 1")
        if len(self.ssim_percentiles) == 1 or list(self.ssim_percentiles) != sorted(self.ssim_percentiles):
            raise CityGANError("ssim_percentiles must be none, or two or more that rise")
        if not all(len(light) == LIGHT_NUMBERS for light in self.lights.values()):
            raise CityGANError(f"lights are {LIGHT_NUMBERS} numbers each, not {reprlib.repr(self.lights)}")
        if not all(i in CLASS_BY_ID and 0 <= share <= 1 for i, share in self.seen.items()):
            raise CityGANError(
                f"seen is {reprlib.repr(self.seen)}; expected ids of the palette and shares up to 1"
            )

    @property
    def seen_classes(self) -> frozenset[int]:
        """The ids that training showed it."""
        return frozenset(self.seen)

    def build(self) -> nn.Module:
        """The generator, with random weights.

        Raises:
            CityGANError: it is not known here, or does not take these arguments or photos of this size.
        """
        from citygan.models import GENERATORS
        from citygan.models.encoding import ENCODINGS

        for name, known in (("generator", GENERATORS), ("encoding", ENCODINGS)):
            if getattr(self, name) not in known:
                raise CityGANError(
                    f"the {name} {getattr(self, name)!r} is unknown; known are {', '.join(known)}"
                )
        channels, wanted = self.arguments.get("in_channels"), ENCODINGS[self.encoding]
        if channels != wanted:
            raise CityGANError(
                f"the generator takes {channels} channels, but the encoding {self.encoding!r} has {wanted}"
            )
        try:
            network = GENERATORS[self.generator](**self.arguments)
        except (TypeError, ValueError, RuntimeError, OverflowError) as error:
            reason = str(error).partition("\n")[0]
            raise CityGANError(f"{self.generator!r} does not take these arguments: {reason}") from error
        if self.height_px % network.stride_px or self.width_px % network.stride_px:
            raise CityGANError(
                f"width_px is {self.width_px} and height_px {self.height_px}; "
                f"this {self.generator!r} takes multiples of {network.stride_px}"
            )
        return network


AnyInfo = TypeVar("AnyInfo", bound=Info)


@dataclass(frozen=True)
class Checkpoint(Generic[AnyInfo]):
    """The files of a checkpoint and what it is. `find` and `save` make one."""

    source: str  # names it for good: the path that was asked for, or OWNER/NAME@ with the full commit
    weights: Path
    json: Path
    commit: str | None  # on the Hugging Face Hub, all 40 characters; None for files of one's own
    info: AnyInfo

    @property
    def graph(self) -> Path:
        """Its network as an ONNX graph, which it may have or not; see `citygan.synthesis.onnx_graph`."""
        return _with(self.weights, ".onnx")

    @classmethod
    def find(
        cls,
        source: Path | str,
        # ty: ignore[invalid-parameter-default]: type variables have no default before Python 3.13
        kind: type[AnyInfo] = CheckpointInfo,
        *,
        revision: str | None = None,
        token: str | None = None,
    ) -> Checkpoint[AnyInfo]:
        """Finds the files, pulls them from the Hub if they are there, and reads what they are.

        Args:
            source: A path with or without its suffix, a folder as pushed to the Hub, or a Hugging Face Hub
                id, `OWNER/NAME` or `OWNER/NAME@REVISION`.
            kind: What the `.json` must say.
            revision: Of a Hub id that names none itself: a branch, a tag or a full commit.
            token: For the Hub; by default the one in HF_TOKEN, or of `hf auth login`.

        Raises:
            CityGANError: it is not there, a pickle, its `.json` cannot be used, or the Hub did not give it.
        """
        source, commit = str(source), None
        try:
            here = _find_here(source)
        except OSError as error:  # such as a name that is too long
            raise CityGANError(f"{reprlib.repr(source)} cannot be read: {error.strerror}") from error
        if here:
            if revision:
                raise CityGANError(f"{source} is a path here, and has no revision {revision!r}")
            weights, json_file = here
            name = str(json_file)
        else:
            repo, named = hub.split_id(source)
            if named and revision:
                raise CityGANError(f"{source} names a revision already; leave out {revision!r}")
            folder = hub.pull(repo, named or revision, token)
            weights, json_file, commit = folder / hub.WEIGHTS, folder / hub.CONFIG, folder.name
            source, name = f"{repo}@{commit}", f"{repo}/{hub.CONFIG}"
        return cls(source, weights, json_file, commit, kind.from_json(_read(json_file, name), name))

    @classmethod
    def save(
        cls, path: Path, network: nn.Module, info: AnyInfo, *, half: bool = False
    ) -> Checkpoint[AnyInfo]:
        """Writes `path.safetensors` and `path.json`; each replaces an earlier one only when it is whole.

        Args:
            path: Without a suffix, for example `runs/x/best`.
            network: Its weights are what is saved.
            info: What it is.
            half: Save the weights in float16: half the size.
        """
        from citygan.models.weights import save_weights

        saved = cls(str(path), _with(path, ".safetensors"), _with(path, ".json"), None, info)
        save_weights(saved.weights, network, half=half)
        return saved.record()

    def load(self) -> nn.Module:
        """The network with its weights, in float32, for inference.

        Raises:
            CityGANError: the weights are corrupt or of another network, or there is no such network.
        """
        from citygan.models.weights import load_network

        try:
            return load_network(self.info.build, self.weights)
        except CityGANError as error:
            raise CityGANError(f"{self.source}: {error}") from error

    def record(self, **changes: object) -> Checkpoint[AnyInfo]:
        """Changes fields of the info, in the file that it came from too.

        Raises:
            CityGANError: it came from the Hub, or the file cannot be written.
        """
        if self.commit:
            raise CityGANError(
                f"{self.source} lies in the cache of the Hub, which is not ours to write; get a copy of your "
                f"own with `hf download {self.source.partition('@')[0]} --local-dir FOLDER`, and name FOLDER"
            )
        changed = replace(self, info=replace(self.info, **changes))
        write_atomically(self.json, lambda p: p.write_text(changed.info.to_json(), encoding="utf-8"))
        return changed


def _read(file: Path, name: str) -> str:
    try:
        if (size := file.stat().st_size) > hub.MOST_BYTES[hub.CONFIG]:
            raise CityGANError(f"{name} has {size:,} bytes; the .json of a checkpoint has some thousand")
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CityGANError(f"{name} cannot be read: {error}") from error


def _with(path: Path | str, suffix: str) -> Path:
    path = Path(path)
    return path.with_name(path.name.removesuffix(".safetensors").removesuffix(".json") + suffix)


def _find_here(source: str) -> tuple[Path, Path] | None:
    """The weights and the `.json` of a path; None for what can only be a Hub id.

    Raises:
        CityGANError: it is neither, a pickle, or half a checkpoint.
    """
    if not Path(source).name:
        raise CityGANError(f"{source!r} is no checkpoint; name a file such as {SHIPPED.name}, or a Hub id")
    if Path(source).suffix.lower() in PICKLES:
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
