"""`citygan segmenter`: trains the segmentation network of the FCN-score on real photos."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
import tyro
from torch import nn
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from citygan import palette
from citygan.checkpoint import Checkpoint
from citygan.data import dataset as datasets
from citygan.data.augmentation import Augmentation
from citygan.data.dataset import LabelPhotoSet
from citygan.errors import CityGANError
from citygan.evaluation.scores import FcnScore, confusion, fcn_score
from citygan.evaluation.segmenter import SegmenterConfig, SegmenterInfo, build, normalized
from citygan.files import write_atomically
from citygan.models.state_file import read_state
from citygan.synthesis.device import find_device, hardware

_IGNORED = 255  # the channel that cross_entropy leaves out
_SMALLEST_CROP = 0.6  # of the side of a training photo
_WORKERS = 2  # processes that read ahead, where the training set does not fit the memory


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
    train_set = datasets.open_split(data, "train", config.load_px, aspect=config.aspect, progress=True)
    val_set = datasets.open_split(data, "val", config.size_px, aspect=config.aspect, progress=True)
    state_file = out.with_name(f"{out.name}.state.pt")
    saved = read_state(state_file, ("config", "network")) if state_file.is_file() else None
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
            Checkpoint.save(out, training.network, info, half=True)
        state = training.state_dict()
        write_atomically(state_file, lambda p, state=state: torch.save(state, p))
    info = Checkpoint.find(out, SegmenterInfo).info
    print(f"{out}: best at epoch {info.epochs} of {config.epochs}, val class IoU {info.val.class_iou:.4f}")


@dataclass(frozen=True)
class SegmenterEpoch:
    epoch: int  # epochs done
    loss: float  # mean over its steps
    val: FcnScore  # on real photos
    best: bool  # so far, by class IoU


class SegmenterTraining:
    """The training of a segmenter: what resuming needs, and the loop. It writes no file.

    Args:
        config: How.
        train_set: Real photos with their label maps, of `config.load_px`.
        val_set: The same of the validation split, of `config.size_px`.
        device: Where it computes.
        saved: The `state_dict()` of an earlier one to go on from.

    Raises:
        CityGANError: too few photos, or `saved` belongs to another configuration.
        WeightsUnavailableError: the ImageNet weights cannot be had.
    """

    def __init__(
        self,
        config: SegmenterConfig,
        train_set: LabelPhotoSet,
        val_set: LabelPhotoSet,
        device: torch.device,
        saved: dict | None = None,
    ):
        if len(train_set) < 2:
            raise CityGANError(f"a segmenter needs at least 2 training photos, got {len(train_set)}")
        if saved and saved["config"] != asdict(config):
            raise CityGANError(f"this run was started with {saved['config']}; use that, or another --out")
        self.config, self.train_set, self.val_set, self.device = config, train_set, val_set, device
        heights = (config.size_px, round(config.size_px / _SMALLEST_CROP))
        self._augment = Augmentation(
            config.size_px, heights, config.aspect, mirror=True, color_jitter=config.color_jitter
        )
        shares = train_set.shares
        self.classes = tuple(sorted(shares.keys() - {palette.UNLABELED}))
        self._channel = torch.full((256,), _IGNORED, device=device)
        self._channel[list(self.classes)] = torch.arange(len(self.classes), device=device)
        # Rare classes count for more, as the mean over the classes demands, but not in full: that would
        # paint them everywhere.
        self._weights = torch.tensor([shares[i] ** -0.5 for i in self.classes], device=device)
        torch.manual_seed(config.seed)
        network = build(
            config.architecture, len(self.classes), pretrained=config.pretrained and saved is None
        )
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 0.1  # torchvision's MobileNet has 0.01: two epochs behind on few photos
        # On CPUs channels last is 13 times as fast: the depthwise convolutions have no other fast kernel.
        self.network = network.to(device).to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(network.parameters(), config.learning_rate)
        self.epoch, self.best_iou = 0, -1.0
        if saved:
            self.network.load_state_dict(saved["network"])
            self.optimizer.load_state_dict(saved["optimizer"])
            self.epoch, self.best_iou = saved["epoch"], saved["best_iou"]

    def state_dict(self) -> dict:
        """Tensors and plain values, for `torch.save`."""
        return {
            "config": asdict(self.config),
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
            "best_iou": self.best_iou,
        }

    def run(self) -> Iterator[SegmenterEpoch]:
        """Trains to the last epoch. Every random number follows from the seed and the epoch, so a resumed
        training computes what an uninterrupted one would have.

        Raises:
            CityGANError: the loss is not finite.
        """
        while self.epoch < self.config.epochs:
            loss = self._train_epoch()
            self.epoch += 1
            val = self._validate()
            best = val.class_iou > self.best_iou
            self.best_iou = max(self.best_iou, val.class_iou)
            yield SegmenterEpoch(self.epoch, loss, val, best)

    def _train_epoch(self) -> float:
        config = self.config
        torch.manual_seed(config.seed * 100_003 + self.epoch)
        self.network.train()
        order = torch.randperm(len(self.train_set)).split(config.batch_size)
        order = [batch.tolist() for batch in order if len(batch) >= 2]
        batches = self.train_set.batches(order, self.device, workers=_WORKERS)
        title = f"epoch {self.epoch + 1}/{config.epochs}"
        total = 0.0
        for step, (labels, photos) in enumerate(tqdm(batches, title, len(order), leave=False)):
            done = (self.epoch + step / len(order)) / config.epochs
            self.optimizer.param_groups[0]["lr"] = config.learning_rate * (1 + math.cos(math.pi * done)) / 2
            seeds = torch.randint(2**62, (len(photos),)).tolist()
            labels, photos = self._augment(labels, photos, seeds)
            with self._autocast():
                logits = self.network(normalized(photos.float()))["out"].float()
            loss = cross_entropy(logits, self._channel[labels.long()], self._weights, ignore_index=_IGNORED)
            if not torch.isfinite(loss):
                raise CityGANError(
                    f"the loss is {loss.item()} at epoch {self.epoch + 1}; try a lower --learning-rate"
                )
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += float(loss.detach())
        return total / len(order)

    def _autocast(self) -> torch.autocast:
        bfloat16 = self.device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
        return torch.autocast(self.device.type, torch.bfloat16, enabled=bfloat16)

    @torch.inference_mode()
    def _validate(self) -> FcnScore:
        self.network.eval()
        ids = torch.tensor(self.classes, dtype=torch.uint8)
        counts: np.ndarray = np.zeros((), np.int64)
        for labels, photo in self.val_set:
            logits = self.network(normalized(photo[None].to(self.device).float()))["out"]
            counts = counts + confusion(labels.numpy(), ids[logits.argmax(1)[0].cpu()].numpy())
        return fcn_score(counts, self.classes)
