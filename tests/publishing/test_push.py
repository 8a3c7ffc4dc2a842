"""A checkpoint goes to a Hub in memory and comes back as it was, through the real client and command line."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from gradio_client import Client, handle_file
from hub_client import Worker
from hub_server import READER, WRITER, HubServer, Repo, card_errors
from PIL import Image

from citygan import streets
from citygan.checkpoint import Checkpoint, CheckpointInfo
from citygan.errors import CityGANError
from citygan.models import UNet
from citygan.publishing.push import FILES, assemble, check_better
from citygan.publishing.push import push as push_command
from citygan.synthesis.onnx_graph import add_graph
from citygan.training import log as reports

TINY = tiny.flags(recipe="citygan", width=1, discriminator_width=1, epochs=1)


@pytest.fixture(scope="module")
def server():
    with HubServer() as server:
        yield server


@pytest.fixture(scope="module")
def worker(server, tmp_path_factory):
    with Worker(server.url, tmp_path_factory.mktemp("hub"), token=WRITER) as worker:
        yield worker


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """The folder of a run of two epochs, as `fit` leaves it; to read only."""
    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    assert add_graph(Checkpoint.save(folder / "best", UNet(3, 1), tiny.info(name="streets")))
    rows = [{"epoch": n, "images_seen": n, "val_ssim": 0.4 + n / 20, "loss/l1": 1.0 / n} for n in (1, 2)]
    log = reports.RunLog(folder, 0)
    for row in rows:
        log.add(row)
    reports.draw_curves(rows, folder / "curves.png")
    (folder / "samples").mkdir()
    for epoch in (1, 2):
        grid = Image.new("RGB", (60, 30), "green")
        grid.paste("white", (0, 10, 60, 20))  # the row of generated photos
        grid.save(folder / "samples" / f"epoch-{epoch:04d}.jpg")
    (folder / "state.pt").write_bytes(b"stays here")
    return folder


def push(worker: Worker, run: Path, repo: str, *flags: str) -> dict:
    arguments = ["push", "--checkpoint", str(run / "best"), "--repo", repo, *flags]
    return worker.ask("train", arguments=arguments)["result"]


@pytest.fixture(scope="module")
def fit(tmp_path_factory) -> list[str]:
    """The command of a run of two steps; again, it finds them done."""
    folder = tmp_path_factory.mktemp("fit")
    data = tiny.write_camvid(folder / "data", {"train": 2, "val": 1})
    return ["fit", "--data", str(data), "--out", str(folder / "my run"), "--device", "cpu", *TINY]


def open_page(worker: Worker, model: str) -> Client:
    """The app with this model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "error" not in worker.ask("serve", model=model, port=port)
    return Client(f"http://127.0.0.1:{port}", verbose=False)


def test_a_trained_checkpoint_is_pushed_and_makes_the_same_photo_by_id_and_by_commit(
    server, worker, fit, tmp_path
):
    done = worker.ask("train", arguments=[*fit, "--push-to-hub", "someone/trained"])["result"]
    assert done["status"] == 0, done["err"]
    commit = server.repos["someone/trained"].refs["main"]
    assert f"{server.url}/someone/trained/commit/{commit}" in done["out"]
    assert Path(fit[4], "best.onnx").is_file()

    here = worker.ask("photo", source=f"{fit[4]}/best")["result"]
    by_id = worker.ask("photo", source="someone/trained")["result"]
    by_commit = worker.ask("photo", source=f"someone/trained@{commit}")["result"]
    assert here["spread"] > 0
    assert by_id["photo"] == by_commit["photo"] == here["photo"]
    assert by_id["source"] == by_commit["source"] == f"someone/trained@{commit}"

    card = server.repos["someone/trained"].files()["README.md"].decode()
    three_lines = card.partition("```python\n")[2].partition("```")[0]
    assert worker.ask("run", code=three_lines)["result"]["photo"] == here["photo"]

    page = open_page(worker, "someone/trained")
    Image.fromarray(streets.street(streets.NAMES[0], 256, 256)).save(tmp_path / "ids.png")
    photo, _ = page.predict(label_map=handle_file(tmp_path / "ids.png"), api_name="/synthesize")
    with Image.open(photo) as image:
        assert hashlib.sha256(np.asarray(image)).hexdigest() == here["photo"]
    assert f"someone/trained@{commit[:12]}" in json.dumps(page.config)


def test_a_run_whose_push_fails_is_whole_and_says_how_to_push_it_again(server, worker, fit):
    server.repos["someone/full"] = Repo(trouble="out of order")
    done = worker.ask("train", arguments=[*fit, "--push-to-hub", "someone/full"])["result"]
    assert done["status"] == 1
    assert "out of order (503)" in done["err"]
    assert f"python train.py push --checkpoint '{fit[4]}/best' --repo someone/full" in done["err"]
    Checkpoint.find(f"{fit[4]}/best").load()


def test_one_commit_holds_all_that_is_published_and_nothing_else(server, worker, run):
    done = push(worker, run, "someone/streets")
    assert done["status"] == 0, done["err"]
    repo = server.repos["someone/streets"]
    assert repo.messages == ["initial commit", "Add streets after 1 epochs"]
    assert sorted(repo.files()) == sorted(FILES)
    assert repo.files()["model.safetensors"] == (run / "best.safetensors").read_bytes()
    assert repo.files()["config.json"] == (run / "best.json").read_bytes()
    assert not repo.private


def test_the_graph_is_pulled_with_the_weights_and_makes_torchs_photo(server, worker, run):
    push(worker, run, "someone/drawn")
    assert worker.ask("check_graph", source="someone/drawn")["result"] == "model.onnx"


@pytest.mark.parametrize("graph", ["none", "of other weights"])
def test_a_checkpoint_without_a_graph_of_its_own_is_drawn_by_torch(graph, server, worker, run, tmp_path):
    files = {name: run / f"best{Path(name).suffix}" for name in ("model.safetensors", "model.onnx")}
    files["config.json"] = run / "best.json"
    for suffix in (".json", ".safetensors"):
        shutil.copy(run / f"best{suffix}", tmp_path / f"alone{suffix}")
    if graph == "none":
        del files["model.onnx"]
    else:  # the run's own names the weights otherwise; this one's lie elsewhere in their file
        other = Checkpoint.save(tmp_path / "other", UNet(3, 1), tiny.info(), half=True)
        assert add_graph(other)
        files["model.onnx"] = other.graph
    name = f"someone/{graph.replace(' ', '-')}"
    server.repos[name] = Repo()
    server.repos[name].commit({name: file.read_bytes() for name, file in files.items()}, "add it")
    there = worker.ask("photo", source=name)["result"]
    assert "PyTorch" in there["device"]
    assert there["photo"] == worker.ask("photo", source=str(tmp_path / "alone"))["result"]["photo"]


def test_a_dry_run_writes_a_folder_that_can_be_loaded_and_uploads_nothing(server, worker, run, tmp_path):
    server.requests.clear()
    done = push(worker, run, "someone/nothing", "--dry-run", "--out", str(tmp_path / "folder"))
    assert done["status"] == 0, done["err"]
    assert "nothing was uploaded" in done["out"]
    assert server.requests == []
    assert sorted(p.name for p in (tmp_path / "folder").iterdir()) == sorted(FILES)
    there = worker.ask("photo", source=str(tmp_path / "folder"))["result"]
    assert there["photo"] == worker.ask("photo", source=str(run / "best"))["result"]["photo"]


def test_private_branch_and_pull_request(server, worker, run):
    assert push(worker, run, "someone/secret", "--private")["status"] == 0
    secret = server.repos["someone/secret"]
    assert secret.private

    assert push(worker, run, "someone/secret", "--branch", "trial", "--overwrite")["status"] == 0
    assert secret.refs.keys() == {"main", "trial"}

    done = push(worker, run, "someone/secret", "--create-pr")
    assert f"{server.url}/someone/secret/discussions/1" in done["out"]
    assert secret.refs.keys() == {"main", "trial", "refs/pr/1"}


def test_private_does_not_pretend_to_hide_what_is_public(server, worker, run):
    server.repos["someone/open"] = Repo()
    done = push(worker, run, "someone/open", "--private")
    assert done["status"] == 1
    assert "someone/open is public" in done["err"]
    assert server.repos["someone/open"].messages == ["initial commit"]


def test_a_worse_run_replaces_nothing_unless_asked(server, worker, run):
    server.repos["someone/better"] = repo = Repo()
    repo.commit(
        {"config.json": tiny.info(name="best of all", ssim={"val": 0.7}).to_json().encode()}, "better"
    )
    done = push(worker, run, "someone/better")
    assert done["status"] == 1
    assert "holds best of all with validation SSIM 0.7, better than this one's 0.5" in done["err"]
    assert "model.safetensors" not in repo.files()
    assert push(worker, run, "someone/better", "--overwrite")["status"] == 0
    assert b'"val": 0.5' in repo.files()["config.json"]


@pytest.mark.parametrize(
    ("token", "said"),
    [("", "does not know this token, or was given none"), (READER, "may not write to someone/else")],
)
def test_a_token_that_may_not_write_is_said(server, run, tmp_path, token, said):
    files = [run / "best.json"]
    with Worker(server.url, tmp_path, token=token) as worker:
        answer = worker.ask("push", files=[str(f) for f in files], repo="someone/else")
    assert answer["error"] == "CityGANError"
    assert said in answer["message"]
    assert "HF_TOKEN" in answer["message"]


def test_a_hub_whose_store_cannot_be_reached_is_said(server, run, tmp_path):
    with Worker(server.url, tmp_path, token=WRITER, HF_HUB_DISABLE_XET="") as worker:
        answer = worker.ask("push", files=[str(run / "best.safetensors")], repo="someone/stored")
    assert answer["error"] == "HubUnreachableError"
    assert f"{server.url} cannot be reached for someone/stored" in answer["message"]


@pytest.mark.parametrize("repo", ["streets", "someone/streets@trial"])
def test_a_repository_is_named_without_a_revision(run, repo):
    with pytest.raises(CityGANError, match=r"OWNER/NAME|--branch trial"):
        push_command(run / "best", repo)


def test_a_branch_and_a_pull_request_exclude_each_other(run):
    with pytest.raises(CityGANError, match="not both"):
        push_command(run / "best", "someone/streets", branch="trial", create_pr=True)


# What may replace what


def config(**changes) -> str:
    return tiny.info(**changes).to_json()


@pytest.mark.parametrize(
    "there", [None, config(ssim={}), config(ssim={"val": 0.5}), config(ssim={"val": 0.4})]
)
def test_a_checkpoint_that_is_as_good_may_replace_another(there):
    check_better(tiny.info(), "someone/streets", there)


@pytest.mark.parametrize(
    ("ours", "there", "why"),
    [
        (tiny.info(), config(ssim={"val": 0.51}), "0.51, better than this one's 0.5"),
        (tiny.info(ssim={}), config(), "cannot be compared"),
        (tiny.info(), config(ssim_definition="another"), "cannot be compared"),
        (tiny.info(), config(dataset="Cityscapes"), "on Cityscapes cannot be compared"),
        (tiny.info(), '{"model_type": "bert"}', "is not the .json of a CityGAN checkpoint"),
    ],
    ids=["worse", "not measured", "measured otherwise", "other data", "another project's"],
)
def test_a_checkpoint_that_is_not_as_good_may_not(ours: CheckpointInfo, there, why):
    with pytest.raises(CityGANError, match="--overwrite replaces it") as refusal:
        check_better(ours, "someone/streets", there)
    assert why in str(refusal.value)


# The folder


def test_a_checkpoint_without_a_run_around_it_is_published_with_what_there_is(run, tmp_path):
    for suffix in (".json", ".safetensors"):
        shutil.copy(run / f"best{suffix}", tmp_path / f"alone{suffix}")
    files = assemble(Checkpoint.find(tmp_path / "alone"), "someone/alone", tmp_path / "folder")
    names = ["model.safetensors", "config.json", "model.onnx", "samples.jpg", "README.md"]
    assert [f.name for f in files] == names
    card = files[-1].read_text()
    assert card_errors(card) == []
    assert "curves.png" not in card
    assert "samples.gif" not in card


def test_a_folder_written_again_keeps_nothing_of_before_but_what_is_not_ours(run, tmp_path):
    (tmp_path / "samples.gif").write_bytes(b"of before")
    (tmp_path / "notes.txt").write_text("mine")
    Checkpoint.save(tmp_path / "source" / "alone", UNet(3, 1), tiny.info())
    files = assemble(Checkpoint.find(tmp_path / "source" / "alone"), "someone/alone", tmp_path)
    assert not (tmp_path / "samples.gif").exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert tmp_path / "notes.txt" not in files


def test_the_folder_that_the_checkpoint_comes_from_is_refused_and_stays_as_it_was(run, tmp_path):
    own, pushed = tmp_path / "run", tmp_path / "pushed"
    shutil.copytree(run, own)
    assemble(Checkpoint.find(own / "best"), "someone/streets", pushed)
    (tmp_path / "link").symlink_to(pushed)
    for source, out in ((pushed, pushed), (pushed, tmp_path / "link"), (own / "best", own)):
        before = {f: f.read_bytes() for f in out.iterdir() if f.is_file()}
        with pytest.raises(CityGANError, match="comes from; give another --out"):
            push_command(source, "someone/streets", dry_run=True, out=out)
        assert {f: f.read_bytes() for f in out.iterdir() if f.is_file()} == before


def test_no_picture_of_the_data_set_is_published(run, tmp_path):
    assemble(Checkpoint.find(run / "best"), "someone/streets", tmp_path)
    with Image.open(tmp_path / "samples.gif") as animation:
        assert animation.size == (60, 10)
        darkest, _ = animation.convert("L").getextrema()
    assert darkest > 200  # what the run made is white, the data set's rows are green
