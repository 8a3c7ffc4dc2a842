"""The training loop does what its configuration says, and resuming changes nothing."""

import math
from copy import deepcopy
from dataclasses import replace

import pytest
import tiny
import torch

from citygan.data.dataset import LabelPhotoSet
from citygan.models.encoding import encode_labels, to_unit_range
from citygan.training import loop as training
from citygan.training.loop import (
    EpochDone,
    StepDone,
    TrainingError,
    TrainState,
    set_learning_rate,
    train,
    train_step,
    validate,
)

# Everything in it that draws random numbers, thin: noise, dropout, jitter, simplified shapes, augmentation.
BUSY = {"dropout": 0.5, "color_jitter": 0.2, "batch_size": 1}


def same(one, other):
    """Whether two nested states are equal bit for bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def batch(config, count=1):
    torch.manual_seed(5)
    label_maps = torch.from_numpy(tiny.CAMVID_IDS)[torch.randint(len(tiny.CAMVID_IDS), (count, 256, 256))]
    return encode_labels(label_maps, config.encoding), torch.rand(count, 3, 256, 256) * 2 - 1


# One step


@pytest.mark.parametrize("recipe", ["citygan", "citygan-plus", "citygan-photo"])
def test_a_step_changes_every_weight_of_both_networks(accelerator, recipe):
    config = tiny.config(recipe, width=2, discriminator_width=2)
    state = TrainState(config, accelerator)
    networks = {"generator": state.generator, "discriminator": state.discriminator}
    before = {name: deepcopy(network.state_dict()) for name, network in networks.items()}
    for _ in range(2):  # the noise weights start at 0 and get their gradient from the layers behind
        losses = train_step(state, *batch(config))
    for name, network in networks.items():
        for parameter, value in network.named_parameters():
            assert not torch.equal(value, before[name][parameter]), f"{name}.{parameter} stayed"
    assert all(math.isfinite(v) for v in losses.values())


def test_the_losses_are_named_and_ssim_is_among_them_where_it_counts(accelerator):
    names = ["discriminator_real", "discriminator_fake", "adversarial", "l1"]
    for weight, wanted in ((0.0, names), (4.0, [*names, "ssim"])):
        config = tiny.config(ssim_weight=weight)
        assert list(train_step(TrainState(config, accelerator), *batch(config))) == wanted


def test_the_discriminator_learns_smoothed_labels_and_the_generator_wants_a_full_one(
    accelerator, monkeypatch
):
    labels = []
    real_loss = training.adversarial_loss

    def spy(logits, label, kind, weights):
        labels.append((label, kind))
        return real_loss(logits, label, kind, weights)

    monkeypatch.setattr(training, "adversarial_loss", spy)
    config = tiny.config()
    train_step(TrainState(config, accelerator), *batch(config))
    assert labels == [(0.9, "bce"), (0.1, "bce"), (1.0, "bce")]


def test_matched_features_are_a_loss_that_counts_with_its_weight(accelerator):
    config = tiny.config("citygan-photo")
    losses = train_step(TrainState(config, accelerator), *batch(config))
    assert losses["features"] > 0
    gradients = []
    for weight in (1e-6, 10.0):
        state = TrainState(replace(config, feature_weight=weight), accelerator)
        train_step(state, *batch(config))
        gradients.append(next(state.generator.parameters()).grad.clone())
    assert not torch.allclose(*gradients)


def test_rare_classes_change_the_adversarial_losses_alone(accelerator):
    def losses(balance):
        config = tiny.config("citygan-plus", class_balance=balance)
        photos = batch(config)[1]
        label_maps = torch.full((1, 256, 256), 7)
        label_maps[:, 100:120, 60:90] = 24
        return train_step(TrainState(config, accelerator), encode_labels(label_maps, "classes"), photos)

    plain, balanced = losses(0.0), losses(0.5)
    assert plain["l1"] == balanced["l1"]
    assert plain["discriminator_real"] != balanced["discriminator_real"]
    assert plain["adversarial"] != balanced["adversarial"]


def test_the_generators_step_leaves_the_discriminator_without_gradients_of_its_own(accelerator):
    config = tiny.config(learning_rate=1e-9)
    state = TrainState(config, accelerator)
    train_step(state, *batch(config))
    after_one = [p.grad.clone() for p in state.discriminator.parameters()]
    assert all(g.abs().max() > 0 for g in after_one[:1])
    state.discriminator_optimizer.zero_grad()
    assert all(p.grad is None for p in state.discriminator.parameters())


def test_the_average_follows_the_weights_at_its_decay(accelerator):
    config = tiny.config("citygan-plus", ema_decay=0.75)
    state = TrainState(config, accelerator)
    steps = [deepcopy(state.generator.state_dict())]
    for _ in range(3):
        train_step(state, *batch(config))
        steps.append(deepcopy(state.generator.state_dict()))
    for name, averaged in state.average.state_dict().items():
        wanted = steps[0][name]
        for present in steps[1:]:
            wanted = 0.75 * wanted + 0.25 * present[name] if wanted.is_floating_point() else present[name]
        assert torch.allclose(averaged, wanted, atol=1e-6)


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
    monkeypatch.setattr(training, "train_step", lambda *_: {"l1": torch.zeros(())})
    monkeypatch.setattr(training, "validate", lambda *_: 0.0)
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

    monkeypatch.setattr(training, "l1_loss", spoiled)
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


def test_a_run_may_be_made_longer(accelerator, train_set, val_set):
    config = tiny.config(epochs=1)
    state = TrainState(config, accelerator)
    list(train(state, train_set, val_set))
    longer = TrainState(replace(config, epochs=2, decay_epochs=1), accelerator)
    longer.load_state_dict(state.state_dict())
    assert [e.epoch for e in train(longer, train_set, val_set) if isinstance(e, EpochDone)] == [2]


# Validation


def test_validation_is_the_same_each_time_without_dropout(accelerator, val_set):
    state = TrainState(tiny.config(dropout=0.9, norm_statistics="running"), accelerator)
    first = validate(state, val_set)
    torch.rand(5)
    assert validate(state, val_set) == first


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
    seeds = {training.seed_of(*name) for name in names}
    assert len(seeds) == len(names)
    assert 0 <= min(seeds) <= max(seeds) < 2**63
