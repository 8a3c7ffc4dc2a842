"""The Compare and the Results tab, in a real browser."""

from dataclasses import replace
from functools import partial

import gradio as gr
import numpy as np
import pytest
from fakes import INFO, score, synthesize
from PIL import Image
from playwright.sync_api import expect
from test_accessibility import LOOKS, violations

from citygan.errors import CityGANError
from citygan.palette import colorize
from citygan.ui.canvas import LabelCanvas
from citygan.ui.compare import build_compare
from citygan.ui.gallery import MAPS, Gallery
from citygan.ui.live import Live
from citygan.ui.results import build_results, for_visitors, training_pictures
from citygan.ui.theme import CSS, make_theme

ROAD = 7
SCORED = replace(
    INFO,
    drives=("0016E5",),
    ssim={"val": 0.5, "test": 0.4},
    ssim_by_drive={"val": {"0016E5": 0.5}, "test": {"Seq05VD": 0.4}},
)


def open_model(name):
    if name == "broken":
        raise CityGANError("its weights are gone")
    return synthesize, replace(SCORED, name=name, parameters=2_000_000, epochs=3)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    (folder / "README.md").write_text(
        "# Systems\n\n![chart](table.png)\n\n| system | SSIM |\n|---|---|\n| a | 0.5 |\n\n"
        "Losses:\n\n![Loss curves](a/curves.png)\n\n![Gone](a/gone.png)\n\nThe end.\n"
    )
    (folder / "a").mkdir()
    for name in ("table.png", "a/curves.png"):
        Image.new("RGB", (64, 32)).save(folder / name)
    return folder


@pytest.fixture(scope="module")
def url(serve, results):
    with gr.Blocks() as blocks:
        gr.HTML('<header class="cg-header"><h1>CityGAN</h1></header>')  # in whose line the tabs stand
        with gr.Tab("Paint"):
            live = Live(synthesize, score, INFO)
            street = np.full((512, 682), ROAD, np.uint8)
            canvas = LabelCanvas(street, info=INFO, server_functions=live.functions)
        with gr.Tab("Compare"):
            build_compare(open_model, ["shipped", "other", "broken"], score, canvas)
        with gr.Tab("Results") as shown:
            gallery = Gallery(open_model, ["shipped", "broken"])
            build_results(SCORED, results, None, partial(gallery.build, shown))
    return serve(blocks, css=CSS, theme=make_theme())


def test_each_checkpoint_draws_the_painted_map_and_a_broken_one_says_why(url, page):
    page.goto(url)
    page.wait_for_selector(".cg-stage")
    page.get_by_role("tab", name="Compare").click()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator(".cg-card")).to_have_count(4)
    captions = page.locator(".cg-card figcaption").all_inner_texts()
    assert [c.split()[0] for c in captions] == ["Label", "shipped", "other", "broken:"]
    told = "2.0 M parameters, 3 epochs on Drawn, SSIM 0.400 on Seq05VD in test (never seen in training)"
    assert told in captions[1]
    assert captions[3] == "broken: its weights are gone"
    images = page.locator(".cg-card img")
    expect(images).to_have_count(3)
    for image in images.all():
        expect(image).to_have_js_property("naturalWidth", 512)


def test_a_pair_is_compared_with_its_own_photo(url, page, tmp_path):
    pair = np.zeros((256, 512, 3), np.uint8)
    pair[:, :256] = np.random.default_rng(0).integers(90, 120, (256, 256, 3))
    pair[:, 256:] = colorize(np.full((256, 256), ROAD, np.uint8))
    Image.fromarray(pair).save(tmp_path / "pair.png")
    page.goto(url)
    page.get_by_role("tab", name="Compare").click()
    page.get_by_role("button", name="Another map, or a target photo").click()
    page.locator(".tabitem:visible input[type=file]").first.set_input_files(tmp_path / "pair.png")
    page.get_by_role("button", name="Remove").or_(page.get_by_role("button", name="Clear")).first.wait_for()
    page.get_by_role("button", name="Compare", exact=True).click()
    cards = page.locator(".cg-card figcaption")
    expect(cards).to_have_count(5)
    expect(cards.nth(1)).to_contain_text("SSIM 0.500 · PSNR 20.0 dB")
    expect(cards.nth(4)).to_contain_text("the photo of the pair")


def test_without_a_checkpoint_there_is_an_error_that_says_so(url, page):
    page.goto(url)
    page.wait_for_selector(".cg-stage")
    page.get_by_role("tab", name="Compare").click()
    for name in ("shipped", "other", "broken"):
        page.get_by_label(name).uncheck()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_text("Choose at least one checkpoint.")).to_be_visible()


def test_the_table_is_shown_with_its_chart_and_its_pictures(url, page):
    page.goto(url)
    page.get_by_role("tab", name="Results").click()
    expect(page.get_by_role("cell", name="0.5", exact=True)).to_be_visible()
    expect(page.locator(".cg-results img:not(.cg-gallery img)")).to_have_count(2)
    labels = page.locator(".cg-results [data-testid='block-label']")
    assert [label.inner_text().strip() for label in labels.all()] == ["SSIM of each system", "Loss curves"]
    expect(page.get_by_text("The end.")).to_be_visible()
    tiles = page.locator(".cg-results .cg-figures > div").all_inner_texts()
    assert [tile.split("\n") for tile in tiles[:2]] == [
        ["SSIM, val 0016E5", "0.500", "trained on other photos of this drive"],
        ["SSIM, test Seq05VD", "0.400", "never seen in training"],
    ]


@pytest.mark.parametrize("width", [1440, 390])
def test_the_results_begin_with_the_same_five_streets_by_every_system(url, open_page, width):
    page = open_page(viewport={"width": width, "height": 844})
    page.goto(url)
    page.get_by_role("tab", name="Results").click()
    expect(page.locator(".cg-gallery-state")).to_have_text("All drawn on this machine.")
    heads = page.locator(".cg-gallery [role=columnheader]").all_inner_texts()
    assert [head.split("\n") for head in heads] == [
        ["Label map"],
        ["shipped", "3 epochs on Drawn, 2.0 M parameters"],
        ["broken"],
    ]
    photos = page.locator(".cg-gallery [role=cell] img")
    assert [photo.get_attribute("alt") for photo in photos.all()] == [f"{name}, by shipped" for name in MAPS]
    expect(page.get_by_text("its weights are gone").first).to_be_visible()
    gallery, chart = (page.locator(part).first.bounding_box() for part in (".cg-gallery", ".cg-chart"))
    assert gallery["y"] + gallery["height"] <= chart["y"]
    assert gallery["x"] + gallery["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)  # the page's header has it
    expect(page.locator(".cg-results code")).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS)
def test_neither_tab_has_violations_of_wcag(url, open_page, look):
    context, scheme = LOOKS[look]
    page = open_page(**context)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(url)
    page.wait_for_selector(".cg-stage")
    page.get_by_role("tab", name="Compare").click()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator(".cg-card")).to_have_count(4)
    assert violations(page) == []
    page.get_by_role("tab", name="Results").click()
    expect(page.locator(".cg-gallery-state")).to_have_text("All drawn on this machine.")
    assert violations(page) == []


def test_commands_are_not_for_visitors_and_headings_stay_below_the_pages():
    command = "Made by this command:\n\n```sh\npython train.py\n```"
    table = f"# Results\n\n{command}\n\nText. `python a.py b` does it here.\n"
    assert for_visitors(table) == "## Results\n\nText.\n"


def test_charts_are_not_white_in_the_dark(url, page):
    page.emulate_media(color_scheme="dark")
    page.goto(url)
    page.get_by_role("tab", name="Results").click()
    for chart in page.locator(".cg-results .cg-chart img").all():
        expect(chart).to_have_css("filter", "invert(0.9) hue-rotate(180deg)")


def test_the_label_of_a_picture_of_the_results_lies_above_it(url, page):
    page.goto(url)
    page.get_by_role("tab", name="Results").click()
    picture = page.locator(".cg-results .block", has_text="SSIM of each system")
    label, image = (picture.locator(part).bounding_box() for part in ("[data-testid='block-label']", "img"))
    assert label["y"] + label["height"] <= image["y"]


def test_the_newest_sample_grid_and_the_curves_are_found(tmp_path):
    (tmp_path / "samples").mkdir()
    for name in ("curves.png", "samples/epoch-0001.jpg", "samples/epoch-0002.jpg"):
        (tmp_path / name).touch()
    assert [p.name for p in training_pictures(tmp_path).values()] == ["curves.png", "epoch-0002.jpg"]
    assert training_pictures(tmp_path / "elsewhere") == {}
