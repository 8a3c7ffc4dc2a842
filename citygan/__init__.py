"""CityGAN: a label map in, a street photo out.

`from citygan import Synthesizer; photo = Synthesizer.from_pretrained("OWNER/NAME")(label_map)`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from citygan.synthesis.synthesizer import Synthesizer

__all__ = ["Synthesizer"]


def __getattr__(name: str) -> object:
    if name == "Synthesizer":  # at its first use, so that `import citygan` alone brings no torch
        from citygan.synthesis.synthesizer import Synthesizer

        return Synthesizer
    raise AttributeError(f"module 'citygan' has no attribute {name!r}")
