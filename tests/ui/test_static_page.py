"""The page without a server, in a real browser, which gets files from Python's own web server and no more."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from canvas_driver import IDS, read_bytes
from PIL import Image
from playwright.sync_api import Page, expect
from static_page import save_with_graph, served
from studio_driver import another_one, choose, click, png

from citygan import Synthesizer, streets
from citygan.evaluation.metrics import compare
from citygan.palette import colorize
from citygan.publishing.space import space as command
from citygan.wire import canvas_size, checksum

UNLABELED, SKY, CAR = 0, 23, 26


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """The page of a tiny checkpoint in a folder of a web server, and what makes its photos in Python."""
    home = tmp_path_factory.mktemp("site")
    checkpoint = save_with_graph(home / "checkpoint")
    page = home / "served" / "here" / "page"
    command("someone/citygan", static=True, model=checkpoint.source, out=page, dry_run=True)
    with pytest.MonkeyPatch.context() as patch:  # in float32 on every processor, as in the browser
        patch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
        synthesizer = Synthesizer(checkpoint, "cpu")
    with served(home / "served") as (address, asked):
        yield SimpleNamespace(
            url=f"{address}here/page/",
            asked=asked,
            synthesizer=synthesizer,
            size=canvas_size(checkpoint.info),
            folder=page,
        )


@pytest.fixture
def requested(page: Page) -> list[str]:
    """The addresses that the page and its workers ask for."""
    addresses: list[str] = []
    page.context.on("request", lambda request: addresses.append(request.url))
    return addresses


@pytest.fixture
def studio(page: Page, requested: list[str], site: SimpleNamespace) -> Page:
    """The page with the photo of its first street."""
    page.goto(site.url)
    shot_of(page, streets.street("tree-lined road", *site.size))
    return page


def shot_of(page: Page, label_map: np.ndarray) -> np.ndarray:
    """The photo of a map, once it is there."""
    shot = page.locator(f'.cg-shot[data-crc32="{checksum(label_map)}"]')
    shot.wait_for()
    return opened(base64.b64decode(shot.get_attribute("src").partition(",")[2]))


def map_of(page: Page, site: SimpleNamespace) -> np.ndarray:
    return read_bytes(page, IDS).reshape(site.size[::-1])


def opened(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        return np.array(image)


def in_python(site: SimpleNamespace, label_map: np.ndarray, **asked) -> np.ndarray:
    """The photo of a map at the size that the generator sees."""
    info = site.synthesizer.info
    seen = Image.fromarray(label_map).resize((info.width_px, info.height_px), Image.Resampling.NEAREST)
    return site.synthesizer(np.array(seen), **asked)


def psnr(photo: np.ndarray, other: np.ndarray) -> float:
    assert photo.shape == other.shape
    return compare(photo, other).psnr


def download(page: Page, item: str) -> np.ndarray:
    click(page, "Download")
    with page.expect_download() as waiting:
        page.locator(f'[data-file="{item}"]').click()
    return opened(waiting.value.path().read_bytes())


def test_from_an_empty_map_to_the_photo_that_python_makes_and_no_request_leaves_the_folder(
    studio, site, requested
):
    header = studio.locator("header.cg-header")
    expect(header).to_contain_text("tiny, trained on drawn blocks · weights: for tests")
    expect(header).to_contain_text("runs on this device (WebAssembly)")
    expect(header).to_contain_text("What needs a server is not here: driving, ")
    expect(studio.get_by_role("button", name="Drive")).to_have_count(0)
    studio.get_by_role("switch", name="Fill gaps").uncheck()  # in Python nothing is filled
    studio.locator(".cg-stage").press("Delete")
    empty = np.full(site.size[::-1], UNLABELED, np.uint8)
    of_empty = shot_of(studio, empty)
    studio.locator(f'[data-id="{SKY}"]').click()
    stage = studio.locator(".cg-stage").bounding_box()
    left, right, top = stage["x"] + 20, stage["x"] + stage["width"] - 20, stage["y"]
    studio.mouse.move(left, top + 20)
    studio.mouse.down()
    for row in range(1, 8):
        studio.mouse.move(right if row % 2 else left, top + 20 + 20 * row, steps=3)
    studio.mouse.up()
    painted = map_of(studio, site)
    assert set(np.unique(painted)) == {UNLABELED, SKY}
    photo = shot_of(studio, painted)
    assert psnr(photo, in_python(site, painted)) >= 45
    assert psnr(photo, of_empty) < 40

    fetched = [address for address in requested if not address.startswith(("data:", "blob:"))]
    paths = [address.removeprefix(site.url) for address in fetched]
    files = {f.relative_to(site.folder).as_posix() for f in site.folder.rglob("*") if f.is_file()}
    assert set(paths) - {""} <= files
    assert "checkpoint/tiny.safetensors" in paths
    assert len(site.asked) >= len(set(paths))
    assert all(path.startswith("/here/page/") for path in site.asked)


def test_a_seed_and_a_light_make_the_photo_that_they_make_in_python(studio, site):
    street = streets.street("tree-lined road", *site.size)
    another_one(studio)
    studio.wait_for_selector('.cg-shot:not([data-seed=""])')
    seed = int(studio.locator(".cg-shot").get_attribute("data-seed"))
    assert psnr(shot_of(studio, street), in_python(site, street, seed=seed)) >= 45
    before = studio.locator(".cg-shot").get_attribute("src")
    click(studio, "dusk")
    expect(studio.locator(".cg-shot")).not_to_have_attribute("src", before)
    assert psnr(shot_of(studio, street), in_python(site, street, seed=seed, light="dusk")) >= 45


def test_files_to_download_are_made_in_the_page_without_loss(studio, site):
    street = streets.street("tree-lined road", *site.size)
    assert np.array_equal(download(studio, "labels_ids"), street)
    assert np.array_equal(download(studio, "labels_color"), colorize(street))
    photo = download(studio, "photo")
    assert psnr(photo, site.synthesizer(street)) >= 35  # a browser resizes otherwise than Pillow
    pair = download(studio, "pair")
    assert np.array_equal(pair, np.concatenate([photo, colorize(street)], 1))


def test_a_target_is_scored_as_python_scores_it(studio, site):
    street = streets.street("tree-lined road", *site.size)
    photo = in_python(site, street)
    target = (photo * 0.7 + 40 + 10 * np.sin(np.arange(photo.shape[1]) / 3)[:, None]).astype(np.uint8)
    choose(studio, "Add target", png(target))
    figures = studio.locator(".cg-scores .cg-figures")
    expect(figures).to_contain_text("PSNR")
    scores = compare(photo, target)
    said = figures.inner_text().split()
    assert float(said[1]) == pytest.approx(scores.ssim, abs=0.002)
    assert float(said[4]) == pytest.approx(scores.psnr, abs=0.1)
    assert "of 3 photos of a drive it never saw" in figures.inner_text()
    ssim_map = download(studio, "ssim_map")
    assert ssim_map.shape == street.shape
    assert ssim_map.mean() / 255 == pytest.approx(scores.ssim_map.clip(0, 1).mean(), abs=0.01)


def test_a_picture_of_a_map_opens_and_what_is_none_says_who_could_do_more(studio, site):
    said = studio.locator(".cg-message")
    for name, show in (("shops", colorize), ("square", np.asarray)):
        wanted = streets.street(name, *site.size)
        choose(studio, "Open", png(show(wanted)))
        shot_of(studio, wanted)
        assert np.array_equal(map_of(studio, site), wanted)
        expect(said).to_contain_text(f"{site.size[0]} x {site.size[1]}")
    expect(said).to_contain_text("Cityscapes label ids")
    camvid = np.array([(128, 128, 128), (64, 0, 128)], np.uint8)[np.indices((60, 90))[0] // 30]
    choose(studio, "Open", png(camvid))  # sky and car there
    expect(said).to_have_text("Read as CamVid colours, 90 x 60.")
    assert set(np.unique(read_bytes(studio, IDS))) == {SKY, CAR}
    choose(studio, "Open", png(np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)))
    expect(said).to_contain_text("none of a class; the app with a server")


def test_the_light_of_a_picture_is_read_in_the_page(studio, site):
    picture = np.full((40, 60, 3), (250, 160, 90), np.uint8)
    before = studio.locator(".cg-shot").get_attribute("src")
    choose(studio, "As in a photo", png(picture))
    expect(studio.locator(".cg-shot")).not_to_have_attribute("src", before)
    street = streets.street("tree-lined road", *site.size)
    wanted = in_python(site, street, light=site.synthesizer.light_of(picture))
    assert psnr(shot_of(studio, street), wanted) >= 45


def test_random_streets_come_from_those_that_were_drawn_ahead(studio, site):
    click(studio, "Streets")
    studio.get_by_label("Seed of the random street").fill("3")
    click(studio, "Random street")
    shot_of(studio, streets.random_street(3, *site.size))
    click(studio, "Streets")
    studio.get_by_label("Seed of the random street").fill("1234")
    click(studio, "Random street")
    expect(studio.locator(".cg-message")).to_contain_text("those of the seeds 0 to 23")
