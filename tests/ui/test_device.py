"""Photos made on the visitor's own device: the network runs in the browser, and nobody can tell."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from types import SimpleNamespace
from urllib.parse import urlsplit

import gradio as gr
import numpy as np
import pytest
import tiny
import torch
from imagefiles import opened
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect
from studio_driver import choose, click, png, score
from tabs import PATIENCE_MS

from citygan import streets
from citygan.checkpoint import Checkpoint
from citygan.runtime import runtime_files
from citygan.synthesis.browser import browser_files
from citygan.synthesis.onnx_graph import write_graph
from citygan.synthesis.synthesizer import Synthesizer
from citygan.ui.canvas import LabelCanvas
from citygan.ui.device import device_props
from citygan.ui.live import Live
from citygan.wire import checksum

LEAST_DB = 45
STREET = {"generator": "street-unet", "arguments": {"in_channels": 29, "width": 2, "depth": 6}}
STREET |= {"encoding": "classes", "norm_statistics": "instance", "height_px": 128, "aspect": 2.0}
# and no traffic signs, people or cars
UNET = {"seen": dict.fromkeys((0, 7, 8, 11, 17, 21, 23), 1 / 7), "aspect": 1.0}
UNET |= {"arguments": {"in_channels": 3, "width": 2, "dropout": 0.0}}
HERE = "this device, WASM"
IMITATED = (
    "--no-sandbox",
    "--enable-unsafe-webgpu",
    "--enable-unsafe-swiftshader",
    "--use-webgpu-adapter=swiftshader",
)


def serve_tiny(serve, folder, network, **changes) -> SimpleNamespace:
    """A studio with a real checkpoint that can be run on both sides."""
    assert runtime_files(), "make runtime brings what these tests run in the browser"
    checkpoint = Checkpoint.save(folder / "tiny", network, tiny.info(**changes), half=True)
    write_graph(checkpoint)
    with pytest.MonkeyPatch.context() as patch:  # in float32 on every processor
        patch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
        synthesizer = Synthesizer(checkpoint, "cpu")
    info, props = checkpoint.info, device_props(browser_files(checkpoint), "the server's CPU")
    live = Live(synthesizer, score, info, light_of=synthesizer.light_of)
    start = streets.street("avenue", info.width_px, info.height_px)
    with gr.Blocks() as blocks:
        LabelCanvas(start, info=info, server_functions=live.functions, streets=streets.NAMES, device=props)
    return SimpleNamespace(url=serve(blocks), synthesizer=synthesizer, info=info, start=start)


@pytest.fixture(scope="module")
def street(serve, tmp_path_factory) -> SimpleNamespace:
    network = tiny.settled_street_unet(2)
    lights = network.light.named()
    return serve_tiny(serve, tmp_path_factory.mktemp("street"), network, lights=lights, **STREET)


@pytest.fixture(scope="module")
def unet(serve, tmp_path_factory) -> SimpleNamespace:
    return serve_tiny(serve, tmp_path_factory.mktemp("unet"), tiny.settled_unet(width=2), **UNET)


def on_this_device(page: Page, url: str) -> list[str]:
    """Opens the page and has this device make the photos; returns what the page goes on to ask for."""
    asked: list[str] = []
    page.goto(url)
    page.wait_for_selector(".cg-shot")
    page.context.on("request", lambda request: asked.append(request.url))
    click(page, "this device")
    expect(page.locator(".cg-where-name")).to_have_text(HERE)
    return asked


def paint(page: Page, info, name: str) -> np.ndarray:
    """Replaces the map by a street of the canvas' size; returns what the generator sees of it."""
    size = page.evaluate(
        "(({ width, height }) => [width, height])(document.querySelector('.cg-studio').painter)"
    )
    drawn = streets.street(name, *size)
    script = "ids => document.querySelector('.cg-studio').painter.setMap(Uint8Array.fromBase64(ids), 'test')"
    page.evaluate(script, base64.b64encode(drawn.tobytes()).decode())
    page.wait_for_selector(f'.cg-shot[data-crc32="{checksum(drawn)}"]')
    resized = Image.fromarray(drawn).resize((info.width_px, info.height_px), Image.Resampling.NEAREST)
    return np.asarray(resized)


def photo(page: Page) -> np.ndarray:
    source = page.locator(".cg-shot").get_attribute("src")
    return opened(source)


def after(page: Page, button: str) -> np.ndarray:
    """The photo that a click brings; that of "Another one" is the first of four to choose from."""
    shown = page.locator(".cg-shot").get_attribute("src")
    click(page, button)
    if button == "Another one":
        page.locator(".cg-variant:not([aria-busy])").first.click()
    page.wait_for_function("shown => document.querySelector('.cg-shot').src !== shown", arg=shown)
    return photo(page)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return 10 * np.log10(255**2 / np.square(a.astype(float) - b).mean())


def renders(asked: list[str]) -> list[str]:
    return [url for url in asked if "component_server" in url]


def test_it_makes_the_servers_photos_in_the_same_light_and_from_the_same_seed(street, page):
    asked = on_this_device(page, street.url)
    seen = paint(page, street.info, "shops")
    plain = street.synthesizer(seen)
    assert plain.std() > 10
    assert psnr(photo(page), plain) > LEAST_DB

    dusk = street.synthesizer(seen, light="dusk")
    assert psnr(dusk, plain) < LEAST_DB
    assert psnr(after(page, "dusk"), dusk) > LEAST_DB

    after(page, "auto")
    drawn = after(page, "Another one")
    seed = int(page.locator(".cg-shot").get_attribute("data-seed"))
    another = street.synthesizer(seen, seed)
    assert psnr(another, plain) < LEAST_DB
    assert psnr(drawn, another) > LEAST_DB
    assert not renders(asked)


def test_it_runs_a_network_without_light_and_draws_unseen_classes_as_others(unet, page):
    on_this_device(page, unet.url)
    seen = paint(page, unet.info, "square")
    assert not set(np.unique(seen)) <= unet.info.seen_classes
    assert psnr(photo(page), unet.synthesizer(seen)) > LEAST_DB


def test_all_of_it_comes_from_the_pages_own_origin_and_once(street, open_page):
    page = open_page()
    page.goto(street.url)
    page.evaluate("caches.delete('citygan')")
    asked = on_this_device(page, street.url)
    files = {urlsplit(url).path.rpartition("/")[2] for url in asked}
    assert {"tiny.onnx", "tiny.safetensors", "ort-wasm-simd-threaded.wasm"} <= files
    page.reload()
    expect(page.locator(".cg-where-name")).to_have_text(HERE)  # it was chosen before
    paint(page, street.info, "junction")
    assert sum(url.endswith(".safetensors") for url in asked) == 1
    assert sum(url.endswith(".wasm") for url in asked) == 1
    hosts = {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(street.url).netloc}


def test_the_server_compares_its_photos_with_a_target(street, page):
    asked = on_this_device(page, street.url)
    choose(page, "Add target", png(street.synthesizer(street.start)))
    expect(page.locator(".cg-figures")).to_have_text(re.compile(r"SSIM 0\.9\d\d"))
    assert renders(asked)


def test_going_back_to_the_server_is_one_click(street, page):
    asked = on_this_device(page, street.url)
    click(page, "server")
    expect(page.locator(".cg-where-name")).to_have_text("the server's CPU")
    paint(page, street.info, "junction")
    assert renders(asked)


def test_a_device_that_fails_leaves_the_photos_to_the_server_with_one_sentence(street, page):
    on_this_device(page, street.url)
    fail = "() => { self.OffscreenCanvas = class { constructor() { throw Error('no memory'); } }; }"
    page.workers[0].evaluate(fail)
    paint(page, street.info, "junction")
    message = "This device makes no photos: no memory. The server makes them again"
    expect(page.locator(".cg-message")).to_have_text(message)
    expect(page.locator(".cg-where-name")).to_have_text("the server's CPU")


def test_files_that_break_off_leave_the_photos_to_the_server(unet, page):
    def break_off(route: Route) -> None:
        route.fulfill(body=route.fetch().body()[:1000])

    page.goto(unet.url)
    page.evaluate("caches.delete('citygan')")
    page.context.route("**/*.safetensors", break_off)
    click(page, "this device")
    expect(page.locator(".cg-message")).to_contain_text("tiny.safetensors broke off after 1000 of")
    page.context.unroute("**/*.safetensors")
    expect(page.get_by_role("button", name="server", exact=True)).to_have_attribute("aria-pressed", "true")
    paint(page, unet.info, "junction")


def test_there_is_no_switch_where_nothing_could_be_switched(studio):
    expect(studio.locator(".cg-where")).to_have_count(0)


@pytest.fixture(scope="module")
def graphics(browser: Browser) -> Iterator[Page]:
    """A tab of a Chromium whose graphics device is imitated in software: a page leaves that alone, for
    WebAssembly is quicker, and in this tab it does not."""
    chromium = browser.browser_type.launch(executable_path=shutil.which("chromium"), args=IMITATED)
    page = chromium.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.emulate_media(reduced_motion="reduce")
    page.route("**/device/webgpu.js*", any_device)
    yield page
    chromium.close()


def any_device(route: Route) -> None:
    route.fulfill(content_type="text/javascript", body="export const hasWebGPU = async () => true;")


def test_a_graphics_device_makes_torchs_photo(serve, tmp_path, graphics):
    """With two levels: each kind of layer is there, and its shaders are compiled in seconds."""
    network = tiny.settled_street_unet(2, depth=2)
    small = {"arguments": {"in_channels": 29, "width": 2, "depth": 2}, "width_px": 128, "aspect": 1.0}
    street = serve_tiny(serve, tmp_path, network, lights=network.light.named(), **STREET | small)
    graphics.goto(street.url)
    graphics.wait_for_selector(".cg-shot")
    click(graphics, "this device")
    expect(graphics.locator(".cg-where-name")).to_have_text("this device, WebGPU")
    seen = paint(graphics, street.info, "shops")
    plain = street.synthesizer(seen)
    assert plain.std() > 4
    assert psnr(photo(graphics), plain) > LEAST_DB
