"""What the tests of the page count as an error that a page reports, and what not."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route
from tabs import errors_of

GRADIO, OURS = "assets/index.js", "main.js"
AT_ONCE = "console.error('broken')"
ON_LEAVING = f"addEventListener('beforeunload', () => {AT_ONCE})"
PAGE = "<link rel=icon href=data:,><script src={}></script>"


def visit(page: Page, file: str, script: str) -> list[str]:
    """Opens and leaves a page with one script; returns the errors, which are the tab's no longer."""

    def answer(route: Route) -> None:
        if route.request.url.endswith(file):
            route.fulfill(content_type="text/javascript", body=script)
        else:
            route.fulfill(content_type="text/html", body=PAGE.format(file))

    page.route("http://page.test/**", answer)
    page.goto("http://page.test/")
    page.goto("about:blank")
    assert page.page_errors(filter="all") or "broken" in [m.text for m in page.console_messages(filter="all")]
    errors = errors_of(page)
    page.clear_page_errors()
    page.clear_console_messages()
    return errors


def test_what_gradio_logs_when_a_page_is_left_is_no_error(page):
    assert visit(page, GRADIO, ON_LEAVING) == []


@pytest.mark.parametrize(
    ("file", "script"),
    [(GRADIO, AT_ONCE), (GRADIO, "throw Error('broken')"), (OURS, AT_ONCE), (OURS, ON_LEAVING)],
)
def test_all_else_that_a_page_reports_is_an_error(page, file, script):
    [error] = visit(page, file, script)
    assert "broken" in error
