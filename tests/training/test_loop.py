"""The training loop does what its configuration says, and resuming changes nothing."""

import math
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise

import pytest
import tiny
import torch
from states import same

from citygan.data.dataset import LabelPhotoSet
from citygan.models.encoding import to_unit_range
from citygan.training import loop, update
from citygan.training.loop import EpochDone, StepDone, set_learning_rate, train, validate
from citygan.training.state import TrainingError, TrainState

# Everything in it that draws random numbers, thin: noise, dropout, jitter, simplified shapes, augmentation.
BUSY = {"dropout": 0.5, "color_jitter": 0.2, "batch_size": 1}


# The loop


def test_a_run_yields_each_step_and_each_epoch(accelerator, train_set, val_set):
    state = TrainState(tiny.config(), accelerator)
    events = list(train(state, train_set, val_set))
    assert [type(e) for e in events] == [*[StepDone] * 3, EpochDone] * 2
    steps = [e for e in events if isinstance(e, StepDone)]
    assert [(e.epoch, e.step, e.steps, e.images_seen) for e in steps] == [
        *[(0, i, 3, i) for i in (1, 2, 3)],
        *[(1, i, 3, 3 + i) for i in (1, 2, 3)],
    ]
    epochs = [e for e in events if isinstance(e, EpochDone)]
    assert [(e.epoch, e.images_seen) for e in epochs] == [(1, 3), (2, 6)]
    assert all(-1 <= e.val_ssim <= 1 for e in epochs)
    for name in steps[0].losses:
        assert epochs[0].losses[name] == pytest.approx(sum(e.losses[name] for e in steps[:3]) / 3)
    assert list(train(state, train_set, val_set)) == []


def test_epochs_are_validated_as_often_as_asked_and_the_last_one_always(accelerator, train_set, val_set):
    state = TrainState(tiny.config(epochs=5), accelerator)
    events = list(train(state, train_set, val_set, validate_every=2))
    assert [e.epoch for e in events if isinstance(e, EpochDone)] == [2, 4, 5]
    assert sum(isinstance(e, StepDone) for e in events) == 15


def test_a_trunk_that_was_trained_alone_goes_on_with_its_end(accelerator, train_set, val_set):
    state = TrainState(tiny.config("citygan-light", half_size_epochs=1), accelerator)
    end = state.generator.head.out.weight
    weights = [end.clone()]
    for event in train(state, train_set, val_set):
        if isinstance(event, EpochDone):
            weights.append(end.clone())
    assert [torch.equal(a, b) for a, b in pairwise(weights)] == [True, False]


def test_an_incomplete_batch_is_left_out_but_a_tiny_set_still_trains(accelerator, train_set, val_set):
    for size, images in ((2, [2]), (3, [3]), (8, [3])):
        state = TrainState(tiny.config(batch_size=size, epochs=1), accelerator)
        events = list(train(state, train_set, val_set))
        assert [e.images_seen for e in events if isinstance(e, StepDone)] == images


def test_an_epoch_shows_each_photo_once_in_an_order_of_its_own(accelerator, train_set, val_set, monkeypatch):
    asked = []
    real_batches = LabelPhotoSet.batches

    def spy(self, order, *arguments, **options):
        asked.append(order)
        return real_batches(self, order, *arguments, **options)

    monkeypatch.setattr(LabelPhotoSet, "batches", spy)
    monkeypatch.setattr(loop, "train_step", lambda *_: {"l1": torch.zeros(())})
    monkeypatch.setattr(loop, "validate", lambda *_: 0.0)
    list(train(TrainState(tiny.config(epochs=8), accelerator), train_set, val_set))
    assert len(asked) == 8
    assert all(sorted(order) == [[0], [1], [2]] for order in asked)
    assert len({str(order) for order in asked}) > 2


def test_the_learning_rate_falls_linearly_to_zero_over_the_last_epochs(accelerator):
    config = tiny.config(epochs=10, decay_epochs=4)
    state = TrainState(config, accelerator)
    rates = []
    for done in (0, 5.9, 6, 7, 8, 9, 9.75):
        set_learning_rate(state, done)
        (rate,) = {
            g["lr"]
            for optimizer in (state.generator_optimizer, state.discriminator_optimizer)
            for g in optimizer.param_groups
        }
        rates.append(rate / config.learning_rate)
    assert rates == pytest.approx([1, 1, 1, 0.75, 0.5, 0.25, 0.0625])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_stops_the_run_with_its_name_and_step(
    accelerator, train_set, val_set, monkeypatch, value
):
    calls = []

    def spoiled(photos, targets):
        calls.append(1)
        return (photos - targets).abs().mean() * (value if len(calls) == 5 else 1)

    monkeypatch.setattr(update, "l1_loss", spoiled)
    events = []
    with pytest.raises(TrainingError, match=rf"'l1' is {value} at epoch 2, step 2\b"):
        events.extend(train(TrainState(tiny.config(), accelerator), train_set, val_set))
    assert len(calls) == 5


# Resuming


@pytest.mark.parametrize("recipe", ["citygan", "citygan-plus"])
def test_a_run_resumed_anywhere_ends_in_the_same_weights_bit_for_bit(accelerator, train_set, val_set, recipe):
    config = tiny.config(recipe, **BUSY)
    state = TrainState(config, accelerator)
    saved = []
    for event in train(state, train_set, val_set):
        saved.append(deepcopy(state.state_dict()))
        last = event
    assert len(saved) == 8
    torch.rand(17)  # whatever a process did before must not matter
    for middle in (saved[1], saved[2], saved[3]):  # in mid-epoch, after its last step, between epochs
        resumed = TrainState(config, accelerator)
        resumed.load_state_dict(middle)
        *_, last_resumed = train(resumed, train_set, val_set)
        assert same(resumed.state_dict(), saved[-1])
        assert last_resumed == last


@pytest.mark.parametrize(("epochs", "same_as_weights"), [(1, True), (2, False)])
def test_the_average_begins_after_the_first_epoch(accelerator, train_set, val_set, epochs, same_as_weights):
    state = TrainState(tiny.config("citygan-plus", epochs=epochs), accelerator)
    list(train(state, train_set, val_set))
    assert state.average is not None
    averaged, weights = (dict(n.state_dict()) for n in (state.average, state.generator))
    assert same(averaged, weights) == same_as_weights


def test_a_run_may_be_made_longer(accelerator, train_set, val_set):
    config = tiny.config(epochs=1)
    state = TrainState(config, accelerator)
    list(train(state, train_set, val_set))
    longer = TrainState(replace(config, epochs=2, decay_epochs=1), accelerator)
    longer.load_state_dict(state.state_dict())
    assert [e.epoch for e in train(longer, train_set, val_set) if isinstance(e, EpochDone)] == [2]


# Validation


def test_validation_is_without_dropout_unless_the_recipe_keeps_it(accelerator, val_set):
    plain, dropping, kept = (
        TrainState(tiny.config(dropout=dropout, inference_dropout=kept), accelerator)
        for dropout, kept in ((0.0, False), (0.9, False), (0.9, True))
    )
    without = validate(plain, val_set)
    assert validate(dropping, val_set) == without
    assert validate(kept, val_set) != without
    assert validate(kept, val_set) == validate(kept, val_set)  # drawn from the seed


def test_validation_scores_a_perfect_generator_with_one(accelerator, val_set, monkeypatch):
    class Perfect(torch.nn.Module):
        def forward(self, conditions):
            return to_unit_range(next(self.photos)[None])

    perfect = Perfect()
    perfect.photos = (photo for _, photo in val_set)
    state = TrainState(tiny.config(), accelerator)
    monkeypatch.setattr(state, "inference_generator", lambda: perfect)
    assert validate(state, val_set) == pytest.approx(1, abs=1e-3)


def test_everything_that_is_drawn_has_a_seed_of_its_own():
    names = [(what, 0, epoch, i) for what in ("step", "sample") for epoch in range(40) for i in range(1000)]
    seeds = {loop.seed_of(*name) for name in names}
    assert len(seeds) == len(names)
    assert 0 <= min(seeds) <= max(seeds) < 2**63
