"""The checkpoints at hand."""

import pytest

from citygan.errors import CityGANError
from citygan.synthesis.shelf import KEPT, Shelf, find_runs, short_name


def test_the_best_checkpoint_of_each_run_is_found(tmp_path):
    for run in ("b", "a", "table/citygan"):
        (tmp_path / run).mkdir(parents=True)
        for suffix in (".json", ".safetensors"):
            (tmp_path / run / f"best{suffix}").touch()
    (tmp_path / "unfinished").mkdir()
    (tmp_path / "unfinished" / "best.json").touch()
    assert find_runs(tmp_path) == [str(tmp_path / run / "best") for run in ("a", "b", "table/citygan")]


def test_without_runs_nothing_is_found(tmp_path):
    assert find_runs(tmp_path / "none") == []


def test_a_checkpoint_is_opened_once_and_the_first_never():
    opened = []
    shelf = Shelf("the open one", "first", ["a", "first"], lambda name: opened.append(name) or name.upper())
    assert shelf.names == ["first", "a"]
    assert [shelf("first"), shelf("a"), shelf("a")] == ["the open one", "A", "A"]
    assert opened == ["a"]


def test_the_checkpoint_used_longest_ago_is_dropped():
    opened = []
    names = [str(i) for i in range(KEPT + 1)]
    shelf = Shelf(None, "first", names, lambda name: opened.append(name) or name)
    for name in [*names, names[-1], names[0]]:
        shelf(name)
    assert opened == [*names, names[0]]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("runs/first/best", "first"),
        ("runs/table/citygan/best", "table/citygan"),
        ("checkpoints/camvid-unet", "camvid-unet"),
        ("elsewhere/last", "elsewhere/last"),
        ("runs/v1.2", "v1.2"),
    ],
)
def test_a_checkpoint_here_is_called_by_the_end_of_its_path(tmp_path, source, name):
    file = tmp_path / f"{source}.json"
    file.parent.mkdir(parents=True)
    file.touch()
    assert short_name(str(tmp_path / source)) == name


def test_an_id_of_the_hub_is_called_by_it():
    assert short_name("owner/name@v1.2") == "owner/name@v1.2"


def test_a_name_that_is_not_on_the_shelf_is_never_opened():
    shelf = Shelf(None, "first", [], lambda name: pytest.fail(f"opened {name}"))
    with pytest.raises(CityGANError, match="there is no checkpoint '/etc/passwd' here"):
        shelf("/etc/passwd")
