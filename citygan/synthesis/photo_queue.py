"""One thread that makes photos for all who ask: the oldest first, several at once where that is faster, and
none for ever."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from citygan.errors import BusyError, CityGANError

LIMIT_S = 25.0  # of one pass: a page waits 30 s for its answer
IDLE_S = 10.0  # then the thread ends, and with it what it holds of a synthesizer that nobody has any more
_SHARE = 0.2  # of the last pass in the average of what a photo takes


@dataclass(eq=False)
class Asked:
    """One photo that was asked for."""

    label_map: torch.Tensor  # (1, H, W) uint8, of one of the checkpoint's sizes
    drawn: Sequence[torch.Tensor]  # the light, where the generator is told one, and the noise; (1, ...)
    dropout_seed: int | None = None  # where dropout is on; such a photo is made alone
    photo: torch.Tensor | None = None  # (H, W, 3) uint8, once it is made
    error: BaseException | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def goes_with(self, other: Asked) -> bool:
        """Whether both can be made in one pass: without dropout, and at one size."""
        plain = self.dropout_seed is None and other.dropout_seed is None
        return plain and self.label_map.shape == other.label_map.shape


class PhotoQueue:
    """Waiting for photos, in order. Any number of threads may call it.

    Args:
        make: Photos `(N, H, W, 3) uint8` of some that were asked for, which go with each other.
        most: How many of them may be made in one pass, now.
        recover: Called after a pass that took too long, before the next; what `make` used is still in use.
        limit_s: How long one pass may take.
    """

    def __init__(
        self,
        make: Callable[[Sequence[Asked]], torch.Tensor],
        most: Callable[[], int],
        recover: Callable[[], None],
        limit_s: float = LIMIT_S,
    ):
        self._make, self._most, self._recover, self._limit_s = make, most, recover, limit_s
        self._changed = threading.Condition()  # around all below
        self._waiting: deque[Asked] = deque()
        self._pass: list[Asked] = []  # those whose photos are being made
        self._begun = 0.0
        self._photo_s = 0.0  # what one takes, on average
        self._thread: threading.Thread | None = None

    def __call__(self, asked: Asked, wait_s: float | None = None) -> torch.Tensor:
        """The photo, when it is made.

        Args:
            asked: Once.
            wait_s: How long to wait for the photos of others; None is as long as they take.

        Raises:
            BusyError: the wait would be longer, which is said at once where it can be known, or was.
            CityGANError: making it took longer than the limit.
        """
        with self._changed:
            ahead_s, others = self._ahead_s(), self._pass or self._waiting
            if wait_s is not None and ahead_s > wait_s and self._waiting:
                raise _busy(ahead_s)
            until = time.monotonic() + wait_s if wait_s is not None and others else None
            self._waiting.append(asked)
            self._see_to_a_thread()
            self._changed.notify()
        while not asked.over.wait(self._patience_s(asked, until)):
            self._look(asked, until)
        if asked.error is not None:
            raise asked.error
        assert asked.photo is not None
        return asked.photo

    def _ahead_s(self) -> float:
        """How long those who wait already will take."""
        running_s = len(self._pass) * self._photo_s - (time.monotonic() - self._begun) if self._pass else 0.0
        return max(0.0, running_s) + len(self._waiting) * self._photo_s

    def _patience_s(self, asked: Asked, until: float | None) -> float:
        """Until when nothing needs to be looked at."""
        with self._changed:
            end = (self._begun if self._pass else time.monotonic()) + self._limit_s
            if until is not None and asked in self._waiting:
                end = min(end, until)
        return max(0.0, end - time.monotonic())

    def _look(self, asked: Asked, until: float | None) -> None:
        """Gives up the pass that takes too long, or this wait.

        Raises:
            BusyError: the wait is over.
        """
        with self._changed:
            now = time.monotonic()
            if self._pass and now - self._begun >= self._limit_s:
                self._give_up()
            self._see_to_a_thread()
            if until is not None and now >= until and asked in self._waiting:
                self._waiting.remove(asked)
                raise _busy(self._ahead_s())

    def _give_up(self) -> None:
        for asked in self._pass:
            asked.error = CityGANError(f"the photo took longer than {self._limit_s:g} s and was given up")
            asked.over.set()
        self._pass = []
        self._start(self._work_again)  # what hangs cannot be ended, and is left alone

    def _see_to_a_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():  # as in a process that was forked
            self._start(self._work)

    def _start(self, work: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=work, name="photos", daemon=True)
        self._thread.start()

    def _work_again(self) -> None:
        self._recover()
        self._work()

    def _work(self) -> None:
        while taken := self._take():
            photos, error = None, None
            try:
                photos = self._make(taken)
            except BaseException as raised:  # for those who asked
                error = raised
            if not self._hand_over(taken, photos, error):
                return
            del taken, photos, error  # while the next is waited for

    def _take(self) -> list[Asked]:
        """Those whose turn it is; none where this thread is not wanted any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting, IDLE_S)
            if self._thread is not threading.current_thread():
                return []
            if not self._waiting:
                self._thread = None
                return []
            taken, most = [self._waiting.popleft()], self._most()
            while len(taken) < most and self._waiting and taken[0].goes_with(self._waiting[0]):
                taken.append(self._waiting.popleft())
            self._pass, self._begun = taken, time.monotonic()
            return taken

    def _hand_over(
        self, taken: list[Asked], photos: torch.Tensor | None, error: BaseException | None
    ) -> bool:
        """Gives each its photo, or all the error; False where they were given up meanwhile."""
        with self._changed:
            if self._thread is not threading.current_thread():
                return False
            took_s = (time.monotonic() - self._begun) / len(taken)
            self._photo_s += (_SHARE if self._photo_s else 1.0) * (took_s - self._photo_s)
            self._pass = []
        for i, asked in enumerate(taken):
            if photos is None:
                asked.error = error
            else:
                asked.photo = photos[i]
            asked.over.set()
        return True


def _busy(ahead_s: float) -> BusyError:
    """Half of those who wait now will have their photos by then."""
    retry_s = round(min(max(ahead_s / 2, 0.3), 10.0), 1)
    return BusyError(f"other photos are being made; come back in {retry_s:g} s", retry_s)
