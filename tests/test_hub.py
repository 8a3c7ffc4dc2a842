"""Pulling with the real client from a Hub in memory: what arrives, and what is said when nothing does."""

from __future__ import annotations

import zlib

import pytest
from hub_client import Worker
from hub_server import READER, HubServer, Repo

from citygan import hub
from citygan.errors import CityGANError

FILES = {"config.json": b"a config", "model.safetensors": b"weights " * 1000}


@pytest.fixture(scope="module")
def server():
    with HubServer() as server:
        yield server


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def worker(server, cache):
    with Worker(server.url, cache) as worker:
        yield worker


@pytest.fixture(scope="module", autouse=True)
def cut_pull(server, worker):
    """The client tries for 5 s, so this one begins before the other tests."""
    server.repos["someone/cut"] = Repo(trouble="cut")
    server.repos["someone/cut"].commit(FILES, "add the checkpoint")
    return worker.start("pull", repo="someone/cut")


@pytest.fixture
def repo(server, request) -> Repo:
    """A repository of this test's own, with a checkpoint's two files; its name is `name_of(request)`."""
    server.repos[name_of(request)] = repo = Repo()
    repo.commit(FILES, "add the checkpoint")
    return repo


@pytest.fixture
def name(request) -> str:
    return name_of(request)


def name_of(request) -> str:
    return f"someone/{zlib.crc32(request.node.name.encode())}"


def failure(answer: dict, kind: str = "CityGANError") -> str:
    assert answer.get("error") == kind, answer
    assert "\n" not in answer["message"]
    assert answer["seconds"] < 5, "that was a long silence"
    return answer["message"]


# What arrives


def test_both_files_of_the_newest_commit_arrive(worker, repo, name):
    got = worker.ask("pull", repo=name)["result"]
    assert got == {
        "commit": repo.refs["main"],
        "weights": FILES["model.safetensors"].decode(),
        "config": FILES["config.json"].decode(),
    }


def test_a_branch_and_a_commit_are_pulled_by_name(worker, repo, name):
    first = repo.refs["main"]
    repo.commit({"config.json": b"later"}, "later")
    repo.commit({"config.json": b"a trial"}, "a trial", "trial/one")
    assert worker.ask("pull", repo=name)["result"]["config"] == "later"
    assert worker.ask("pull", repo=name, revision="trial/one")["result"]["config"] == "a trial"
    got = worker.ask("pull", repo=name, revision=first)["result"]
    assert (got["config"], got["commit"]) == ("a config", first)


def test_what_is_in_the_cache_is_not_downloaded_again(worker, server, repo, name):
    commit = worker.ask("pull", repo=name)["result"]["commit"]
    server.requests.clear()
    worker.ask("pull", repo=name)
    assert server.requests == [f"HEAD /{name}/resolve/main/config.json"]
    server.requests.clear()
    worker.ask("pull", repo=name, revision=commit)
    assert server.requests == []


def test_a_graph_comes_along_where_there_is_one_and_only_once(worker, server, repo, name):
    commit = repo.commit({"model.onnx": b"a graph"}, "with its graph")
    graph = f"GET /{name}/resolve/{commit}/model.onnx"
    for times in (1, 0):
        server.requests.clear()
        assert "result" in worker.ask("pull", repo=name)
        assert server.requests.count(graph) == times


def test_a_private_repository_opens_to_a_token(worker, repo, name):
    repo.private = True
    assert "result" in worker.ask("pull", repo=name, token=READER)


def test_files_that_lie_on_another_server_are_fetched_there_without_the_token(worker, repo, name):
    with HubServer() as repo.store:
        got = worker.ask("pull", repo=name, token=READER)["result"]
        asked = repo.store.requests
    assert got["weights"] == FILES["model.safetensors"].decode()
    assert [line.partition("/lfs")[0] for line in asked] == ["GET ", "GET "]


def test_a_connection_that_is_cut_once_is_taken_up_again(worker, repo, name):
    repo.trouble = "cut once"
    assert worker.ask("pull", repo=name)["result"]["config"] == "a config"


@pytest.mark.parametrize("trouble", ["rate limit", "out of order", "silent"])
def test_the_copy_in_the_cache_is_taken_while_the_hub_gives_no_answer(worker, repo, name, trouble):
    commit = worker.ask("pull", repo=name)["result"]["commit"]
    repo.trouble = trouble
    got = worker.ask("pull_impatiently", repo=name)
    assert got["result"]["commit"] == commit
    assert got["seconds"] < 5


def test_an_older_copy_outlives_a_newer_one_that_does_not_arrive(worker, repo, name):
    first = worker.ask("pull", repo=name)["result"]["commit"]
    later = repo.commit({"config.json": b"later", "model.safetensors": b"heavier"}, "later")
    del repo.commits[later]["model.safetensors"]
    assert "has no model.safetensors" in failure(worker.ask("pull", repo=name))
    repo.trouble = "silent"
    assert worker.ask("pull_impatiently", repo=name)["result"]["commit"] == first


# What is said when nothing arrives


def test_a_repository_that_is_not_there_is_named_and_may_be_private(worker, name):
    message = failure(worker.ask("pull", repo=name))
    assert f"there is no repository {name}" in message
    assert "private" in message
    assert "HF_TOKEN" in message


def test_a_private_repository_asks_to_log_in(worker, repo, name):
    repo.private = True
    assert "log in with `hf auth login`, or set HF_TOKEN" in failure(worker.ask("pull", repo=name))


def test_a_token_that_the_hub_does_not_know_is_said(worker, repo, name):
    assert "does not know this token" in failure(worker.ask("pull", repo=name, token="hf_mistyped"))


@pytest.mark.parametrize("token", [None, READER])
def test_a_gated_repository_says_where_to_ask_and_to_log_in(worker, server, repo, name, token):
    repo.trouble = "gated"
    message = failure(worker.ask("pull", repo=name, token=token))
    assert f"{name} is gated: ask for access at {server.url}/{name}" in message
    assert "HF_TOKEN" in message


@pytest.mark.parametrize("revision", ["v9", "0123456789ab", "f" * 40])
def test_a_revision_that_is_not_there_is_named(worker, repo, name, revision):
    message = failure(worker.ask("pull", repo=name, revision=revision))
    assert f"{name} has no revision '{revision}'" in message
    assert "40 characters" in message


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_not_there_is_named(worker, repo, name, file):
    del repo.files()[file]
    assert f"{name}@main has no {file}, so it is not a CityGAN checkpoint" in failure(
        worker.ask("pull", repo=name)
    )


def test_a_rate_limit_says_when_to_try_again(worker, repo, name):
    repo.trouble = "rate limit"
    message = failure(worker.ask("pull", repo=name))
    assert "limits the rate" in message
    assert "in 7 s" in message


def test_a_hub_out_of_order_says_its_status(worker, repo, name):
    repo.trouble = "out of order"
    assert "out of order (503)" in failure(worker.ask("pull", repo=name), "HubUnreachableError")


def test_a_silent_hub_is_not_waited_for(worker, repo, name):
    repo.trouble = "silent"
    message = failure(worker.ask("pull_impatiently", repo=name), "HubUnreachableError")
    assert f"cannot be reached for {name}" in message


def test_another_server_is_not_taken_for_the_hub(worker, repo, name):
    repo.trouble = "html"
    assert "does not answer as the Hub does" in failure(worker.ask("pull", repo=name))


def test_a_full_disk_is_named_with_the_folder(server, repo, name, tmp_path):
    with Worker(server.url, tmp_path / "cache") as worker:
        message = failure(worker.ask("pull_without_disk", repo=name, most_bytes=4000))
        assert "the disk is full" in message
        assert str(tmp_path / "cache") in message
        assert "HF_HOME" in message
        assert worker.ask("pull", repo=name)["result"]["config"] == "a config"


def test_a_connection_that_is_cut_again_and_again_is_said(server, worker, cut_pull):
    answer = cut_pull.result(timeout=60)
    assert answer["error"] == "CityGANError"
    assert "the connection was cut while someone/cut was downloaded" in answer["message"]
    server.repos["someone/cut"].trouble = ""
    assert worker.ask("pull", repo="someone/cut")["result"]["config"] == "a config"


def test_nobody_at_the_address_of_the_hub_is_said_at_once(name, tmp_path):
    with HubServer() as gone:
        pass
    with Worker(gone.url, tmp_path) as worker:
        message = failure(worker.ask("pull", repo=name), "HubUnreachableError")
    assert f"{gone.url} cannot be reached for {name}" in message


def test_offline_mode_takes_the_copy_and_says_what_it_lacks(server, cache, worker, repo, name):
    commit = worker.ask("pull", repo=name)["result"]["commit"]
    with Worker(server.url, cache, HF_HUB_OFFLINE="1") as offline:
        assert offline.ask("pull", repo=name)["result"]["commit"] == commit
        message = failure(offline.ask("pull", repo="someone/else"), "HubUnreachableError")
    assert "HF_HUB_OFFLINE is set, and someone/else is not in the cache" in message


# What a server that is not the Hub may try


@pytest.mark.parametrize("header", ["ETag", "X_Linked_ETag", "X_Repo_Commit"])
def test_nothing_that_a_server_says_names_a_file(server, tmp_path, name, header):
    home, outside = tmp_path / "a" / "b" / "home", "../../../../written"  # of `hub/models--.../blobs`
    server.repos[name] = repo = Repo()
    repo.commit(FILES, "add the checkpoint")
    repo.headers[header] = f'"{outside}"' if header != "X_Repo_Commit" else outside
    with Worker(server.url, home) as worker:
        answer = worker.ask("pull", repo=name)
    cached = home / "hub" / f"models--{name.replace('/', '--')}"
    found = {file for file in tmp_path.rglob("*") if file.is_file()}
    if header == "X_Repo_Commit":
        assert "does not answer as the Hub does" in failure(answer)
        assert not found
    else:
        assert answer["result"]["config"] == "a config"
        commit = cached / "snapshots" / repo.refs["main"]
        assert found == {commit / "config.json", commit / "model.safetensors", cached / "refs" / "main"}


@pytest.mark.parametrize("file", ["config.json", "model.onnx"])
def test_a_file_that_is_far_too_large_is_not_read_to_its_end(worker, repo, name, file):
    repo.commit({file: bytes(hub.MOST_BYTES[file] + 1)}, "a bomb")
    assert f"{file} of {name} has more than {hub.MOST_BYTES[file]:,} bytes" in failure(
        worker.ask("pull", repo=name)
    )


@pytest.mark.parametrize(
    "hub_id", ["streets", "a/b/c", "some one/streets", "a/b@", "a/b@/etc/x", "a/b@x/../../y", ""]
)
def test_what_is_no_hub_id_is_an_error_that_says_what_one_looks_like(hub_id):
    with pytest.raises(CityGANError, match="OWNER/NAME"):
        hub.split_id(hub_id)


def test_a_hub_id_may_name_a_revision():
    assert hub.split_id("someone/streets") == ("someone/streets", None)
    assert hub.split_id("someone/streets@trial/one") == ("someone/streets", "trial/one")
