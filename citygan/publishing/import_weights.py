"""`train.py import-weights`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from citygan import palette
from citygan.checkpoint import Checkpoint, CheckpointInfo
from citygan.errors import CityGANError
from citygan.evaluation.metrics import SSIM_DEFINITION
from citygan.models import GENERATORS
from citygan.models.encoding import ENCODINGS
from citygan.models.foreign import read_generator
from citygan.synthesis.onnx_graph import add_graph

EncodingName = Literal[tuple(ENCODINGS)]  # ty: ignore[invalid-type-form]: the names of the table


def import_weights(
    weights: Path,
    out: Path,
    *,
    encoding: EncodingName = "colors",
    aspect: float = 2.0,
    dataset_name: str = "data of another project",
    weights_license: str = "as its authors say",
) -> None:
    """Makes a checkpoint of a generator that another project trained.

    Args:
        weights: A latest_net_G.pth of junyanz/pytorch-CycleGAN-and-pix2pix (unet_256, batch norm), or a
            generator_param.pkl of znxlwm/pytorch-pix2pix. Only tensors are read from it, no code.
        out: For example runs/imported; it opens with app.py --model runs/imported.
        encoding: What it was shown of a label map.
        aspect: Width / height of the photos it was trained on, before they became square; Cityscapes has 2.
        dataset_name: What the checkpoint says it was trained on.
        weights_license: What the checkpoint says of its own licence.
    """
    if aspect <= 0:
        raise CityGANError(f"aspect is {aspect}; it is a width divided by a height, such as 2.0")
    network, arguments = read_generator(weights)
    if arguments["in_channels"] != ENCODINGS[encoding]:
        raise CityGANError(
            f"{weights} takes {arguments['in_channels']} channels, but the encoding {encoding!r} has "
            f"{ENCODINGS[encoding]}; only generators that are shown label maps can be imported"
        )
    info = CheckpointInfo(
        name=out.name,
        generator=next(name for name, kind in GENERATORS.items() if type(network) is kind),
        arguments=arguments,
        encoding=encoding,
        norm_statistics="batch",  # both projects make their photos in training mode:
        dropout_at_inference=True,  # statistics of the photo at hand, and dropout
        height_px=256,
        width_px=256,
        aspect=aspect,
        dataset=dataset_name,
        license=weights_license,
        recipe={"name": "imported", "weights": weights.name},
        seen={c.id: 0.0 for c in palette.CLASSES},  # nothing says what it saw: no class is replaced
        images_seen=0,
        epochs=0,
        hardware="unknown",
        parameters=sum(p.numel() for p in network.parameters()),
        ssim_definition=SSIM_DEFINITION,
    )
    add_graph(Checkpoint.save(out, network, info))
    print(f"{out}.safetensors: {info.generator}, width {arguments['width']}, from {weights}")
