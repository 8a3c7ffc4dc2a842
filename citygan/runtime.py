"""What browsers run a checkpoint with: ONNX Runtime's files, and how the page is told of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citygan.files import sha256

RUNTIME = Path(__file__).parent / "ui" / "runtime"  # not in the repository: `make runtime` fills it
# Of onnxruntime-web: a module that brings its threads with it, and its WebAssembly
BACKENDS = {
    "wasm": ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"),
    "webgpu": ("ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm"),
}


@dataclass(frozen=True)
class BrowserFiles:
    """A checkpoint that browsers can run."""

    graph: Path
    weights: Path
    info: dict[str, Any]  # `browser_info` of `citygan.synthesis.browser`


def runtime_files() -> list[Path]:
    """What browsers run a graph with; nothing where `make runtime` was not called."""
    files = [RUNTIME / name for names in BACKENDS.values() for name in names]
    return files if all(file.is_file() for file in files) else []


def describe_parts(files: BrowserFiles, address: Callable[[Path], str]) -> dict[str, Any]:
    """`DeviceParts` of static/types.js.

    Args:
        files: The checkpoint.
        address: The URL of each file, absolute or relative to the folder of the page's modules.
    """

    def remote(file: Path) -> dict[str, Any]:
        return {"url": address(file), "bytes": file.stat().st_size, "sha256": sha256(file)}

    runtime = {
        backend: {"script": address(RUNTIME / script), "binary": remote(RUNTIME / binary)}
        for backend, (script, binary) in BACKENDS.items()
    }
    return {
        "graph": remote(files.graph),
        "weights": remote(files.weights),
        "runtime": runtime,
        "info": files.info,
    }
