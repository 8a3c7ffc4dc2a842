"""`train.py export` and `train.py draw`: what is done with one checkpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from citygan import palette, streets
from citygan.checkpoint import Checkpoint
from citygan.errors import CityGANError
from citygan.evaluation import sheets
from citygan.models.layers import FeatureNoise
from citygan.synthesis.onnx_graph import write_graph
from citygan.synthesis.synthesizer import Synthesizer


def export(
    checkpoint: Path, out: Path, *, half: bool = True, noise_scale: float = 1.0, onnx: bool = False
) -> None:
    """Copies a checkpoint under another name, by default in half precision, for shipping.

    Scores that it knows are those from before; `evaluate --record` measures them again.

    Args:
        checkpoint: For example runs/NAME/best.
        out: For example checkpoints/camvid-light.
        half: Store float16.
        noise_scale: What the noise in the decoder is multiplied by. Below 1, photos are calmer than in
            training, and vary less from seed to seed.
        onnx: Also write the generator as an ONNX graph, which reads its weights from the .safetensors beside
            it. It takes label ids and noise, and makes the photos that torch makes.

    Raises:
        CityGANError: there is no noise to scale, or the graph cannot be written.
    """
    found = Checkpoint.find(checkpoint)
    generator, info = found.load(), found.info
    if noise_scale != 1.0:
        noises = [module for module in generator.modules() if isinstance(module, FeatureNoise)]
        if not noises:
            raise CityGANError(f"--noise-scale is {noise_scale}, but {checkpoint} has no noise")
        for noise in noises:
            noise.weight.data *= noise_scale
        scale = noise_scale * info.recipe.get("noise_scale", 1.0)
        info = replace(info, recipe=info.recipe | {"noise_scale": scale})
    saved = Checkpoint.save(out, generator, replace(info, name=out.name), half=half)
    if onnx:
        print(write_graph(saved))


def draw(model: str, out: Path, *, seed: int | None = None) -> None:
    """Draws the photos that a checkpoint makes of our own eight streets, below their label maps.

    Args:
        model: A checkpoint, a path or a Hub id.
        out: A .jpg file.
        seed: Of the photos.
    """
    synthesizer = Synthesizer(model)
    maps = [streets.street(name, 342, 256) for name in streets.NAMES]
    columns = [(palette.colorize(m), synthesizer(m, seed)) for m in maps]
    half = len(columns) // 2
    sheets.draw_grid(
        [above + below for above, below in zip(columns[:half], columns[half:], strict=True)], out
    )
