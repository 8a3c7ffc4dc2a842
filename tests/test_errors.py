"""What is meant for people ends in one line; what is a defect of ours keeps its traceback."""

import pytest

from citygan import __main__ as command_line
from citygan.errors import MAX_CHARS, CityGANError


def a_command_that_raises(error: Exception):
    def command() -> None:
        raise error

    return command


@pytest.fixture
def run(monkeypatch):
    """Runs the only command there is, which raises."""

    def run_it(error: Exception) -> int:
        commands = {"break": a_command_that_raises(error), "rest": lambda: None}
        monkeypatch.setattr(command_line, "COMMANDS", commands)
        return command_line.main(["break"])

    return run_it


def test_an_error_that_a_person_can_mend_is_one_line_and_status_1(run, capsys):
    assert run(CityGANError("no street; paint one")) == 1
    assert capsys.readouterr().err == "error: no street; paint one\n"


@pytest.mark.parametrize("bug", [KeyError("best"), ValueError("shapes"), OSError("a file"), TypeError("x")])
def test_a_bug_in_a_command_keeps_its_traceback(run, bug):
    with pytest.raises(type(bug)) as caught:
        run(bug)
    assert caught.value is bug


@pytest.mark.parametrize(
    ("quoted", "said"),
    [
        ("two\nlines", "two lines"),
        ("\x1b[31mred\r\n", "\\x1b[31mred"),
        ("\ud800", "\\ud800"),
        ("Straße", "Straße"),
    ],
)
def test_whatever_a_file_wrote_into_an_error_it_is_one_line_that_can_be_printed(quoted, said):
    message = str(CityGANError(f"it says {quoted}"))
    assert message == f"it says {said}"
    assert message.isprintable()
    assert message.encode()


def test_of_a_long_error_the_begin_and_the_end_are_said():
    message = str(CityGANError(f"the field {'x' * 10**6} is unknown"))
    assert message.startswith("the field xxx")
    assert message.endswith("xxx is unknown")
    assert len(message) <= MAX_CHARS
