"""The map in Explore, in the browser, with a shipped model: it has named directions and an atlas."""

import numpy as np
from playwright.sync_api import Locator, Page, expect

READ = """([selector, x, y, size]) => {
  const canvas = document.querySelector(selector), side = size || canvas.width;
  return [...canvas.getContext("2d").getImageData(x * side, y * side, side, side).data];
}"""


def open_map(visit, **options: object) -> Page:
    page = visit(query="?model=fashion", **options)
    until_settled(page)  # the explorer above it has its full height
    plane_of(page).scroll_into_view_if_needed()
    until_drawn(page)
    return page


def plane_of(page: Page) -> Locator:
    return page.get_by_role("group", name="Map", exact=True)


def until_drawn(page: Page) -> None:
    until_settled(page)
    expect(plane_of(page)).to_have_attribute("aria-busy", "false")


def until_settled(page: Page) -> None:
    """The link to save the picture is the last thing that follows a movement."""
    expect(page.locator(".explore .copy")).to_be_attached()
    page.wait_for_function("document.querySelector('.explore .copy').hidden === false")


def value(page: Page, name: str) -> float:
    return float(page.get_by_role("slider", name=name, exact=True).input_value())


def click(page: Page, x: float, y: float) -> None:
    """Clicks where the two directions have these values."""
    box = plane_of(page).bounding_box()
    plane_of(page).click(position={"x": box["width"] * (x + 3) / 6, "y": box["height"] * (3 - y) / 6})


def tiles(page: Page) -> str:
    return page.locator(".map .tiles").evaluate("canvas => canvas.toDataURL()")


def test_a_click_leads_to_what_the_map_shows_there(visit):
    page = open_map(visit)
    start, undo = value(page, "Brightness"), page.get_by_role("button", name="Undo")
    rest = value(page, "Sleeves")
    drawn = tiles(page)
    expect(undo).to_be_disabled()

    centre = 3 * (2 * 6 + 1) / 9 - 3  # of the seventh of nine pictures
    click(page, centre, -centre)
    assert abs(value(page, "Brightness") - centre) < 0.02
    assert abs(value(page, "Width") + centre) < 0.02
    assert abs(value(page, "Sleeves") - rest) < 0.02  # the rest of the point stays
    until_settled(page)
    assert tiles(page) == drawn  # the plane is the same
    tile = np.array(page.evaluate(READ, [".map .tiles", 6, 6, 28]))
    picture = np.array(page.evaluate(READ, [".explore .picture", 0, 0, 0]))
    other = np.array(page.evaluate(READ, [".map .tiles", 1, 1, 28]))
    assert np.abs(tile - picture).mean() < 2 < np.abs(other - picture).mean()

    undo.click()
    expect(page.get_by_role("slider", name="Brightness", exact=True)).to_have_value(f"{start:g}")
    expect(undo).to_be_disabled()


def test_the_dot_is_dragged_and_undone_at_once(visit):
    page = open_map(visit)
    start = (value(page, "Brightness"), value(page, "Width"))
    dot, box = page.locator(".map .dot").bounding_box(), plane_of(page).bounding_box()
    x, y = dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2
    page.mouse.move(x + 4, y)  # not in its middle: it must not jump
    page.mouse.down()
    for share in (0.25, 0.5, 0.75, 1):
        page.mouse.move(x + 4 + share * (box["x"] - x + 40), y - share * 30)
    page.mouse.up()
    pixel = 6 / box["width"]
    assert abs(value(page, "Brightness") - (-3 + 40 * pixel)) < 0.05
    assert abs(value(page, "Width") - (start[1] + 30 * pixel)) < 0.05
    page.keyboard.press("Control+z")
    assert (value(page, "Brightness"), value(page, "Width")) == start


def test_arrow_keys_and_sliders_move_the_dot(visit):
    page = open_map(visit)
    across = page.get_by_role("slider", name="Place on the map across: Brightness")
    home = (value(page, "Brightness"), value(page, "Width"))
    click(page, 1, 1)
    across.focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowUp", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    assert abs(value(page, "Brightness") - 0.6) < 0.02
    assert abs(value(page, "Width") - 1.2) < 0.02
    expect(across).to_have_attribute("aria-valuetext", "Brightness +0.6 σ, Width +1.2 σ")

    page.get_by_role("slider", name="Brightness", exact=True).fill("-2")
    expect(across).to_have_value("-2")
    expect(across).to_have_attribute("aria-valuetext", "Brightness −2.0 σ, Width +1.2 σ")
    across.focus()
    page.keyboard.press("Home")
    assert abs(value(page, "Brightness") - home[0]) < 0.02
    assert abs(value(page, "Width") - home[1]) < 0.02


def test_another_direction_is_another_plane(visit):
    page = open_map(visit)
    before = tiles(page)
    page.get_by_label("Up", exact=True).select_option(label="Axis 1")  # which is not orthogonal to brightness
    until_drawn(page)
    assert tiles(page) != before
    click(page, -1.5, 2)
    assert abs(value(page, "Brightness") + 1.5) < 0.02
    assert abs(value(page, "Axis 1") - 2) < 0.02
    page.get_by_label("Up", exact=True).select_option(label="Brightness")  # the two change places
    assert page.get_by_label("Across", exact=True).locator("option:checked").inner_text() == "Axis 1"
    assert "map=axis-1%2Cbrightness" in page.url

    page.get_by_role("button", name="Lock Brightness").click()
    click(page, 1, 1)
    expect(page.get_by_text("Brightness cannot move here")).to_be_visible()
    assert abs(value(page, "Brightness") + 1.5) < 0.02
    assert abs(value(page, "Axis 1") - 1) < 0.02


def test_training_images_tell_their_class(visit):
    page = open_map(visit)
    page.get_by_text("Training images", exact=True).click()
    classes = page.get_by_role("list", name="What the training images are").get_by_role("button")
    expect(classes).to_have_count(10)
    counts = [int(text) for text in classes.locator("i").all_inner_texts()]
    assert sum(counts) == 1500
    cloud = page.locator(".map .cloud")
    before = cloud.evaluate("canvas => canvas.toDataURL()")
    classes.nth(1).focus()
    assert cloud.evaluate("canvas => canvas.toDataURL()") != before
    classes.nth(1).press("Enter")
    expect(classes.nth(1)).to_have_attribute("aria-pressed", "true")
    click(page, -1, 0)
    assert abs(value(page, "Brightness") + 1) < 0.02

    page.evaluate("window.aegan.setModel('tiny')")  # which has neither an atlas nor named directions
    expect(page.get_by_text("Training images", exact=True)).to_be_hidden()
    until_drawn(page)
    expect(page.get_by_role("slider", name="Place on the map upward: Axis 2")).to_be_attached()


def test_a_phone_draws_it_when_it_comes_into_sight(visit):
    width = 360
    page = visit(
        query="?model=fashion", viewport={"width": width, "height": 640}, has_touch=True, device_scale_factor=3
    )
    until_settled(page)
    expect(plane_of(page)).to_have_attribute("aria-busy", "true")
    plane_of(page).scroll_into_view_if_needed()
    until_drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".map .tiles").get_attribute("width") == str(6 * 28)  # six, whose pixels are whole there
    box = plane_of(page).bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    plane_of(page).tap(position={"x": box["width"] / 4, "y": box["height"] / 4})
    assert abs(value(page, "Brightness") + 1.5) < 0.03
    assert abs(value(page, "Width") - 1.5) < 0.03
