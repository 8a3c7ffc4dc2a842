"""Photos made on the visitor's own device: what the page's switch gets from Python."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from citygan.runtime import RUNTIME, BrowserFiles, describe_parts, runtime_files
from citygan.ui.published import publish


def device_props(files: BrowserFiles | None, server_name: str) -> dict[str, Any] | None:
    """What the page's switch between server and device needs; None where there is nothing to switch.

    Args:
        files: The checkpoint, where it has what browsers need.
        server_name: What the server computes on, for people.
    """
    runtime = runtime_files()
    if files is None or not runtime:
        return None
    folders = {RUNTIME: publish({file.name: file for file in runtime})}
    own = publish({file.name: file for file in (files.graph, files.weights)})

    def address(file: Path) -> str:
        return f"../{Path(folders.get(file.parent, own)).name}/{file.name}"

    # The visitors of a public Space share its processor, and each has one of their own
    starts_here = bool(os.environ.get("SPACE_ID"))
    return {
        "parts": describe_parts(files, address),
        "server_name": server_name,
        "starts_here": starts_here,
    }
