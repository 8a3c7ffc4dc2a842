"""A short attack on every door; `python -m tests.attack --cases 10000` is the long one."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from tests.attack.door import Door, Report, attack, check_sentence
from tests.attack.everywhere import attack_everywhere

CASES = 400


@pytest.mark.timeout(900)  # of a machine that has other things to do: it takes 20 s of CPU time
def test_no_door_gives_way_and_each_refusal_is_a_sentence():
    results = list(attack_everywhere(CASES, 0))
    for result in results:
        if isinstance(result, BaseException):
            raise result
    assert len(results) == 13
    assert all(result.outcomes["refused"] for result in results)


@pytest.mark.parametrize("defect", [RecursionError("too deep"), MemoryError(), AssertionError("500")])
def test_a_door_that_gives_way_is_found(defect):
    def knock(value: int) -> str | None:
        if value > 1000:
            raise defect
        return None

    with pytest.raises(type(defect)):
        attack(Door("a weak one", st.integers(), knock), 200, 0)


@pytest.mark.parametrize(
    "refusal", ["", "two\nlines", "x" * 601, "\x1b[31m", "Traceback (most recent call last)"]
)
def test_a_refusal_that_nobody_can_read_is_a_defect(refusal):
    with pytest.raises(AssertionError):
        check_sentence(refusal)
    with pytest.raises(AssertionError):
        attack(Door("a rude one", st.none(), lambda _: refusal), 1, 0)


def test_what_came_of_the_cases_is_counted():
    report = attack(Door("half open", st.booleans(), lambda value: None if value else "no"), 2, 0)
    assert isinstance(report, Report)
    assert report.outcomes == {"taken": 1, "refused": 1}
