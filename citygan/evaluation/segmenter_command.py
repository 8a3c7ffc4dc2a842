"""`train.py segmenter`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import torch
import tyro

from citygan.data import dataset as datasets
from citygan.evaluation import segmenter as segmenters
from citygan.evaluation.segmenter import SegmenterConfig, SegmenterInfo
from citygan.evaluation.segmenter_training import SegmenterTraining, read_state
from citygan.files import write_atomically
from citygan.synthesis.device import find_device, hardware

Config = Annotated[SegmenterConfig, tyro.conf.OmitArgPrefixes]


def segmenter(
    data: Path,
    out: Path,
    config: Config = SegmenterConfig(),  # noqa: B008 (frozen)
    *,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    dataset_name: str = "",
    weights_license: str = "as the licence of the training data demands",
) -> None:
    """Trains the network of the FCN-score on the real training photos; the same command again resumes.

    Args:
        data: The data set, in any known layout.
        out: OUT.safetensors and OUT.json are the best epoch on val, OUT.state.pt is what resuming needs.
        config: How.
        device: What trains; auto is CUDA where there is one.
        dataset_name: What the .json says it was trained on; default: the layout.
        weights_license: What the .json says of its own licence.
    """
    place = find_device(device)
    train_set = datasets.open_split(data, "train", config.load_px, progress=True)
    val_set = datasets.open_split(data, "val", config.size_px, progress=True)
    state_file = out.with_name(f"{out.name}.state.pt")
    saved = read_state(state_file) if state_file.is_file() else None
    training = SegmenterTraining(config, train_set, val_set, place, saved)
    for done in training.run():
        val = done.val
        print(
            f"epoch {done.epoch}/{config.epochs}: loss {done.loss:.3f}, val class IoU {val.class_iou:.3f}, "
            f"per-class accuracy {val.class_accuracy:.3f}, per-pixel accuracy {val.pixel_accuracy:.3f}",
            flush=True,
        )
        if done.best:
            info = SegmenterInfo(
                name=out.name,
                config=config,
                classes=training.classes,
                epochs=done.epoch,
                val=val,
                dataset=dataset_name or datasets.describe(data)["name"],
                license=weights_license,
                hardware=hardware(place),
                parameters=sum(p.numel() for p in training.network.parameters()),
            )
            segmenters.save(out, training.network, info)
        state = training.state_dict()
        write_atomically(state_file, lambda p, state=state: torch.save(state, p))
    info = segmenters.Segmenter(out).info
    print(f"{out}: best at epoch {info.epochs} of {config.epochs}, val class IoU {info.val.class_iou:.4f}")
