"""Reconstruct, in the browser: what the answer shows, and what can be done with a code."""

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from tests.ui.steps import a_picture, pixels, wait_for_change
from tests.ui.test_reconstruct import SEEN, drag, grey, upload


@pytest.fixture
def given(visit) -> Callable[..., Page]:
    """The tab with a picture of a disc in it."""

    def open_tab(query: str = "", **options: object) -> Page:
        page = visit("Reconstruct", query, **options)
        empty = pixels(page, "Reconstruction")
        upload(page, a_picture())
        wait_for_change(page, "Reconstruction", empty)
        return page

    return open_tab


def screen(where: Locator) -> np.ndarray:
    """The inner part of an element as it is on the screen, grey, on 28 x 28 squares."""
    image = Image.open(io.BytesIO(where.screenshot())).convert("L").resize((28, 28), Image.Resampling.BOX)
    return np.asarray(image).astype(int)[3:-3, 3:-3]


def psnr_of(page: Page) -> float:
    return float(page.locator(".reconstruct .psnr").inner_text().split()[1])


def test_before_and_after_by_key_and_by_pointer(given):
    page = given()
    slider, wipe = page.get_by_role("slider", name="Before and after"), page.locator(".reconstruct .wipe")
    after = screen(wipe)
    assert np.abs(after - grey(pixels(page, "Reconstruction"))[3:-3, 3:-3]).mean() < 6
    slider.press("End")
    assert np.abs(screen(wipe) - grey(pixels(page, SEEN))[3:-3, 3:-3]).mean() < 6
    expect(slider).to_have_attribute("aria-valuetext", "100 % of the input")
    slider.press("ArrowLeft")
    expect(slider).to_have_value("99")
    drag(page, wipe, (0.9, 0.5), (0.5, 0.5))
    expect(slider).to_have_value(re.compile("49|50|51"))
    half = screen(wipe)
    assert np.abs(half[:, 12:] - after[:, 12:]).mean() < 6 < np.abs(half[:, :9] - after[:, :9]).mean()


def test_refining_is_shown_live_and_can_be_taken_back(given):
    page = given()
    plain, before = pixels(page, "Reconstruction"), psnr_of(page)
    page.get_by_role("button", name="Refine").click()
    expect(page.locator(".reconstruct .said")).to_contain_text("Step 60 of 60: PSNR")
    assert psnr_of(page) > before
    assert pixels(page, "Reconstruction") != plain
    page.get_by_role("button", name="Back to the encoder's code").click()
    expect(page.locator(".reconstruct .psnr")).to_have_text(f"PSNR {before:.1f} dB")
    assert pixels(page, "Reconstruction") == plain


def test_refining_waits_for_the_picture(given):
    page = given()
    before = pixels(page, SEEN)
    page.evaluate(
        """() => {
            document.querySelector(".reconstruct input[value=off]").click();
            document.querySelector("button.refine").click();
        }"""
    )
    expect(page.locator(".reconstruct .said")).to_contain_text("Step 60 of 60: PSNR")
    assert pixels(page, SEEN) != before


def test_refining_can_be_cancelled(given):
    page = given()
    held: list[Route] = []
    asked = 0

    def hold(route: Route) -> None:
        nonlocal asked
        asked += "on_refine" in (route.request.post_data or "")
        if asked == 4 and not held:
            held.append(route)
        else:
            route.continue_()

    page.route("**/component_server**", hold)
    page.get_by_role("button", name="Refine").click()
    expect(page.locator(".reconstruct .said")).to_contain_text("Step 10 of 60")
    page.get_by_role("button", name="Cancel", exact=True).locator("visible=true").click()
    shown = pixels(page, "Reconstruction")
    expect(page.get_by_role("button", name="Refine")).to_be_enabled()
    held[0].continue_()
    page.get_by_role("button", name="Cycle").click()  # the server answers that after what was held
    expect(page.locator(".rounds li")).to_have_count(7)
    expect(page.locator(".reconstruct .said")).to_contain_text("Step 10 of 60")
    assert pixels(page, "Reconstruction") == shown
    assert asked == 4


def test_a_painted_over_region_is_filled_in_and_the_rest_stays(given):
    page = given()
    page.get_by_role("button", name="Fill in").first.click()
    run = page.locator(".run-fill")
    expect(run).to_be_disabled()
    mask = page.get_by_role("application", name="Paint over a part")
    drag(page, mask, (0.3, 0.5), (0.7, 0.5))
    run.click()
    expect(page.locator(".fill-said")).to_contain_text("Step 60 of 60: PSNR of what is visible")
    seen, filled = grey(pixels(page, SEEN)), grey(pixels(page, "Filled in"))
    changed = seen != filled
    assert changed[12:16, 8:20].mean() > 0.5
    assert not changed[:10].any() and not changed[18:].any()
    page.locator(".clear-mask").click()
    expect(run).to_be_disabled()


def test_a_code_is_taken_to_explore(given):
    page = given()
    page.evaluate("() => window.aegan.on('goto', (detail) => { window.went = detail; })")
    page.get_by_role("button", name="Edit in Explore").click()
    expect(page.get_by_role("tab", name="Explore")).to_have_attribute("aria-selected", "true")
    went = page.evaluate("() => window.went")
    assert went["model"] == "tiny" and len(went["noise"]) == 8
    drawn = "() => document.querySelector('canvas.reconstruction').toDataURL()"
    wanted = grey(page.evaluate(drawn))
    page.wait_for_function(
        """wanted => {
            const canvas = document.querySelector("#explore .frame .picture");
            if (canvas.width !== 28) return false;
            const { data } = canvas.getContext("2d").getImageData(0, 0, 28, 28);
            return wanted.every((value, i) => Math.abs(value - data[4 * i]) <= 2);
        }""",
        arg=wanted.ravel().tolist(),
    )


def test_a_morph_goes_from_one_picture_to_another(given):
    page = given()
    first = pixels(page, "Reconstruction")
    page.get_by_role("button", name="Morph with").click()
    slider = page.get_by_role("slider", name="Between")
    expect(slider).to_be_disabled()
    page.get_by_role("button", name="Example:").nth(2).click()
    expect(page.locator(".frames canvas")).to_have_count(7)
    second = pixels(page, "Reconstruction")
    assert second != first
    middle = pixels(page, "Between")
    slider.press("End")
    last = wait_for_change(page, "Between", middle)
    assert np.abs(grey(last) - grey(second)).max() <= 2
    slider.press("Home")
    assert np.abs(grey(wait_for_change(page, "Between", last)) - grey(first)).max() <= 2
    page.get_by_role("button", name="Play").click()
    wait_for_change(page, "Between", pixels(page, "Between"))
    page.get_by_role("button", name="Pause").locator("visible=true").click()
    expect(page.get_by_role("button", name="Play").locator("visible=true")).to_be_visible()


def test_a_cycle_shows_numbers(given):
    page = given()
    page.get_by_role("button", name="Cycle").click()
    rounds = page.locator(".rounds li")
    expect(rounds).to_have_count(7)
    expect(rounds.nth(1)).to_contain_text(re.compile(r"PSNR \d+\.\d dB\|z − ẑ\| \d+\.\d\d"))
    assert (
        grey(rounds.nth(1).locator("canvas").evaluate("c => c.toDataURL()")).tolist()
        == grey(pixels(page, "Reconstruction")).tolist()
    )
    expect(rounds.nth(1)).to_contain_text(page.locator(".reconstruct .psnr").inner_text())


def test_a_digit_is_foreign_to_the_model_of_clothes(visit):
    page = visit("Reconstruct", "?model=fashion")
    expect(page.locator(".reconstruct[data-ready]")).to_be_attached()
    meter = page.get_by_role("meter", name="How foreign")
    page.get_by_role("button", name="Example: fashion bag").click()
    expect(page.locator(".reconstruct .verdict")).to_contain_text("This looks like what the model knows")
    known = int(meter.get_attribute("aria-valuenow") or "")
    page.get_by_role("button", name="Example: digit five").click()
    expect(page.locator(".reconstruct .verdict")).to_contain_text("The model does not know such pictures")
    assert known < 90 < 98 <= int(meter.get_attribute("aria-valuenow") or "")


def test_another_model_looks_at_the_same_picture_and_a_phone_has_room(given):
    page = given(viewport={"width": 360, "height": 740})
    page.get_by_role("button", name="Fill in").first.click()
    shown = pixels(page, "Reconstruction")
    page.evaluate("() => window.aegan.setModel('tiny-autoencoder')")
    wait_for_change(page, "Reconstruction", shown)
    expect(page.locator(".panel.fill")).to_be_hidden()
    expect(page.get_by_text("784 values become 8")).to_be_visible()
    page.get_by_role("button", name="Draw").click()
    for panel in ("Fill in", "Morph with", "Cycle"):
        page.get_by_role("button", name=panel).first.click()
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
