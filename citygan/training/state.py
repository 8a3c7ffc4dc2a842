"""The training state: both networks, both optimizers, the average of the weights and the position."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from citygan.checkpoint import Checkpoint
from citygan.errors import CityGANError
from citygan.models import DISCRIMINATORS, GENERATORS, ProjectedDiscriminator, StreetUNet, UNet
from citygan.models.foreign import read_generator
from citygan.models.layers import for_inference
from citygan.training.config import TrainConfig
from citygan.training.networks import discriminator_arguments, generator_arguments


class TrainingError(CityGANError):
    """A run that cannot go on, such as one whose loss is no longer finite."""


class TrainState:
    """All that resuming needs. Every process of a run has its own, with the same numbers in it."""

    def __init__(self, config: TrainConfig, accelerator: Accelerator):
        torch.manual_seed(config.seed)
        self.config, self.accelerator = config, accelerator
        # on a CPU instance norm would bring each tensor back to the plain order, a tenth of a step's time
        plain_order = config.norm == "instance" and accelerator.device.type == "cpu"
        self.memory_format = torch.contiguous_format if plain_order else torch.channels_last
        self.generator = self._placed(GENERATORS[config.generator](**generator_arguments(config)))
        if config.frozen_trunk and isinstance(self.generator, StreetUNet):
            self.generator.freeze_trunk()
        self.discriminator = self._placed(
            DISCRIMINATORS[config.discriminator](**discriminator_arguments(config))
        )
        self.generator_optimizer = self._adam(self.generator)
        self.discriminator_optimizer = self._adam(self.discriminator)
        self.average = deepcopy(self.generator).requires_grad_(False) if config.ema_decay else None
        self.epoch = self.step = self.images_seen = 0
        self._loss_steps, self._loss_totals = 0, dict[str, float]()  # of the epoch at hand
        # configuration and epochs of the run that this one goes on from
        self.started_from: dict | None = None

    def _placed(self, network: nn.Module) -> nn.Module:
        accelerator = self.accelerator
        if accelerator.num_processes > 1 and accelerator.device.type == "cuda":
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # there is none for the CPU
        return network.to(accelerator.device).to(memory_format=self.memory_format)

    def _adam(self, network: nn.Module) -> torch.optim.Adam:
        config, device = self.config, self.accelerator.device
        cuda = device.type == "cuda"
        return torch.optim.Adam(
            network.parameters(),
            # a tensor, so that a captured step reads its present value
            lr=torch.tensor(config.learning_rate, device=device) if cuda else config.learning_rate,
            betas=(config.beta1, config.beta2),
            fused=device.type in ("cpu", "cuda"),
            capturable=cuda,
        )

    @property
    def at_half_size(self) -> bool:
        """Whether the generator's trunk alone is trained for now, at half the size."""
        return self.epoch < self.config.half_size_epochs

    def start_generator(self, weights: Path | None) -> None:
        """Starts where the configuration and these weights say.

        Args:
            weights: A checkpoint, or a file of another pix2pix project; None for published weights where the
                configuration wants them, else random ones.

        Raises:
            As `start_pretrained`, and what reading the file raises.
        """
        if weights is None:
            self.start_pretrained()
        elif weights.suffix in (".pth", ".pt"):
            self.start_pretrained(read_generator(weights)[0])
        else:
            found = Checkpoint.find(weights)
            generator, info = found.load(), found.info
            self.start_pretrained(generator)
            self.images_seen = info.images_seen
            self.started_from = {"recipe": info.recipe, "epochs": info.epochs, "drives": list(info.drives)}

    def start_pretrained(self, foreign: nn.Module | None = None) -> None:
        """Starts from published weights, where the configuration wants them.

        Args:
            foreign: A generator that was read from another project's file; its weights are taken.

        Raises:
            TrainingError: the generator does not fit, or the configuration wants one and none is given.
            WeightsUnavailableError: torchvision's weights can be neither found nor downloaded.
        """
        config = self.config
        if foreign is not None:
            self._take_over(foreign)
        elif config.pretrained and config.generator == "unet-256":
            raise TrainingError(
                "this recipe starts from published weights: pass --generator-weights latest_net_G.pth of "
                "junyanz/pytorch-CycleGAN-and-pix2pix, or start from noise with --no-pretrained"
            )
        with self.accelerator.local_main_process_first():  # it downloads, the others find the files
            if config.pretrained and config.generator == "deeplab":
                _load_torchvisions(self.generator)
            if config.pretrained and config.discriminator == "resnet18":
                _load_torchvisions(self.discriminator)
            if config.pretrained and isinstance(self.discriminator, ProjectedDiscriminator):
                self.discriminator.load_published()
        self.start_average()

    def _take_over(self, foreign: nn.Module) -> None:
        wanted = type(self.generator)
        continues = isinstance(self.generator, StreetUNet) and isinstance(foreign, UNet)
        if not (continues or isinstance(foreign, wanted)):
            raise TrainingError(
                f"--generator-weights holds a {type(foreign).__name__}, but this run trains a "
                f"{wanted.__name__}; choose another --recipe or --generator"
            )
        try:
            if continues:
                self.generator.continue_from(foreign)
            else:
                self.generator.load_state_dict(foreign.state_dict())
        except (RuntimeError, ValueError) as error:
            raise TrainingError(f"--generator-weights do not fit this configuration: {error}") from error

    def start_average(self) -> None:
        """Begins the average at the present weights: of random ones it would keep a part for long."""
        if self.average is not None:
            self.average.load_state_dict(self.generator.state_dict())

    @torch.no_grad()
    def update_average(self) -> None:
        """Moves the average of the generator's weights and statistics a little towards the present ones."""
        if self.average is None:
            return
        pairs = list(
            zip(self.average.state_dict().values(), self.generator.state_dict().values(), strict=True)
        )
        floats = [(a, b) for a, b in pairs if a.is_floating_point()]
        update = get_ema_multi_avg_fn(self.config.ema_decay)
        update([a for a, _ in floats], [b for _, b in floats], 0)
        for average, present in pairs:
            if not average.is_floating_point():
                average.copy_(present)

    def trained_generator(self) -> nn.Module:
        """The generator as a checkpoint holds it: the average of its weights where there is one."""
        return self.average or self.generator

    def inference_generator(self) -> nn.Module:
        """A copy of it that is ready to generate, in one process without the others."""
        config = self.config
        plain = GENERATORS[config.generator](**generator_arguments(config))
        plain.load_state_dict(self.trained_generator().state_dict())
        plain.to(self.accelerator.device).to(memory_format=self.memory_format)
        return for_inference(plain, config.norm_statistics, dropout=config.inference_dropout)

    def _parts(self) -> dict:
        parts = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }
        return parts | ({"average": self.average} if self.average else {})

    def state_dict(self) -> dict:
        """The training state as tensors and plain values, for `torch.save`."""
        position = {"epoch": self.epoch, "step": self.step, "images_seen": self.images_seen}
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        return {
            "config": asdict(self.config),
            "position": position,
            "losses": {"steps": self._loss_steps, "totals": dict(self._loss_totals)},
            "processes": self.accelerator.num_processes,
            "precision": self.accelerator.mixed_precision,
            "started_from": self.started_from,
        } | parts

    def load_state_dict(self, saved: dict) -> None:
        """Takes up a saved state.

        Raises:
            TrainingError: it belongs to another configuration, and the message names the fields; or it stands
                in mid-epoch, and was saved by another number of processes. The number of epochs and their
                decay may differ, so that a run can be made longer.
        """
        free = {"epochs", "half_size_epochs", "decay_epochs"}
        earlier = asdict(TrainConfig()) | saved["config"]  # a field that it does not know had its default
        differing = [k for k, v in asdict(self.config).items() if earlier[k] != v and k not in free]
        if differing:
            was = ", ".join(f"{k} was {earlier[k]!r}" for k in differing)
            raise TrainingError(f"this run was started with another configuration ({was}); use another --out")
        position, processes = saved["position"], self.accelerator.num_processes
        if position["step"] and saved["processes"] != processes:
            raise TrainingError(
                f"this run stands in mid-epoch and was saved by {saved['processes']} processes, not "
                f"{processes}; go on with as many until the epoch ends"
            )
        self._load_parts(saved)
        self.started_from = saved["started_from"]
        self.epoch, self.step, self.images_seen = (position[k] for k in ("epoch", "step", "images_seen"))
        losses = saved.get("losses", {"steps": 0, "totals": {}})  # older ones have none
        self._loss_steps, self._loss_totals = losses["steps"], dict(losses["totals"])

    def add_losses(self, means: dict[str, float], steps: int) -> None:
        """Adds what the losses were over some steps of the epoch at hand, on average."""
        self._loss_steps += steps
        for name, mean in means.items():
            self._loss_totals[name] = self._loss_totals.get(name, 0.0) + mean * steps

    def take_losses(self) -> dict[str, float]:
        """The losses of the epoch at hand, on average over its steps; what is added next is another's."""
        means = {name: total / self._loss_steps for name, total in self._loss_totals.items()}
        self._loss_steps, self._loss_totals = 0, {}
        return means

    def start_from(self, saved: dict) -> None:
        """Takes networks and optimizers from another run, to train them on with another configuration.

        Raises:
            TrainingError: its networks have other shapes.
        """
        try:
            self._load_parts(saved)
        except (KeyError, RuntimeError, ValueError) as error:
            raise TrainingError(f"the networks of that run do not fit this configuration: {error}") from error
        self.images_seen = saved["position"]["images_seen"]
        earlier = saved["started_from"]  # of that run in turn
        self.started_from = {
            "recipe": saved["config"] | ({"started_from": earlier} if earlier else {}),
            "epochs": saved["position"]["epoch"] + (earlier["epochs"] if earlier else 0),
            "drives": list(saved.get("drives", ())),
        }

    def _load_parts(self, saved: dict) -> None:
        for name, part in self._parts().items():
            if not isinstance(part, torch.optim.Optimizer):
                part.load_state_dict(saved[name])
                continue
            own = [{k: v for k, v in group.items() if k != "params"} for group in part.param_groups]
            part.load_state_dict(saved[name])
            for group, options in zip(part.param_groups, own, strict=True):
                group.update(options)  # those of this configuration and device, not of the saved ones


def _load_torchvisions(network: nn.Module) -> None:
    from citygan.models.pretrained import load_pretrained  # torchvision takes as long to import as torch

    load_pretrained(network)
