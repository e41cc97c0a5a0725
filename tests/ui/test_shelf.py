"""The shelf in Explore, and what is made of kept points, in the browser."""

import base64
import io
import json

import pytest
import torch
from PIL import Image
from playwright.sync_api import Page, expect

from aegan.film import walk
from aegan.provenance import read_provenance
from tests.ui.steps import pixels, wait_for_change
from tests.ui.test_explore import PICTURE, first_picture

TILES = "(part) => [...document.querySelectorAll(`.shelf .part.${part} .sheet canvas`)].map((c) => c.toDataURL())"
DRAWN = f"(part) => ({TILES})(part).every((url, i, all) => url.length > 200)"
KIN = "import(window.aegan.asset('js/kin.js'))"


def keep_seeds(page: Page, *seeds: int) -> list[str]:
    """Keeps the pictures of seeds; returns what they look like."""
    looks, look = [], first_picture(page)
    for seed in seeds:
        page.get_by_role("spinbutton", name="Seed").fill(str(seed))
        page.get_by_role("spinbutton", name="Seed").press("Enter")
        look = wait_for_change(page, PICTURE, look)
        page.locator("#shelf .here").get_by_role("button", name="Keep").click()
        looks.append(look)
        expect(page.locator("#shelf .cards img[src]")).to_have_count(len(looks))
    return looks


def use(page: Page, name: str) -> None:
    page.locator("#shelf .modes").get_by_text(name, exact=True).click()


def tick(page: Page, *places: int) -> None:
    for place in places:
        page.get_by_role("checkbox", name="Use Picture").nth(place).check()


def wait_until_shown(page: Page, look: str) -> None:
    page.wait_for_function(
        "([label, look]) => document.querySelector(`canvas[aria-label='${label}']`).toDataURL() === look",
        arg=[PICTURE, look],
    )


def test_kept_pictures_survive_a_reload_and_lead_back(visit):
    page = visit()
    expect(page.get_by_text("Found a picture that you like?")).to_be_visible()
    first, second = keep_seeds(page, 5, 6)
    name = page.get_by_role("textbox", name="Name").first
    name.fill("<b>Mine</b>")
    name.press("Enter")
    assert pixels(page, PICTURE) == second  # renaming leads nowhere

    page.reload()
    page.get_by_role("button", name="<b>Mine</b>: Go there").click()
    wait_until_shown(page, first)

    page.get_by_role("button", name="<b>Mine</b>: Go there").press("Delete")
    expect(page.locator("#shelf .cards li")).to_have_count(1)
    page.locator("#shelf .status").get_by_role("button", name="Undo").click()
    expect(page.locator("#shelf .cards li")).to_have_count(2)
    expect(page.get_by_role("button", name="<b>Mine</b>: Go there")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Picture 2: Go there")).to_be_focused()


def shelf_file(*points: object) -> bytes:
    return json.dumps({"format": "aegan-shelf", "version": 1, "points": list(points)}).encode()


def test_files_of_strangers_are_checked(visit):
    page = visit()
    keep_seeds(page, 5)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    own = json.loads(download.value.path().read_text())
    (point,) = own["points"]
    assert set(point) == {"model", "at", "name", "time"} and point["model"] == "tiny"

    short = base64.urlsafe_b64encode(bytes(2 * 7)).decode().rstrip("=")  # 7 numbers, where there are 8
    status, cards = page.locator("#shelf .status"), page.locator("#shelf .cards li")
    for content, sentence in [
        (b"{", "is no shelf"),
        (b"[" * 5000, "is no shelf"),
        (b"null", "is no shelf"),
        (b'{"format": "aegan-shelf", "points": {"length": 3}}', "is no shelf"),
        (b" " * (2**20 + 1), "larger than 1 MB"),
        (shelf_file(*[point] * 61), "at most 60 points"),
        (shelf_file(point | {"at": short}), "is no shelf"),
        (shelf_file(point | {"at": "<script>"}), "is no shelf"),
        (shelf_file(point | {"name": "x" * 41}), "is no shelf"),
        (shelf_file(point | {"name": {"toString": 1}}), "is no shelf"),
        (shelf_file(point, None), "is no shelf"),
        (shelf_file(point | {"model": "elsewhere"}), "0 added to the shelf. 1 belong to models that are not here"),
    ]:
        page.locator("#shelf .import input").set_input_files({"name": "a.json", "mimeType": "", "buffer": content})
        expect(status).to_contain_text(sentence)
        expect(cards).to_have_count(1)
        page.locator("#shelf .here").get_by_role("button", name="Keep").click()  # says something else in between
        expect(status).to_contain_text("on the shelf already")

    zeros = base64.urlsafe_b64encode(bytes(2 * 8)).decode().rstrip("=")
    good = shelf_file(point, point | {"at": zeros, "name": "<img src=x>", "time": "soon", "thumbnail": "javascript:1"})
    page.locator("#shelf .import input").set_input_files({"name": "a.json", "mimeType": "", "buffer": good})
    expect(status).to_contain_text("1 added to the shelf")  # the other one was there
    expect(page.locator("#shelf .cards img[src^='data:image/png']")).to_have_count(2)
    expect(page.get_by_role("textbox", name="Name").last).to_have_value("<img src=x>")


def test_a_path_plays_to_its_end_and_becomes_a_film(visit):
    page = visit()
    first, second = keep_seeds(page, 5, 6)
    use(page, "Path")
    expect(page.get_by_text("Tick two or more pictures")).to_be_visible()
    tick(page, 1, 0)
    page.get_by_role("slider", name="Frames per stretch").fill("6")
    expect(page.get_by_text("7 frames, 0.3 s")).to_be_visible()
    page.evaluate("window.seen = []; document.addEventListener('aegan:moved', (e) => seen.push(e.detail.noise))")
    page.get_by_role("button", name="Play").click()
    wait_until_shown(page, first)
    expect(page.get_by_role("slider", name="Place on the path")).to_have_attribute("aria-valuetext", "Frame 7 of 7")
    assert page.evaluate("seen.length") >= 3  # it went there, it did not jump
    page.locator("#explore button.undo").click()  # one step, back to where it started
    wait_until_shown(page, second)

    for name, kind in (("Save as WebP", "WEBP"), ("Save as GIF", "GIF")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        content = download.value.path().read_bytes()
        image = Image.open(io.BytesIO(content))
        image.load()  # WebP says only then how long a frame stays
        assert (image.format, image.n_frames, image.info["duration"]) == (kind, 7, 40)
        if kind == "WEBP":
            record = read_provenance(content)
            assert record["model"] == "tiny" and len(record["noise"]) == 2
        else:
            assert b"AI-generated" in image.info["comment"]


def test_variations_children_and_side_by_side(visit):
    page = visit()
    keep_seeds(page, 5, 6)
    page.locator("#shelf .parts").scroll_into_view_if_needed()
    page.wait_for_function(DRAWN, arg="variations")
    near = page.evaluate(TILES, "variations")
    assert len(near) == 24 and len(set(near)) > 12
    page.get_by_role("button", name="New variations").click()
    page.wait_for_function(
        f"([part, before]) => ({TILES})(part).every((url, i) => url !== before[i])", arg=["variations", near]
    )
    before = pixels(page, PICTURE)
    page.get_by_role("button", name="Variation 3", exact=True).click()
    wait_for_change(page, PICTURE, before)

    use(page, "Cross")
    tick(page, 0)
    expect(page.locator("#shelf .family figcaption")).to_have_text(["The picture above", "Picture 1"])
    tick(page, 1)
    expect(page.locator("#shelf .family figcaption")).to_have_text(["Picture 1", "Picture 2"])
    page.wait_for_function(DRAWN, arg="family")
    assert len(set(page.evaluate(TILES, "family"))) > 8
    page.get_by_role("button", name="Keep: Child 5").click()
    expect(page.locator("#shelf .cards li")).to_have_count(3)

    use(page, "Side by side")
    expect(page.locator("#shelf .beside-row figure")).to_have_count(2)
    expect(page.locator("#shelf .bars li")).to_have_count(8)
    expect(page.locator("#shelf .bars output").first).to_contain_text("σ")


@pytest.mark.parametrize("spherical", [True, False])
def test_geometry_of_the_page(visit, spherical):
    page = visit()
    first_picture(page)
    points = torch.randn(3, 8, generator=torch.Generator().manual_seed(0)).round(decimals=3)
    for loop in (False, True):
        frames = page.evaluate(
            f"async ([points, how]) => (await {KIN}).walk(points, how)",
            [points.tolist(), {"spherical": spherical, "loop": loop, "each": 5}],
        )
        assert torch.allclose(torch.tensor(frames), walk(points, 5, spherical, loop), atol=6e-4)  # the server's own

    a, b, random = points
    locked = torch.tensor([[1.0, 0, 0, 0, 0, 0, 0, 0], [0.6, 0.8, 0, 0, 0, 0, 0, 0]])
    for strength in (0.1, 0.7, 1.4):
        varied = page.evaluate(
            f"async (given) => (await {KIN}).vary(...given)", [a.tolist(), random.tolist(), strength, locked.tolist()]
        )
        assert torch.allclose(locked @ torch.tensor(varied), locked @ a, atol=2e-3)
        assert (torch.tensor(varied) - a).norm() > 0.05
    child = torch.tensor(
        page.evaluate(
            f"async (given) => (await {KIN}).cross(...given)",
            [a.tolist(), b.tolist(), 0.4, locked.tolist(), [True, False]],
        )
    )
    assert float(locked[0] @ child) == pytest.approx(float(locked[0] @ b), abs=2e-3)
    assert float(locked[1] @ child) == pytest.approx(float(locked[1] @ a), abs=2e-3)
