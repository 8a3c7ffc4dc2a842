"""A command as a person types it."""

from __future__ import annotations

import shlex


def command_line(command: str, flags: dict[str, object]) -> str:
    """A command with its flags: a switch as --mirror or --no-mirror, a tuple as several words.

    Args:
        command: A key of `citygan.__main__.COMMANDS`.
        flags: Argument -> value, as the command's function takes them; what is None is left out.
    """
    words = ["python", "train.py", command]
    for name, value in flags.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        elif isinstance(value, tuple):
            words += [f"--{flag}", *map(str, value)]
        elif value is not None:
            words += [f"--{flag}", str(value)]
    return shlex.join(words)
