"""A run's model, in the browser: its owner explores it, reconstructs with it, downloads it, goes on from the file."""

import re
import zipfile

import pytest
from playwright.sync_api import Page, expect

from tests.ui.steps import pixels, wait_for_change

PICTURE = "Picture made by the generator"


def button(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def go_on(page: Page, files, found: str, steps: str) -> None:
    """Trains from files to the end."""
    button(page, "Continue from a file").click()
    page.locator("#after-bring input[type=file]").set_input_files(files)
    expect(page.get_by_text(found)).to_be_visible()
    page.get_by_label("Further steps").fill(steps)
    button(page, "Go on training").click()
    expect(page.locator(".monitor[data-status=finished]")).to_be_visible()


@pytest.mark.slow
def test_a_run_is_its_owner_s_own_model(visit, tiny_model, tmp_path):
    page = visit("Train")
    opens = button(page, "Open in Explore")
    expect(opens).to_be_disabled()
    expect(page.get_by_text("There is no run of yours yet: press Start.")).to_be_visible()
    files = [tiny_model / "config.json", tiny_model / "model.safetensors"]
    go_on(page, files, "A new run begins with these weights", "3")

    opens.click()
    expect(page.get_by_role("tab", name="Explore")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".header .current")).to_contain_text("Your run")
    expect(page).to_have_url(re.compile(r"model=run-[0-9a-f]{10}&"))
    slider = page.get_by_role("slider", name="Axis 1", exact=True)
    before = pixels(page, PICTURE)
    slider.fill("3" if float(slider.input_value()) < 0 else "-3")
    wait_for_change(page, PICTURE, before)
    link = page.url

    page.get_by_role("tab", name="Train").click()
    button(page, "Open in Reconstruct").click()
    expect(page.get_by_role("tab", name="Reconstruct")).to_have_attribute("aria-selected", "true")
    button(page, "Test image").click()
    expect(page.locator(".reconstruct .psnr")).to_contain_text("dB")

    stranger = visit(query="?" + link.partition("?")[2])
    expect(stranger.get_by_text("This link leads to a run of another visitor")).to_be_visible()
    stranger.locator(".header .current").click()
    expect(stranger.get_by_role("radio", name="Your run")).to_have_count(0)
    secret = page.evaluate("window.aegan.own().name")
    assert secret not in link + stranger.content() and not stranger.evaluate("window.aegan.own()")

    page.goto(link)  # its owner comes back by it
    expect(page.locator(".header .current")).to_contain_text("Your run")
    page.get_by_role("tab", name="Train").click()
    button(page, "Download").click()
    page.get_by_role("checkbox", name="With the full state").check()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save (").click()
    file = tmp_path / "mine.zip"
    download.value.save_as(file)
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None

    go_on(page, file, "The full state of its training is there", "2")
    expect(page.locator(".monitor .numbers")).to_contain_text("step 5 of 5")
