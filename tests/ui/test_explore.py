"""Explore, in the browser."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, Route, expect

from aegan.images import to_uint8
from aegan.latent import interpolate, seed_noise, unusualness
from aegan.model import AEGAN
from aegan.provenance import read_provenance
from aegan.ui.explore import START_SEED
from tests.ui.steps import pixels, wait_for_change

PICTURE = "Picture made by the generator"


def first_picture(page: Page) -> str:
    """Waits until the model has drawn the first picture."""
    expect(page.get_by_role("img", name=PICTURE)).not_to_have_class("picture waiting")
    return pixels(page, PICTURE)


def slider_of(page: Page, n: int):
    return page.get_by_role("slider", name=f"Axis {n}", exact=True)


def value(page: Page, n: int) -> float:
    return float(slider_of(page, n).input_value())


def until_settled(page: Page) -> None:
    """Waits for what follows a movement: the link to save the picture is the last of it."""
    expect(page.locator(".explore .copy")).to_be_visible()


def shows(page: Page, wanted: str) -> None:
    page.wait_for_function(
        "([label, wanted]) => document.querySelector(`canvas[aria-label='${label}']`)?.toDataURL() === wanted",
        arg=[PICTURE, wanted],
    )


def test_sliders_move_the_picture(visit):
    page = visit()
    start = first_picture(page)
    slider, reset = slider_of(page, 1), page.get_by_role("button", name="Reset")
    expect(reset).to_be_disabled()
    own = value(page, 1)

    slider.focus()
    page.keyboard.press("ArrowRight")  # 0.1 σ
    assert abs(value(page, 1) - own - 0.1) < 0.011
    slider.fill("-3" if own > 0 else "3")
    assert wait_for_change(page, PICTURE, start) != start
    expect(slider).to_have_attribute("aria-valuetext", "-3.0 σ" if own > 0 else "3.0 σ")

    page.keyboard.press("Home")
    assert abs(value(page, 1) - own) < 0.011
    slider.fill("2")
    expect(reset).to_be_enabled()
    reset.click()
    expect(reset).to_be_disabled()
    shows(page, start)


def test_every_movement_can_be_undone(visit):
    page = visit()
    start = first_picture(page)
    undo, redo = page.get_by_role("button", name="Undo"), page.get_by_role("button", name="Redo")
    expect(undo).to_be_disabled()
    slider_of(page, 1).fill("2.5" if value(page, 1) < 0 else "-2.5")
    moved = wait_for_change(page, PICTURE, start)
    slider_of(page, 2).fill("2.5" if value(page, 2) < 0 else "-2.5")
    twice = wait_for_change(page, PICTURE, moved)
    undo.click()
    shows(page, moved)
    page.keyboard.press("Control+z")
    shows(page, start)
    expect(undo).to_be_disabled()
    redo.click()
    redo.click()
    shows(page, twice)
    expect(redo).to_be_disabled()


def test_a_locked_slider_keeps_its_value(visit):
    page = visit()
    start = first_picture(page)
    kept = value(page, 1)
    page.get_by_role("button", name="Lock Axis 1").click()
    expect(slider_of(page, 1)).to_be_disabled()
    page.get_by_role("button", name="Random").click()
    random = wait_for_change(page, PICTURE, start)
    assert value(page, 1) == kept
    slider_of(page, 2).fill("-3" if value(page, 2) > 0 else "3")
    wait_for_change(page, PICTURE, random)
    assert value(page, 1) == kept
    until_settled(page)
    assert "lock=axis-1" in page.url
    page.get_by_role("button", name="Unlock Axis 1").click()
    expect(slider_of(page, 1)).to_be_enabled()


def test_random_points_and_seeds(visit):
    page = visit()
    start = first_picture(page)
    seed = page.get_by_role("spinbutton", name="Seed")
    page.get_by_role("button", name="Random").click()
    random = wait_for_change(page, PICTURE, start)
    assert seed.input_value() != str(START_SEED)
    seed.fill(str(START_SEED))
    seed.press("Enter")
    assert wait_for_change(page, PICTURE, random) == start  # a seed is always the same picture
    gauge = page.get_by_role("meter", name="unusual")
    expect(gauge).to_have_attribute("aria-valuenow", str(int(gauge.get_attribute("aria-valuenow"))))
    expect(page.get_by_role("meter", name="looks real")).to_be_visible()


def test_a_link_leads_to_the_same_picture(visit):
    page = visit()
    start = first_picture(page)
    page.get_by_role("button", name="Random").click()
    random = wait_for_change(page, PICTURE, start)
    until_settled(page)
    again = visit(query="?" + page.url.partition("?")[2])
    assert first_picture(again) != start
    shows(again, random)
    broken = visit(query="?at=AAAA")
    expect(broken.get_by_text("The point in this link belongs to another model")).to_be_visible()
    shows(broken, start)


def test_a_lesson_hides_parts_and_says_a_sentence(visit):
    page = visit()
    first_picture(page)
    page.get_by_role("button", name="Link", exact=True).click()
    page.get_by_label("A sentence to read first").fill("Look at <b>this</b>.")
    panel = page.get_by_role("group", name="Link")
    panel.get_by_role("checkbox", name="Main axes").uncheck()
    panel.get_by_role("checkbox", name="Other tabs").uncheck()
    link = page.get_by_label("Address of this state").input_value()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    lesson = visit(query="?" + link.partition("?")[2])
    expect(lesson.get_by_text("Look at <b>this</b>.")).to_be_visible()
    expect(slider_of(lesson, 1)).to_be_hidden()
    expect(lesson.get_by_role("tab", name="Train")).to_be_hidden()
    expect(lesson.locator(".raw summary")).to_be_visible()


def test_a_saved_picture_opened_again_leads_to_its_point(visit):
    page = visit()
    start = first_picture(page)
    page.get_by_role("button", name="Random").click()
    random = wait_for_change(page, PICTURE, start)
    until_settled(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Save picture").click()
    content = Path(download.value.path()).read_bytes()
    assert read_provenance(content)["model"] == "tiny"
    page.get_by_role("button", name="Reset").focus()
    page.get_by_role("spinbutton", name="Seed").fill(str(START_SEED))
    page.keyboard.press("Enter")
    shows(page, start)
    file = {"name": "p.png", "mimeType": "image/png", "buffer": content}
    page.get_by_label("Open", exact=True).set_input_files(file)
    shows(page, random)
    file["buffer"] = b"nothing"
    page.get_by_label("Open", exact=True).set_input_files(file)
    expect(page.get_by_text("This picture does not say where it comes from")).to_be_visible()


def test_raw_numbers_move_the_picture_too(visit):
    page = visit()
    start = first_picture(page)
    page.locator(".raw summary").click()
    raw = page.get_by_role("slider", name="z1", exact=True)
    expect(raw).to_be_visible()
    page.wait_for_function("() => document.querySelector('#slider-raw-1').value !== '0'")
    raw.fill("3")
    wait_for_change(page, PICTURE, start)


def test_dragging_ends_at_the_last_position(visit):
    page = visit()
    start = first_picture(page)
    slider = slider_of(page, 2)
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    for share in range(50, 100, 2):
        page.mouse.move(box["x"] + box["width"] * share / 100, middle)
    page.mouse.up()
    wait_for_change(page, PICTURE, start)
    assert value(page, 2) > 2.5
    until_settled(page)
    shows(visit(query="?" + page.url.partition("?")[2]), pixels(page, PICTURE))


def test_the_page_and_the_server_draw_the_same(visit, tiny_model):
    """Drawn in the browser, the picture is within one grey level of torch's."""
    page = visit()
    first_picture(page)
    found = page.evaluate(
        """async () => {
            const decoder = await import(aegan.asset("js/decoder.js")), kit = await aegan.kit("tiny");
            const ready = new Promise((resolve) => aegan.on("decoder", resolve));
            decoder.prepare(kit);
            const who = await ready, { seedNoise } = await import(aegan.asset("js/space.js"));
            const points = [1, 2, 3, 4].map((seed) => seedNoise(seed, kit.z_dim));
            const drawn = await decoder.draw(kit, points);
            const grey = (picture) => [...picture.data].filter((_, i) => i % 4 === 0);
            return { who, realness: drawn.realness, pictures: drawn.pictures.map(grey) };
        }"""
    )
    assert found["who"] == "page"
    model = AEGAN.from_pretrained(tiny_model)
    with torch.no_grad():
        x = model.sample(0, noise=torch.stack([seed_noise(seed, 8) for seed in (1, 2, 3, 4)]))
        realness = float(model.realness(x)[0])
    ours = to_uint8(x).reshape(4, -1).astype(int)
    assert np.abs(ours - np.array(found["pictures"])).max() <= 1
    assert found["realness"] == pytest.approx(realness, abs=1e-3)


def test_after_the_first_movement_the_browser_draws(visit):
    page = visit()
    start = first_picture(page)
    slider_of(page, 1).fill("2.5" if value(page, 1) < 0 else "-2.5")
    moved = wait_for_change(page, PICTURE, start)
    page.evaluate(
        """async () => {
            const decoder = await import(aegan.asset("js/decoder.js"));
            if (!decoder.isReady("tiny")) await new Promise((resolve) => aegan.on("decoder", resolve));
        }"""
    )
    page.context.set_offline(True)  # nothing is asked of the server any more
    slider_of(page, 2).fill("2.5" if value(page, 2) < 0 else "-2.5")
    wait_for_change(page, PICTURE, moved)
    expect(page.get_by_text("drawn in your browser")).to_be_visible()
    expect(page.get_by_text("The server does not answer.")).to_be_hidden()


def test_without_webassembly_the_server_draws(visit):
    page = visit(without="WebAssembly")
    start = first_picture(page)
    slider_of(page, 1).fill("2.5" if value(page, 1) < 0 else "-2.5")
    wait_for_change(page, PICTURE, start)
    expect(page.get_by_text("drawn on the server")).to_be_visible()


def test_the_page_computes_as_the_core_does(visit):
    """Seeds, unusualness, arcs and packed points mean the same in assets/js/space.js as in Python."""
    page = visit()
    first_picture(page)
    found = json.loads(
        page.evaluate(
            """async () => {
                const s = await import(aegan.asset("js/space.js"));
                const points = [0, 1, 7, 2147483647].map((n) => s.seedNoise(n, 33));
                return JSON.stringify({
                    points,
                    unusual: points.map(s.unusualness),
                    arc: [0, 0.3, 1].map((t) => s.interpolate(points[1], points[2], t)),
                    again: points.map((p) => s.unpack(s.pack(p), 33)),
                    bad: ["", "AAAA", "%%", null, "A".repeat(999)].map((t) => s.unpack(t, 33)),
                });
            }"""
        )
    )
    ours = torch.stack([seed_noise(n, 33) for n in (0, 1, 7, 2**31 - 1)])
    assert torch.allclose(torch.tensor(found["points"]), ours, atol=1e-6)
    assert abs(float(ours.mean())) < 0.4 and 0.8 < float(ours.std()) < 1.2
    assert found["unusual"] == pytest.approx(unusualness(ours).tolist(), abs=1e-3)
    arc = interpolate(ours[1], ours[2], 11)[[0, 3, 10]]
    assert torch.allclose(torch.tensor(found["arc"]), arc, atol=1e-4)
    assert found["again"] == found["points"]
    assert found["bad"] == [None] * 5


def test_language_and_theme_switch_without_a_reload(visit):
    page = visit()
    first_picture(page)
    slider_of(page, 3).fill("1.5")
    page.get_by_label("Language").select_option("zh")
    expect(page.get_by_role("tab", name="探索")).to_be_visible()
    expect(page.get_by_role("button", name="随机", exact=True)).to_be_visible()
    assert page.get_by_role("slider", name="轴 3", exact=True).input_value() == "1.5"  # nothing was lost
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    page.get_by_role("tab", name="训练").click()
    expect(page.get_by_role("button", name="开始")).to_be_visible()
    expect(page.get_by_text("要学习的内容")).to_be_visible()

    before = page.evaluate("document.body.classList.contains('dark')")
    page.get_by_role("button", name="切换浅色/深色").click()
    assert page.evaluate("document.body.classList.contains('dark')") != before


def test_language_follows_browser_and_address(visit):
    expect(visit(locale="zh-CN").get_by_role("tab", name="探索")).to_be_visible()
    expect(visit(query="?lang=zh").get_by_role("button", name="随机", exact=True)).to_be_visible()


def test_a_server_that_is_away_is_asked_again(visit):
    page = visit(query="?server")  # which always draws there
    start = first_picture(page)
    page.context.set_offline(True)
    slider_of(page, 1).fill("2.5" if value(page, 1) < 0 else "-2.5")
    expect(page.get_by_text("The server does not answer.")).to_be_visible()
    page.context.set_offline(False)
    wait_for_change(page, PICTURE, start)
    expect(page.get_by_text("The server does not answer.")).to_be_hidden()


def test_a_phone_shows_everything(visit):
    page = visit(viewport={"width": 360, "height": 740}, has_touch=True)
    first_picture(page)
    for tab in ("Explore", "Reconstruct", "Compare", "Train"):
        page.get_by_role("tab", name=tab).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, f"{tab} is wider than the screen"


def test_a_model_changed_in_mid_drag_is_the_one_that_is_drawn(visit):
    page = visit(query="?server")  # what the browser draws can differ by a grey level
    first_picture(page)
    name = page.locator(".header .card").nth(1).locator("input").get_attribute("value")
    plain = page.url.partition("?")[0]
    page.goto(f"{plain}?server&model={name}")
    other = first_picture(page)

    page.goto(f"{plain}?server")
    first_picture(page)
    box = slider_of(page, 1).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"], steps=4)
    held = []

    def hold(route: Route) -> None:  # until the drag has gone on
        held.append(route) if "on_kit" in (route.request.post_data or "") else route.continue_()

    page.route("**/component_server/**", hold)
    with page.expect_request(lambda request: "on_kit" in (request.post_data or "")):
        page.evaluate("name => aegan.setModel(name)", name)
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"], steps=4)
    page.mouse.up()  # the slider that was held will be gone
    held[0].continue_()
    shows(page, other)
    until_settled(page)
    assert f"model={name}" in page.url
    expect(page.get_by_role("button", name="Reset")).to_be_disabled()


@pytest.mark.parametrize("width", [360, 1280])
def test_the_first_picture_is_in_its_place_before_the_page_is_built(visit, width):
    size = {"width": width, "height": 900}
    early = visit(java_script_enabled=False, viewport=size).locator(".first-look img").bounding_box()
    page = visit(viewport=size)
    first_picture(page)
    assert page.get_by_role("img", name=PICTURE).bounding_box() == pytest.approx(early, abs=0.5)
    expect(page.locator(".first-look")).to_have_count(0)
    assert visit(query="?seed=1", java_script_enabled=False).locator(".first-look").count() == 0
