"""What a run leaves to look at is complete, and whole after a resume."""

from PIL import Image

from citygan.training.log import RunLog, draw_curves, read_log


def row(epoch, **more):
    return {"epoch": epoch, "images_seen": 3 * epoch, "val_ssim": 0.1 * epoch, "loss/l1": 1 / epoch} | more


def test_the_log_is_read_as_it_was_written(tmp_path):
    log = RunLog(tmp_path, 0)
    log.add(row(1))
    log.add(row(2))
    assert read_log(tmp_path) == [row(1), row(2)]
    assert (tmp_path / "metrics.csv").read_text().splitlines()[0] == "epoch,images_seen,val_ssim,loss/l1"
    assert list((tmp_path / "tensorboard").iterdir())


def test_a_folder_without_a_log_has_no_rows(tmp_path):
    assert read_log(tmp_path) == []


def test_a_resumed_log_goes_on_after_the_epoch_that_was_reached(tmp_path):
    first = RunLog(tmp_path, 0)
    for epoch in (1, 2, 3):
        first.add(row(epoch))
    second = RunLog(tmp_path, 2)
    assert [r["epoch"] for r in second.rows] == [1, 2]
    second.add(row(3, val_ssim=0.9))
    assert [(r["epoch"], r["val_ssim"]) for r in read_log(tmp_path)] == [(1, 0.1), (2, 0.2), (3, 0.9)]


def test_a_resumed_log_has_the_text_of_an_uninterrupted_one(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    log = RunLog(whole, 0)
    for epoch in (1, 2):
        log.add(row(epoch))
        RunLog(parts, epoch - 1).add(row(epoch))
    assert (parts / "metrics.csv").read_text() == (whole / "metrics.csv").read_text()


def test_a_row_may_bring_a_new_column(tmp_path):
    log = RunLog(tmp_path, 0)
    log.add(row(1))
    log.add(row(2, **{"loss/ssim": 0.5}))
    assert read_log(tmp_path) == [row(1), row(2, **{"loss/ssim": 0.5})]


def test_the_curves_are_a_png(tmp_path):
    draw_curves([row(1), row(2, **{"loss/ssim": 0.5})], tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as image:
        image.load()
        assert image.format == "PNG"
        assert image.width > 600


def test_nothing_temporary_is_left(tmp_path):
    RunLog(tmp_path, 0).add(row(1))
    draw_curves([row(1)], tmp_path / "curves.png")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["curves.png", "metrics.csv", "tensorboard"]
