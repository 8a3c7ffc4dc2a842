"""What the page is served with when the checkpoint that was named is, or is not, to be had."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from citygan.checkpoint import SHIPPED
from citygan.errors import CityGANError
from citygan.hub import HubUnreachableError
from citygan.synthesis import serving


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is opened, where the Hub is out of reach."""
    names = []

    def open_one(checkpoint: str, device: str, most: int | None = None) -> str:
        names.append(str(checkpoint))
        if checkpoint == "someone/streets":
            raise HubUnreachableError("no answer")
        if checkpoint == "someone/secret":
            raise CityGANError("private")
        return "a synthesizer"

    monkeypatch.setattr(serving, "Synthesizer", open_one)
    return names


def test_what_was_asked_for_wins(opened):
    assert serving.open_checkpoint(None, "someone/else", "cpu") == ("a synthesizer", "")
    serving.open_checkpoint("one/other", "someone/else", "cpu")
    assert opened == ["someone/else", "one/other"]


def test_a_space_whose_model_is_out_of_reach_shows_the_shipped_one_and_says_so(opened):
    _, notice = serving.open_checkpoint(None, "someone/streets", "cpu")
    assert opened == ["someone/streets", str(SHIPPED)]
    assert notice == "someone/streets is out of reach; this is camvid-light."


def test_a_model_that_was_asked_for_and_is_out_of_reach_is_an_error(opened):
    with pytest.raises(HubUnreachableError, match="no answer"):
        serving.open_checkpoint("someone/streets", str(SHIPPED), "cpu")


def test_a_model_of_a_space_that_is_forbidden_is_an_error(opened):
    with pytest.raises(CityGANError, match="private"):
        serving.open_checkpoint(None, "someone/secret", "cpu")


def test_without_the_runtime_nothing_is_read_again_for_browsers(monkeypatch):
    monkeypatch.setattr(serving, "runtime_files", list)
    monkeypatch.setattr(serving, "browser_files", lambda checkpoint: pytest.fail("it was read"))
    assert serving.for_browsers(SimpleNamespace(checkpoint=None)) is None


class Painter:
    """Stands in for a synthesizer, and notes what happens."""

    info = SimpleNamespace(height_px=48, width_px=64)

    def __init__(self):
        self.made_one = threading.Event()
        self.happened: list[object] = []

    def __call__(self, label_map):
        self.happened.append(label_map.shape)
        self.made_one.set()


def test_what_makes_photos_quicker_waits_for_the_first_visitor_and_a_warm_photo_does_not():
    painter = Painter()
    warmed = threading.Event()
    painter.made_one.clear = lambda: (threading.Event.clear(painter.made_one), warmed.set())
    thread = serving.warm_up(painter, lambda: painter.happened.append("then"))
    assert warmed.wait(30)
    assert painter.happened == [(48, 64)]
    painter(np.zeros((9, 9), np.uint8))
    thread.join(30)
    assert painter.happened == [(48, 64), (9, 9), "then"]


def test_where_no_visitor_comes_it_does_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr(serving, "_FIRST_VISITOR_S", 0.01)
    painter = Painter()
    serving.warm_up(painter, lambda: painter.happened.append("then")).join(30)
    assert painter.happened == [(48, 64), "then"]
