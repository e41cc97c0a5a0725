"""Explore, in the browser."""

from playwright.sync_api import Page, expect

from tests.ui.steps import pixels, wait_for_change

PICTURE = "Picture made by the generator"


def first_picture(page: Page) -> str:
    """Waits until the model has drawn the first picture."""
    expect(page.get_by_role("img", name=PICTURE)).not_to_have_class("picture waiting")
    return pixels(page, PICTURE)


def test_sliders_move_the_picture(visit):
    page = visit()
    start = first_picture(page)
    slider = page.get_by_role("slider", name="Axis 1", exact=True)
    reset = page.get_by_role("button", name="Reset")
    expect(reset).to_be_disabled()
    own = float(slider.input_value())

    slider.focus()
    page.keyboard.press("ArrowRight")  # 0.1 σ
    assert abs(float(slider.input_value()) - own - 0.1) < 0.006
    slider.fill("-3" if own > 0 else "3")
    moved = wait_for_change(page, PICTURE, start)
    assert moved != start
    expect(slider).to_have_attribute("aria-valuetext", "-3.0 σ" if own > 0 else "3.0 σ")

    page.keyboard.press("Home")
    expect(reset).to_be_disabled()
    assert abs(float(slider.input_value()) - own) < 0.006

    slider.fill("2")
    expect(reset).to_be_enabled()
    reset.click()
    expect(reset).to_be_disabled()
    page.wait_for_function(
        "([label, start]) => document.querySelector(`canvas[aria-label='${label}']`).toDataURL() === start",
        arg=[PICTURE, start],
    )


def test_random_points_and_seeds(visit):
    page = visit()
    start = first_picture(page)
    seed = page.get_by_role("spinbutton", name="Seed")
    page.get_by_role("button", name="Random").click()
    random = wait_for_change(page, PICTURE, start)
    assert seed.input_value() != "1"

    seed.fill("1")
    seed.press("Enter")
    again = wait_for_change(page, PICTURE, random)
    assert again == start  # a seed is always the same picture

    gauge = page.get_by_role("meter", name="unusual")
    expect(gauge).to_have_attribute("aria-valuenow", str(int(gauge.get_attribute("aria-valuenow"))))
    expect(page.get_by_role("meter", name="looks real")).to_be_visible()


def test_dragging_ends_at_the_last_position(visit):
    page = visit()
    start = first_picture(page)
    slider = page.get_by_role("slider", name="Axis 2", exact=True)
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    for share in range(50, 100, 2):
        page.mouse.move(box["x"] + box["width"] * share / 100, middle)
    page.mouse.up()
    dragged = wait_for_change(page, PICTURE, start)
    value = slider.input_value()
    assert float(value) > 2.5
    slider.fill("0")
    wait_for_change(page, PICTURE, dragged)
    slider.fill(value)  # the same position again is the picture that the drag must end with
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_role("button", name="Reset")).to_be_disabled()


def test_language_and_theme_switch_without_a_reload(visit):
    page = visit()
    first_picture(page)
    slider = page.get_by_role("slider", name="Axis 3", exact=True)
    slider.fill("1.5")
    page.get_by_label("Language").select_option("zh")
    expect(page.get_by_role("tab", name="探索")).to_be_visible()
    expect(page.get_by_role("button", name="随机")).to_be_visible()
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
    expect(visit(query="?lang=zh").get_by_role("button", name="随机")).to_be_visible()


def test_a_server_that_is_away_is_asked_again(visit):
    page = visit()
    start = first_picture(page)
    slider = page.get_by_role("slider", name="Axis 1", exact=True)
    page.context.set_offline(True)
    slider.fill("2.5" if float(slider.input_value()) < 0 else "-2.5")
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
