"""Browser tabs for the tests of the page, and the errors that pages report in them."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, Page

DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PATIENCE_MS = 120_000  # for machines that have other things to do

_COMES, _GOES = "a page comes", "a page goes"
_MARK = f"console.debug('{_COMES}'); addEventListener('beforeunload', () => console.debug('{_GOES}'), true)"


class Tabs:
    """Tabs that tests borrow one after the other: the cache of a used one holds all that a page loads.

    Each has a context of its own, so that two that are lent at the same time are two visitors.
    """

    def __init__(self, browser: Browser):
        self._browser = browser
        self._free: list[tuple[dict[str, Any], Page]] = []
        self._lent: list[tuple[dict[str, Any], Page]] = []

    def borrow(self, **look: Any) -> Page:
        """A tab on an empty page, with nothing stored; `look` are Playwright's context options."""
        look = DESKTOP | look
        tab = next((tab for tab in self._free if tab[0] == look), None)
        if tab:
            self._free.remove(tab)
        else:
            page = self._browser.new_context(**look).new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.add_init_script(_MARK)
            tab = look, page
        tab[1].emulate_media(reduced_motion="reduce")  # or each first visit would be shown how to paint
        self._lent.append(tab)
        return tab[1]

    def give_all_back(self) -> list[str]:
        """Leaves the pages and forgets all of them; returns the errors that they reported."""
        errors = []
        while self._lent:
            look, page = self._lent.pop()
            for one in page.context.pages:  # what a page keeps as it goes may come after all is forgotten
                one.evaluate("Storage.prototype.setItem = () => {}")
            page.goto("about:blank")
            errors += errors_of(page)
            page.clear_page_errors()
            page.clear_console_messages()
            page.unroute_all(behavior="ignoreErrors")
            page.set_viewport_size(look["viewport"])
            page.emulate_media(color_scheme="null", reduced_motion="null")
            session = page.context.new_cdp_session(page)
            session.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
            session.detach()
            self._free.append((look, page))
        return errors

    def close_lent(self) -> None:
        """Closes the tabs of a test that failed: nobody knows what it left in them."""
        while self._lent:
            self._lent.pop()[1].context.close()


def errors_of(page: Page) -> list[str]:
    """What the pages in a tab reported as errors: exceptions, and lines in the console.

    When a page is left, Gradio's own files complain about the requests that end: then alone it is no error.
    """
    errors = [f"page error: {error}" for error in page.page_errors(filter="all")]
    going = True  # on the empty page, where a tab begins
    for message in page.console_messages(filter="all"):
        address = message.location["url"]
        if message.text in (_COMES, _GOES):
            going = message.text == _GOES
        elif message.type == "error" and not (going and "/assets/" in address):
            errors.append(f"console: {message.text} {address}")
    return [error for error in errors if not error.endswith("/favicon.ico")]  # outside of an app below a path
