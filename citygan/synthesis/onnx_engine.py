"""A checkpoint's graph run by ONNX Runtime: what browsers will draw, compared with what torch draws."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import torch

from citygan.checkpoint import Checkpoint, CheckpointInfo
from citygan.errors import CityGANError
from citygan.hub import GRAPH, MOST_BYTES
from citygan.models.encoding import encode_labels, to_pixels
from citygan.models.generator import Generator
from citygan.models.light import light_of
from citygan.models.weights import layout
from citygan.streets import street

FINGERPRINT = "citygan.fingerprint"  # among the metadata of a graph
LEAST_DB = 60.0  # PSNR of its photo to torch's, both in float32; 100 and more are usual
AGAIN = "write it again: train.py export --onnx"
MAX_BYTES = MOST_BYTES[GRAPH]  # which has no weights


class OnnxEngine:
    """Makes photos from a checkpoint's graph, in float32.

    Args:
        graph: The file, beside the weights.
        checkpoint: Whose graph it is.

    Raises:
        CityGANError: it is damaged, was written for other weights or another network, or ONNX Runtime is not
            installed.
    """

    name = "ONNX Runtime, float32"

    def __init__(self, graph: Path, checkpoint: Checkpoint[CheckpointInfo]):
        try:
            import onnxruntime  # of use here alone, and not everywhere
        except ImportError as error:
            raise CityGANError(f"{graph.name} needs one more package: pip install onnxruntime") from error
        self.info = checkpoint.info
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        # Idle threads sleep: between photos the cores belong to the browser
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4  # an error is raised, and need not be printed too
        try:
            content, weights = read_graph(graph, checkpoint), checkpoint.weights
            # The weights and no other file, whatever the graph names: versions before 1.24 would read any,
            # and 1.24 none of those that the cache of the Hub links to
            given = weights.read_bytes()
            options.add_external_initializers_from_files_in_memory([weights.name], [given], [len(given)])
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except CityGANError:
            raise
        except Exception as error:  # ONNX Runtime has a class for each kind of failure, and none for all
            reason = str(error).partition("\n")[0]
            raise CityGANError(f"{graph.name} cannot be used ({reason}); {AGAIN}") from error
        self._inputs = [i.name for i in self._session.get_inputs()]

    def __call__(self, label_maps: torch.Tensor, drawn: Sequence[torch.Tensor]) -> torch.Tensor:
        """As `TorchEngine`."""
        return to_pixels(self.run(label_maps, drawn))

    def run(self, label_maps: torch.Tensor, drawn: Sequence[torch.Tensor]) -> torch.Tensor:
        """Photos before they are rounded, `(N, 3, H, W)` in [-1, 1]."""
        given = [label_maps.int(), *drawn]
        if "guessed" in self._inputs:
            given.insert(2, torch.zeros(len(label_maps), 1))  # the light that was drawn has the guess in it
        feeds = {name: value.numpy() for name, value in zip(self._inputs, given, strict=True)}
        return torch.from_numpy(self._session.run(None, feeds)[0])

    @torch.inference_mode()
    def check(self, generator: Generator) -> None:
        """Compares a photo with torch's.

        Args:
            generator: The same one, ready for inference in float32 on the CPU, without dropout.

        Raises:
            CityGANError: they differ, or this one cannot be made.
        """
        height, width = self.info.height_px, self.info.width_px
        label_maps = torch.from_numpy(street("avenue", width, height))[None]
        conditions = encode_labels(label_maps, self.info.encoding)
        noise, light = generator.draw_noise(height, width, 1), light_of(generator)
        told = [] if light is None else [light.guess(conditions)]
        wanted = generator(conditions, noise, *told)
        try:
            photos = self.run(label_maps, [*told, *noise])
            if photos.shape != wanted.shape:
                raise ValueError(f"it has the shape {tuple(photos.shape)}, not {tuple(wanted.shape)}")
        except Exception as error:  # as above; or its inputs are others
            reason = str(error).partition("\n")[0]
            raise CityGANError(f"the graph of {self.info.name} makes no photo: {reason}") from error
        db = (10 * torch.log10(4 / (photos - wanted).square().mean().clamp_min(1e-20))).item()
        if not db >= LEAST_DB:
            raise CityGANError(
                f"the graph of {self.info.name} makes photos of {db:.1f} dB to torch's, where {LEAST_DB:g} "
                "are the least; it is not used"
            )


def read_graph(graph: Path, checkpoint: Checkpoint[CheckpointInfo]) -> bytes:
    """The content of a graph that was written for a checkpoint's weights.

    Raises:
        CityGANError: it is far too large, or was written for others.
        OSError: it cannot be read.
    """
    if (size := graph.stat().st_size) > MAX_BYTES:
        raise CityGANError(f"{graph.name} has {size:,} bytes; without weights it has some thousand")
    content = graph.read_bytes()
    if fingerprint(checkpoint).encode() not in content:
        raise CityGANError(f"{graph.name} was not written for this {checkpoint.weights.name}; {AGAIN}")
    return content


def fingerprint(checkpoint: Checkpoint[CheckpointInfo]) -> str:
    """What a graph depends on: how the generator is built, and where its weights lie in their file."""
    info, places = checkpoint.info, sorted(layout(checkpoint.weights).items())
    size = [info.height_px, info.width_px]
    text = json.dumps([info.generator, info.arguments, info.encoding, info.norm_statistics, size, places])
    return hashlib.sha256(text.encode()).hexdigest()
