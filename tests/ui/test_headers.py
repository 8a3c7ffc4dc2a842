"""What browsers are told with every answer, and that the page works with it and asks nobody else."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from citygan.ui.headers import content_policy


def headers_of(url: str, **request) -> dict[str, str]:
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, **request))
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return {name.lower(): value for name, value in answer.headers.items()}


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        ("", {}),
        ("?__theme=dark", {}),
        ("config", {}),
        ("theme.css", {}),
        ("robots.txt", {}),
        ("no/such/page", {}),
        ("gradio_api/proxy=https://a.hf.space", {}),
        ("gradio_api/file=/etc/passwd", {}),
        ("gradio_api/component_server", {"data": b"no json", "method": "POST"}),
        ("gradio_api/queue/join", {"data": b"{}", "method": "POST"}),
        ("gradio_api/upload", {"data": b"", "method": "POST"}),
        ("config", {"headers": {"Host": "evil.example"}}),
    ],
)
def test_every_answer_carries_them(whole_page, path, request_):
    headers = headers_of(whole_page + path, **request_)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    policy = headers["content-security-policy"]
    assert "default-src 'none'; " in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    assert (
        "frame-ancestors 'self' https://huggingface.co https://*.huggingface.co https://*.hf.space" in policy
    )
    assert "x-frame-options" not in headers  # which can name no other origin
    assert not re.search(r"https?://(?!huggingface\.co|\*\.huggingface\.co|\*\.hf\.space)", policy)


def test_only_scripts_inside_the_page_are_allowed_by_their_hashes():
    html = b"<script>one()</script><SCRIPT type='module' src='a.js'></SCRIPT><script\ndata-x>two()\n</script>"
    policy = content_policy(html + b"<b onclick=three()>")
    assert re.findall(r"'sha256-(.{6})", policy) == ["HR7iaa", "KUcSpv"]  # as `openssl dgst -sha256` has them
    assert "sha256" not in content_policy()


@pytest.fixture
def page_here(page: Page, whole_page: str) -> tuple[Page, list[str]]:
    """The page with a photo, and the hosts that it asks for anything."""
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.goto(whole_page)
    page.wait_for_selector(".cg-shot")
    return page, asked


def test_the_page_asks_no_other_origin(page_here, whole_page):
    page, asked = page_here
    page.get_by_role("tab", name="Upload").click()
    page.locator("#cg-examples img").first.click()
    expect(page.locator("#cg-photo img").first).to_be_visible()
    remote = [url for url in asked if urlsplit(url).scheme not in ("data", "blob")]
    assert remote
    assert {urlsplit(url).netloc for url in remote} == {urlsplit(whole_page).netloc}


def test_html_that_gets_into_the_page_runs_no_script_and_fetches_nothing_elsewhere(page_here):
    page, _ = page_here
    blocked = page.evaluate("""async () => {
        const seen = [];
        addEventListener("securitypolicyviolation", (e) => seen.push(e.effectiveDirective));
        document.body.insertAdjacentHTML("beforeend", `
            <img src="data:,x" onerror="window.ran = true">
            <img src="http://evil.example/x.png"><iframe src="http://evil.example"></iframe>`);
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
        await fetch("http://evil.example").catch(() => {});
        while (seen.length < 5) await new Promise((done) => requestAnimationFrame(done));
        return [window.ran ?? false, ...seen.sort()];
    }""")
    assert blocked == [False, "connect-src", "frame-src", "img-src", "script-src-attr", "script-src-elem"]
    page.clear_console_messages()  # in which the browser says so too
