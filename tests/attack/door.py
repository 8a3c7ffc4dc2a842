"""What an attack is: a door of CityGAN, values that anybody may send to it, and what has to come back."""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

MAX_CPU_S = 10.0  # of one case
MAX_SENTENCE = 600  # characters, as `CityGANError` has them at most
MAX_PEAK_MIB = 1024  # above what the process held before

# What JSON can say, and what Python's own reader takes for JSON: NaN, infinity, lone surrogates, huge numbers
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([-1, 0, 1, 2**31, 2**53, 2**63, -(2**63), 10**15, 10**400])
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "\ud800", "\0", "<script>"])
)
JSON = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=20,
)


@dataclass(frozen=True)
class Door:
    """A place where strangers' values come in.

    `knock` returns None where a value was taken, or the sentence with which it was refused; whatever it
    raises is a defect.
    """

    name: str
    values: st.SearchStrategy[Any]
    knock: Callable[[Any], str | None]
    cost: int = 1  # how many times as long as with the others one case takes, so that it gets fewer of them


@dataclass
class Report:
    """What came of an attack on one door."""

    door: str
    outcomes: Counter[str] = field(default_factory=Counter)  # "taken", "refused"
    slowest_s: float = 0.0  # of CPU time
    grown_mib: float = 0.0  # of the process' peak


def attack(door: Door, cases: int, random_seed: int) -> Report:
    """Sends values to a door; the first that it cannot take is made as small as can be, and raised.

    Raises:
        AssertionError: a refusal is no sentence, or a case took too much time or memory.
        Exception: what the door did not handle.
    """
    report, before = Report(door.name), peak_mib()

    @seed(random_seed)
    @settings(
        max_examples=cases,
        database=None,
        deadline=None,  # a machine that is busy is no defect; CPU time is bounded below
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(door.values)
    def knock(value: Any) -> None:
        start = time.process_time()
        refusal = door.knock(value)
        took_s = time.process_time() - start
        report.outcomes["taken" if refusal is None else "refused"] += 1
        report.slowest_s = max(report.slowest_s, took_s)
        if refusal is not None:
            check_sentence(refusal)
        assert took_s < MAX_CPU_S, f"{door.name}: {took_s:.1f} s of CPU time"

    knock()
    report.grown_mib = peak_mib() - before
    assert report.grown_mib < MAX_PEAK_MIB, f"{door.name}: {report.grown_mib:.0f} MiB more than before"
    return report


def check_sentence(text: str) -> None:
    """Sees that a person can read it: some words in one line, and no traceback."""
    assert text.strip(), "an empty refusal"
    assert len(text) <= MAX_SENTENCE, f"a refusal of {len(text)} characters: {text[:80]}..."
    assert text.isprintable(), f"not printable: {text!r}"
    assert "Traceback" not in text, text


def peak_mib() -> float:
    """The most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
