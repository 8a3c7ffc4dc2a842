"""Attacks by command lines and variables of the environment."""

from __future__ import annotations

import contextlib
import io
import os
from typing import Any
from unittest.mock import patch

import tyro
from hypothesis import strategies as st

import app
from citygan.errors import CityGANError
from tests.attack.door import Door

FLAGS = [
    *("--model", "--device", "--host", "--port", "--max-queue", "--compare", "--blind-pairs", "--pairs-data"),
    *("--compile", "--no-compile", "--mcp", "--share", "--allow-host", "--metrics", "--log-requests"),
]
# Neither the system nor a variable can hold a NUL, and no lone surrogate but those of undecodable bytes
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
VALUES = WORDS | st.sampled_from(
    [
        "0",
        "-1",
        "65536",
        "9" * 5000,
        "1e3",
        "nan",
        "²",
        "../../etc",
        "a/b@c",
        "OWNER/NAME",
        "None",
        "[]",
        "\udcff",
    ]
)
ARGUMENTS = st.lists(st.sampled_from(FLAGS) | VALUES, max_size=6)
VARIABLES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("CITYGAN_MODEL", "CITYGAN_DEVICE", "CITYGAN_MAX_QUEUE"), VALUES)
)


def read_options(given: tuple[list[str], dict[str, str]]) -> str | None:
    """What `python app.py` makes of its arguments and variables, before it opens anything."""
    arguments, variables = given
    said = io.StringIO()
    with (
        patch.dict(os.environ, variables),
        contextlib.redirect_stderr(said),
        contextlib.redirect_stdout(said),
    ):
        try:
            tyro.cli(app.Options, args=arguments)
        except CityGANError as error:
            return str(error)
        except SystemExit as ended:
            if ended.code not in (0, 2) or "Traceback" in said.getvalue():
                raise
            return "refused by the command line's own help" if ended.code else None
    return None


def doors() -> list[Door]:
    """All that the one who starts the app gives it."""
    values: st.SearchStrategy[Any] = st.tuples(ARGUMENTS, VARIABLES)
    return [Door("command line", values, read_options, cost=4)]
