"""Fixtures that several test modules use."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from tiny import write_camvid

from citygan.data import dataset as data

torch.set_num_threads(1)  # the tensors are tiny: threads would only wait for each other

ROOT = Path(__file__).resolve().parent
# What `make check` leaves to `make test`: browsers, servers, trainings, compiled code, processes
SLOW = (
    *("attack/", "ui/", "test_api.py", "test_app.py", "test_hub.py", "test_package.py", "test_shipped.py"),
    *("deploy/", "faults/", "test_audit.py"),
    *("evaluation/test_evaluate.py", "evaluation/test_segmenter.py", "models/test_generators.py"),
    *("paper/test_records.py", "paper/test_search.py", "publishing/"),
    *("synthesis/test_engines.py", "synthesis/test_folder.py", "synthesis/test_onnx_graph.py"),
    *("synthesis/test_synthesizer.py", "synthesis/test_batches.py", "synthesis/test_photo_queue.py"),
    *("training/test_distributed.py", "training/test_fit.py"),
    *("training/test_loop.py", "training/test_run.py"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(ROOT).as_posix().startswith(SLOW):
            item.add_marker("slow")


@pytest.fixture(scope="session")
def accelerator() -> Accelerator:
    """The CPU in float32, where the same run gives the same bits."""
    return Accelerator(cpu=True, mixed_precision="no")


@pytest.fixture(scope="session")
def camvid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny data set in the CamVid layout, to read only."""
    return write_camvid(tmp_path_factory.mktemp("camvid"))


@pytest.fixture(scope="session")
def train_set(camvid: Path) -> data.LabelPhotoSet:
    return data.open_split(camvid, "train", 286)


@pytest.fixture(scope="session")
def val_set(camvid: Path) -> data.LabelPhotoSet:
    return data.open_split(camvid, "val", 256)
