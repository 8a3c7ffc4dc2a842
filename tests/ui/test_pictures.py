"""Visitors' image files are read one at a time, so that many large ones take no more memory than one."""

from __future__ import annotations

import threading

import pytest

from citygan.data.images import ImageError
from citygan.ui import pictures


def test_a_second_reader_begins_when_the_first_is_done():
    inside, go_on, order = threading.Event(), threading.Event(), []

    @pictures.in_turn
    def read(name: str, wait: bool) -> None:
        order.append(f"{name} begins")
        inside.set()
        assert not wait or go_on.wait(60)
        order.append(f"{name} ends")

    first = threading.Thread(target=read, args=("first", True))
    first.start()
    assert inside.wait(60)
    second = threading.Thread(target=read, args=("second", False))
    second.start()
    go_on.set()
    first.join()
    second.join()
    assert order == ["first begins", "first ends", "second begins", "second ends"]


def test_who_waits_too_long_is_told_so_and_the_turn_of_a_reader_that_failed_is_over(monkeypatch):
    monkeypatch.setattr(pictures, "WAIT_S", 0.01)

    @pictures.in_turn
    def fail() -> None:
        with pytest.raises(ImageError, match=r"of other visitors are being read\. Try again"):
            pictures.read_photo(b"anything")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with pytest.raises(ImageError, match="is no image"):
        pictures.read_photo(b"anything")
