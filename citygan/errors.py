"""The one error that people are meant to read."""

from __future__ import annotations


class CityGANError(Exception):
    """Something that the person at the keyboard can mend; the message says what was wrong and what to do.

    Commands print it as one line and the page shows it as one sentence. So it is one, whatever the file or
    the request wrote that it quotes. Any other exception is a defect of ours, and keeps its traceback.
    """

    def __str__(self) -> str:
        return in_one_line(super().__str__())


MAX_CHARS = 600  # of an error; a path may have thousands


def in_one_line(text: str) -> str:
    """Text without line breaks, what cannot be printed escaped, and the middle of a long one left out."""
    plain = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in " ".join(text.splitlines()))
    if len(plain) <= MAX_CHARS:
        return plain
    return f"{plain[: MAX_CHARS * 2 // 3]} ... {plain[-MAX_CHARS // 4 :]}"


class BusyError(CityGANError):
    """Other photos are being made, for longer than a call would wait; it can be made again.

    Args:
        text: The message.
        retry_s: In so many seconds; None where that is not known.
    """

    def __init__(self, text: str = "", retry_s: float | None = None):
        super().__init__(text)
        self.retry_s = retry_s
