"""Those who wait for photos get their own, in order, several at once where that is allowed, and nobody waits
for ever."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from queues import PATIENCE_S, wait_until_queued

from citygan.errors import BusyError, CityGANError
from citygan.synthesis.photo_queue import Asked, PhotoQueue


def asked(number, dropout_seed=None):
    return Asked(torch.full((1, 2, 2), number, dtype=torch.uint8), (), dropout_seed)


class Maker:
    """Makes photos of one number each, when the gate is open; remembers what was made in which pass."""

    def __init__(self):
        self.gate, self.inside = threading.Event(), threading.Semaphore(0)
        self.passes = []
        self.gate.set()

    def __call__(self, requests):
        self.inside.release()
        assert self.gate.wait(PATIENCE_S)
        numbers = [int(a.label_map[0, 0, 0]) for a in requests]
        self.passes.append(numbers)
        return torch.stack([a.label_map[0, :, :, None].expand(-1, -1, 3) for a in requests])

    def number(self, queue, number, wait_s=None, dropout_seed=None):
        return int(queue(asked(number, dropout_seed), wait_s)[0, 0, 0])


@pytest.fixture
def maker():
    maker = Maker()
    yield maker
    maker.gate.set()


def queue_of(maker, most=1, recover=lambda: None, **options):
    return PhotoQueue(maker, lambda: most, recover, **options)


def behind_one(maker, queue, threads, numbers, dropout_seeds=None):
    """Futures of photos that are asked for one after the other while another is made: 0."""
    maker.gate.clear()
    futures = [threads.submit(maker.number, queue, 0)]
    assert maker.inside.acquire(timeout=PATIENCE_S)
    for i, number in enumerate(numbers):
        seed = dropout_seeds[i] if dropout_seeds else None
        futures.append(threads.submit(maker.number, queue, number, dropout_seed=seed))
        wait_until_queued(queue, i + 1)
    maker.gate.set()
    return futures


@pytest.mark.parametrize(
    ("most", "passes"),
    [(1, [[0], [1], [2], [3], [4], [5]]), (2, [[0], [1, 2], [3, 4], [5]]), (8, [[0], [1, 2, 3, 4, 5]])],
)
def test_who_waits_is_served_in_order_several_at_once_and_each_gets_its_own_photo(maker, most, passes):
    queue = queue_of(maker, most)
    with ThreadPoolExecutor(6) as threads:
        futures = behind_one(maker, queue, threads, range(1, 6))
        assert [f.result(PATIENCE_S) for f in futures] == list(range(6))
    assert maker.passes == passes


def test_a_photo_with_dropout_is_made_alone(maker):
    queue = queue_of(maker, 8)
    with ThreadPoolExecutor(6) as threads:
        futures = behind_one(maker, queue, threads, [1, 2, 3, 4], [None, 7, None, None])
        assert [f.result(PATIENCE_S) for f in futures] == [0, 1, 2, 3, 4]
    assert maker.passes == [[0], [1], [2], [3, 4]]


def test_maps_of_another_size_are_not_made_in_the_same_pass(maker):
    queue = queue_of(maker, 8)
    wide = Asked(torch.full((1, 2, 3), 2, dtype=torch.uint8), ())
    maker.gate.clear()
    with ThreadPoolExecutor(4) as threads:
        futures = [threads.submit(queue, asked(0))]
        assert maker.inside.acquire(timeout=PATIENCE_S)
        for i, one in enumerate((asked(1), wide, asked(3))):
            futures.append(threads.submit(queue, one))
            wait_until_queued(queue, i + 1)
        maker.gate.set()
        photos = [f.result(PATIENCE_S) for f in futures]
    assert maker.passes == [[0], [1], [2], [3]]
    assert [p.shape[1] for p in photos] == [2, 2, 3, 2]


@pytest.mark.parametrize("most", [1, 4])
def test_under_load_nobody_gets_the_photo_of_another_and_all_get_about_as_many(maker, most):
    queue = queue_of(maker, most)
    made, until = [0] * 12, time.monotonic() + 1

    def paint(painter):
        while time.monotonic() < until:
            number = (made[painter] % 16) * 12 + painter
            assert maker.number(queue, number) == number
            made[painter] += 1

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(paint, range(12)))
    assert min(made) >= sum(made) / 24  # half of the mean


def test_a_full_queue_says_so_at_once_and_when_to_come_back(maker):
    queue, futures = queue_of(maker), []
    maker.gate.clear()
    with ThreadPoolExecutor(4) as threads:
        futures.append(threads.submit(maker.number, queue, 0))
        assert maker.inside.acquire(timeout=PATIENCE_S)
        for i in (1, 2, 3):
            futures.append(threads.submit(maker.number, queue, i))
            wait_until_queued(queue, i)
        queue._photo_s = 2.0  # what the last ones took
        start = time.monotonic()
        with pytest.raises(BusyError, match=r"other photos are being made; come back in \d\S* s") as refused:
            maker.number(queue, 5, wait_s=5.0)
        assert time.monotonic() - start < 2.5  # it would else have waited for 5 s
        assert 3.0 <= refused.value.retry_s <= 4.0  # half of the 6 to 8 s that the others will take
        maker.gate.set()
        assert [f.result(PATIENCE_S) for f in futures] == [0, 1, 2, 3]


def test_who_is_alone_is_served_however_long_photos_take(maker):
    queue = queue_of(maker)
    queue._photo_s = 100.0
    assert maker.number(queue, 3, wait_s=0.0) == 3


def test_an_error_is_that_of_those_who_were_in_the_pass_alone(maker):
    def fail_on_2(requests):
        photos = maker(requests)
        if maker.passes[-1] == [2]:
            raise RuntimeError("two")
        return photos

    queue = queue_of(fail_on_2)
    with ThreadPoolExecutor(4) as threads:
        futures = behind_one(maker, queue, threads, [1, 2, 3])
        assert [f.result(PATIENCE_S) for f in (futures[0], futures[1], futures[3])] == [0, 1, 3]
        with pytest.raises(RuntimeError, match="two"):
            futures[2].result(PATIENCE_S)


def test_a_photo_that_hangs_is_given_up_and_the_next_one_is_made(maker):
    recovered = []
    queue = queue_of(maker, recover=lambda: (recovered.append(1), maker.gate.set()), limit_s=0.5)
    maker.gate.clear()
    with ThreadPoolExecutor(2) as threads:
        hung = threads.submit(maker.number, queue, 1)
        assert maker.inside.acquire(timeout=PATIENCE_S)
        following = threads.submit(maker.number, queue, 2)
        with pytest.raises(CityGANError, match=r"^the photo took longer than 0.5 s and was given up$"):
            hung.result(PATIENCE_S)
        assert following.result(PATIENCE_S) == 2
    assert recovered == [1]
    assert maker.number(queue, 3, wait_s=1.0) == 3


def test_a_thread_that_ended_is_started_again(maker, monkeypatch):
    monkeypatch.setattr("citygan.synthesis.photo_queue.IDLE_S", 0.01)
    queue = queue_of(maker)
    assert maker.number(queue, 1) == 1
    first = queue._thread
    if first is not None:
        first.join(PATIENCE_S)
    assert queue._thread is None
    assert maker.number(queue, 2) == 2


def test_a_clock_that_is_set_back_or_forward_changes_nothing(maker, monkeypatch):
    queue, times = queue_of(maker), iter([0.0, 4e9, -4e9] * 1000)
    monkeypatch.setattr(time, "time", lambda: next(times))
    assert [maker.number(queue, n, wait_s=1.0) for n in range(4)] == [0, 1, 2, 3]
