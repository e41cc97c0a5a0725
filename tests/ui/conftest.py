"""The real page in a real browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.ui.serving import Site, open_site

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--js-flags=--liftoff-only --wasm-lazy-compilation",  # no time for code that draws two pictures to become fast
]  # fmt: skip
PATIENCE = 60_000  # milliseconds that a busy machine is waited for
DESKTOP = {"width": 1280, "height": 900}

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # all of one call of pytest have folders in one
        shared = shared.parent
    with open_site(tmp_path_factory.mktemp("site"), shared) as site:
        yield site


@pytest.fixture(scope="session")
def address(site: Site) -> str:
    return site.address


@pytest.fixture(scope="session")
def tiny_model(site: Site) -> Path:
    return site.model


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def left() -> list[Page]:
    """Pages that visitors have left. Loading one again takes a third of the time of a new one."""
    return []


@pytest.fixture
def visit(browser: Browser, address: str, left: list[Page]) -> Iterator[Callable[..., Page]]:
    """Opens the page as a new visitor, on a tab and with browser options of choice, perhaps
    without something that browsers have; no script may fail meanwhile."""
    plain, special, errors = [], [], []

    def note(error: Exception) -> None:
        errors.append(str(error))

    def open_page(
        tab: str | None = None, query: str = "", without: str | None = None, viewport: dict[str, int] = DESKTOP,
        **options: object,
    ) -> Page:  # fmt: skip
        is_plain = not without and not options
        page = left.pop() if is_plain and left else browser.new_context(viewport=viewport, **options).new_page()
        (plain if is_plain else special).append(page)
        page.set_viewport_size(viewport)
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", note)
        if without:
            page.add_init_script(f"delete window.{without}")
        page.goto(address + query)
        if tab:
            page.get_by_role("tab", name=tab).click()
        return page

    yield open_page
    for page in special:
        page.context.close()
    for page in plain:
        page.remove_listener("pageerror", note)
        forget(page, address)
        left.append(page)
    assert not errors


def forget(page: Page, address: str) -> None:
    """Makes a page's context forget its visitor; only files that stay the same stay in its memory."""
    page.unroute_all()
    page.goto("about:blank")
    page.mouse.move(0, 0)
    page.context.set_offline(False)
    page.context.clear_cookies()
    browser = page.context.new_cdp_session(page)
    browser.send("Storage.clearDataForOrigin", {"origin": address.rstrip("/"), "storageTypes": "all"})
    browser.detach()
