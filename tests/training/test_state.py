"""A training state starts from published weights, and goes on only where that means the same."""

from dataclasses import replace
from itertools import pairwise

import pytest
import tiny
import torch
from states import batch, same

from citygan.models import FlatUNet, UNet, UNet256
from citygan.models.light import light_of
from citygan.training.loop import train
from citygan.training.recipes import RECIPES
from citygan.training.state import TrainingError, TrainState
from citygan.training.step import train_step


def test_a_recipe_of_published_weights_says_what_it_needs(accelerator):
    state = TrainState(tiny.config("literature-mse"), accelerator)
    with pytest.raises(TrainingError, match=r"--generator-weights latest_net_G\.pth.*--no-pretrained"):
        state.start_pretrained()


def test_without_pretrained_nothing_is_asked_for_and_nothing_changes(accelerator):
    state = TrainState(tiny.config("literature-mse", pretrained=False), accelerator)
    before = {name: t.clone() for name, t in state.generator.state_dict().items()}
    state.start_pretrained()
    assert all(torch.equal(t, before[name]) for name, t in state.generator.state_dict().items())


def test_another_projects_generator_is_what_the_run_and_its_average_start_from(accelerator):
    state = TrainState(tiny.config("literature-mse", ema_decay=0.9), accelerator)
    torch.manual_seed(11)
    foreign = UNet256(3, 1)
    state.start_pretrained(foreign)
    for network in (state.generator, state.average):
        for name, value in foreign.state_dict().items():
            assert torch.equal(network.state_dict()[name], value)


@pytest.mark.parametrize(
    ("foreign", "message"),
    [(FlatUNet(3, 1), "holds a FlatUNet, but this run trains a UNet256"), (UNet256(3, 2), "do not fit")],
)
def test_a_generator_that_does_not_fit_is_refused(accelerator, foreign, message):
    state = TrainState(tiny.config("literature-mse"), accelerator)
    with pytest.raises(TrainingError, match=message):
        state.start_pretrained(foreign)


def test_a_state_in_mid_epoch_is_refused_by_another_number_of_processes(accelerator):
    state = TrainState(tiny.config(), accelerator)
    saved = state.state_dict() | {"processes": 2}
    state.load_state_dict(saved)
    saved["position"] = saved["position"] | {"step": 1}
    with pytest.raises(TrainingError, match="saved by 2 processes, not 1"):
        state.load_state_dict(saved)


def test_a_run_that_trains_another_on_uses_its_own_optimizer_options(accelerator):
    earlier = TrainState(tiny.config(beta1=0.9), accelerator)
    state = TrainState(tiny.config(beta1=0.5), accelerator)
    state.start_from(earlier.state_dict())
    assert state.generator_optimizer.param_groups[0]["betas"] == (0.5, RECIPES["citygan"].beta2)


def test_a_run_trained_on_twice_knows_both_runs_before_it(accelerator):
    states = [TrainState(tiny.config(l1_weight=weight), accelerator) for weight in (1.0, 2.0, 3.0)]
    for before, after in pairwise(states):
        before.epoch = 5
        after.start_from(before.state_dict())
    assert states[2].started_from["epochs"] == 10
    assert states[2].started_from["recipe"]["l1_weight"] == 2.0
    assert states[2].started_from["recipe"]["started_from"]["recipe"]["l1_weight"] == 1.0


def test_the_average_keeps_counts_as_counts(accelerator):
    state = TrainState(replace(tiny.config(), ema_decay=0.5), accelerator)
    name = "downs.1.norm.num_batches_tracked"
    state.generator.state_dict()[name].add_(4)
    state.update_average()
    assert state.average.state_dict()[name] == 4


def test_the_average_is_what_a_checkpoint_gets(accelerator):
    config = tiny.config("citygan-plus", ema_decay=0.9)
    state = TrainState(config, accelerator)
    for _ in range(2):
        train_step(state, *batch(config))
    saved = state.inference_generator().state_dict()
    assert same(dict(saved), dict(state.average.state_dict()))
    assert not same(dict(saved), dict(state.generator.state_dict()))


def test_a_generator_for_a_checkpoint_is_a_copy(accelerator):
    state = TrainState(tiny.config(), accelerator)
    copy = state.inference_generator()
    assert not copy.training
    assert state.generator.training
    assert all(p.requires_grad for p in state.generator.parameters())
    with torch.no_grad():
        next(copy.parameters()).add_(1)
    assert not torch.equal(next(copy.parameters()), next(state.generator.parameters()))


def test_a_state_survives_its_file(accelerator, tmp_path):
    config = tiny.config("citygan-plus")
    state = TrainState(config, accelerator)
    train_step(state, *batch(config))
    torch.save(state.state_dict(), tmp_path / "state.pt")
    fresh = TrainState(config, accelerator)
    fresh.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert same(fresh.state_dict(), state.state_dict())


def test_the_seed_decides_the_first_weights(accelerator):
    def weights(seed):
        return TrainState(tiny.config(seed=seed), accelerator).state_dict()["generator"]

    assert same(dict(weights(1)), dict(weights(1)))
    assert not same(dict(weights(1)), dict(weights(2)))


def test_a_state_of_another_configuration_is_refused_with_the_fields_that_differ(accelerator):
    saved = TrainState(tiny.config(), accelerator).state_dict()
    other = TrainState(tiny.config(l1_weight=10.0, mirror=False), accelerator)
    with pytest.raises(TrainingError, match=r"l1_weight was 100\.0, mirror was True.*another --out"):
        other.load_state_dict(saved)


def test_a_state_from_before_a_field_was_there_had_its_default(accelerator):
    saved = TrainState(tiny.config(), accelerator).state_dict()
    del saved["config"]["class_balance"]
    TrainState(tiny.config(), accelerator).load_state_dict(saved)
    del saved["config"]["mirror"]
    with pytest.raises(TrainingError, match="mirror was True"):
        TrainState(tiny.config(mirror=False), accelerator).load_state_dict(saved)


def test_a_street_unet_goes_on_from_a_unet_and_still_learns_the_light(
    accelerator, tmp_path, train_set, val_set
):
    arguments = {"norm": "instance", "upsampling": "nearest", "dropout": 0.0, "noise": True, "refine": True}
    unet = UNet(29, 2, **arguments)
    path = tiny.save_checkpoint(
        tmp_path,
        unet,
        arguments={"in_channels": 29, "width": 2, **arguments},
        encoding="classes",
        norm_statistics="instance",
        images_seen=70,
    )
    config = tiny.config("citygan-light", width=2, depth=8, size_px=512, load_px_min=512, load_px_max=512)
    state = TrainState(config, accelerator)
    state.start_generator(path)
    assert torch.allclose(state.generator.head.coarse.weight, unet.head[1].weight, atol=1e-3)  # float16
    assert state.images_seen == 70
    assert not light_of(state.generator).knows
    next(iter(train(state, train_set.resized(512), val_set.resized(512))))
    assert light_of(state.generator).knows


def test_a_street_unet_of_another_width_is_refused(accelerator, tmp_path):
    path = tiny.save_checkpoint(tmp_path, tiny.settled_unet(width=1))
    state = TrainState(tiny.config("citygan-light"), accelerator)
    with pytest.raises(TrainingError, match="--generator-weights do not fit this configuration"):
        state.start_generator(path)
