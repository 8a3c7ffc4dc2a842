"""The one error that people are meant to read."""

from __future__ import annotations


class CityGANError(Exception):
    """Something that the person at the keyboard can mend; the message says what was wrong and what to do.

    Commands print it as one line and the page shows it as one sentence. Any other exception is a defect of
    ours, and keeps its traceback.
    """


class BusyError(CityGANError):
    """Other photos are being made, for longer than a call would wait; it can be made again."""
