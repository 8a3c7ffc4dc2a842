"""No file outside of the app's own is served, however it is asked for, and none of one visitor to another."""

from __future__ import annotations

import http.client
import io
import json
import os
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from citygan.checkpoint import SHIPPED
from citygan.ui.tempfiles import keep_private

SECRET = b"for nobody's eyes"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A picture that is there and may be read, but is none of the app's."""
    (tmp_path / "secret.png").write_bytes(SECRET)
    return tmp_path / "secret.png"


def ask(address: str, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    """An answer to a path as it stands: clients tidy up `..`."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def ways(file: Path) -> list[str]:
    """How a file could be asked for."""
    up = "../" * 12
    relative = os.path.relpath(file)
    names = [
        *(str(file), f"/{file}", f"//{file}", f"{up}{file}", relative, f"./{relative}", f"file://{file}"),
        *(
            f".gradio/{up}{file}",
            f".gradio\\..\\..\\{file}",
            f"{file}%00.png",
            f"{file}/.",
            f"%2e%2e/{up}{file}",
        ),
        *(
            f"{up}{file}".replace("/", "%2f"),
            f"{up}{file}".replace(".", "%2e"),
            f"{file}?x",
            f"\\\\?\\{file}",
        ),
        *(f"{keep_private().name}/../../{file}", f"{keep_private().name}{up}{file}"),
    ]
    routes = ("/gradio_api/file=", "/gradio_api/file/", "/file=", "/static/", "/assets/", "/svelte/")
    return [route + name for route in routes for name in names] + [
        f"/gradio_api/custom_component/a/client/..%2f..{file}/x",
        f"/?deep_link={up}{file.parent}",
        f"/config?deep_link={up}{file.parent}",
        f"/theme.css?path={file}",
        f"/pwa_icon/{up}{file}",
    ]


def test_no_way_leads_to_a_file_of_the_machine(whole_page, secret):
    for path in ways(secret):
        status, content = ask(whole_page, path)
        assert SECRET not in content, path
        assert status in (200, 400, 403, 404, 405), (status, path)  # 200 is the page without a deep link
    status, content = ask(whole_page, f"/gradio_api/file={secret}", Range="bytes=0-5")
    assert (status, SECRET[:5] in content) == (403, False)


@pytest.mark.parametrize(
    "name", ["app.py", "pyproject.toml", "citygan/ui/live.py", f"checkpoints/{SHIPPED.name}.json"]
)
def test_the_apps_own_sources_are_not_served_either(whole_page, name):
    assert ask(whole_page, f"/gradio_api/file={name}")[0] == 403


def test_a_link_in_the_folder_of_uploads_leads_nowhere(whole_page, secret):
    link = Path(keep_private().name) / "link.png"
    link.symlink_to(secret)
    try:
        status, content = ask(whole_page, f"/gradio_api/file={link}")
        assert (status, SECRET in content) == (403, False)
    finally:
        link.unlink()


def upload(address: str, name: str, content: bytes) -> str:
    """Uploads a file under any name; returns the path that Gradio answers with."""
    parts = (
        b'--cut\r\nContent-Disposition: form-data; name="files"; filename="%b"\r\n\r\n' % name.encode(),
        content + b"\r\n--cut--\r\n",
    )
    headers = {"Content-Type": "multipart/form-data; boundary=cut"}
    request = urllib.request.Request(f"{address}gradio_api/upload", b"".join(parts), headers)
    return json.load(urllib.request.urlopen(request))[0]


@pytest.mark.parametrize(
    "name", ["../../up.png", "/etc/cron.d/up.png", "..%2fup.png", "a" * 1000 + ".png", ".", "<b>.png"]
)
def test_an_upload_stays_in_the_folder_of_uploads_whatever_its_name(whole_page, name):
    path = Path(upload(whole_page, name, b"content of its own, " + name.encode()))
    assert path.resolve().is_relative_to(Path(keep_private().name).resolve())
    assert path.is_file()


def test_the_path_of_an_upload_cannot_be_guessed_without_its_content(whole_page):
    pictures = []
    for i in range(2):
        file = io.BytesIO()
        Image.fromarray(np.full((4, 4), i, np.uint8)).save(file, "PNG")
        pictures.append(Path(upload(whole_page, "map.png", file.getvalue())))
    one, other = pictures
    assert one.parent != other.parent
    assert len(one.parent.name) == 64  # SHA-256
    for guess in (one.parent.parent, one.parent):
        assert ask(whole_page, f"/gradio_api/file={guess}")[0] == 403  # no folder is listed


def test_html_that_was_uploaded_is_no_page_of_this_origin(whole_page):
    path = upload(whole_page, "page.html", b"<script>alert(1)</script>")
    with urllib.request.urlopen(f"{whole_page}gradio_api/file={path}") as answer:
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["content-type"] == "application/octet-stream"
