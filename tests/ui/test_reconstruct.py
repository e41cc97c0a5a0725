"""Reconstruct, in the browser: ways in, and how a picture is made to fit."""

import base64
import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from aegan.provenance import read_provenance
from tests.ui.steps import a_picture, choose_model, pixels, wait_for_change

SEEN = "As the model sees it"


def upload(page: Page, *contents: bytes, name: str = "disc.png") -> None:
    files = [
        {"name": name.replace(".", f"{i}.", 1), "mimeType": "image/png", "buffer": c} for i, c in enumerate(contents)
    ]
    page.get_by_label("Choose a picture").set_input_files(files)


def message(page: Page, sentence: str) -> Locator:
    return page.get_by_role("alert").filter(has_text=sentence)


def grey(uri: str) -> np.ndarray:
    """What `pixels` gave, as [H, W]."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("L")).astype(int)


def quarters() -> bytes:
    """A wide picture: its middle square has a bright quarter at the upper left, on black."""
    image = np.zeros((120, 200), np.uint8)
    image[:60, 40:100] = 255
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def drag(page: Page, where: Locator, *places: tuple[float, float]) -> None:
    """With the pointer, through places given as shares of an element's box."""
    where.scroll_into_view_if_needed()
    box = where.bounding_box()
    assert box
    for i, (x, y) in enumerate(places):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5 if i else 1)
        if not i:
            page.mouse.down()
    page.mouse.up()


def wait_for_pixels(page: Page, wanted: dict[tuple[int, int], int]) -> None:
    """Waits until the model sees these brightnesses, or nearly, at (x, y)."""
    page.wait_for_function(
        """wanted => {
            const context = document.querySelector("canvas.input").getContext("2d");
            return wanted.every(([x, y, value]) => Math.abs(context.getImageData(x, y, 1, 1).data[0] - value) < 55);
        }""",
        arg=[[x, y, value] for (x, y), value in wanted.items()],
    )


@pytest.fixture
def page(visit) -> Page:
    """The tab, as soon as it listens."""
    page = visit("Reconstruct")
    expect(page.locator(".reconstruct[data-ready]")).to_be_attached()
    return page


def test_nothing_can_be_pressed_before_the_page_listens(visit):
    blank = visit(without="nothing")  # a page of its own, whose scripts were not fetched before
    held = []
    blank.route("**/reconstruct.js*", lambda route: held.append(route))
    with blank.expect_request("**/reconstruct.js*"):
        blank.reload()
        blank.get_by_role("tab", name="Reconstruct").click()
    button = blank.locator(".reconstruct .random")
    expect(button).to_be_visible()
    assert button.evaluate("button => { button.focus(); return document.activeElement !== button; }")
    (route,) = held
    route.continue_()
    button.click()
    expect(blank.locator(".reconstruct .psnr")).to_contain_text("dB")


def test_an_upload_is_reconstructed_and_inverted_at_will(page):
    empty = pixels(page, "Reconstruction")
    upload(page, a_picture())
    wait_for_change(page, "Reconstruction", empty)
    expect(page.locator(".reconstruct .psnr")).to_have_text(re.compile(r"PSNR \d+\.\d dB"))
    expect(page.locator(".reconstruct .ssim")).to_have_text(re.compile(r"SSIM -?\d\.\d\d"))
    expect(page.get_by_text("784 values become 8")).to_be_visible()
    expect(page.get_by_role("img", name="Its code").locator("rect")).to_have_count(8)
    expect(page.get_by_role("listitem").filter(has_text="light and dark exchanged")).to_be_visible()
    expect(page.locator(".reconstruct .familiar")).to_be_hidden()  # nobody measured this model

    seen = pixels(page, SEEN)
    page.get_by_role("radio", name="no", exact=True).check()
    plain = wait_for_change(page, SEEN, seen)
    assert np.abs(grey(plain) - (255 - grey(seen))).mean() < 20
    page.get_by_role("radio", name="automatically").check()
    assert wait_for_change(page, SEEN, plain) == seen


def test_a_picture_is_turned_and_cropped(page):
    empty = pixels(page, SEEN)
    upload(page, quarters())
    seen = wait_for_change(page, SEEN, empty)
    image = grey(seen)
    assert image[:12, :12].min() > 240 and image[16:].max() < 15 and image[:, 16:].max() < 15

    page.get_by_role("button", name="Turn").click()
    turned = wait_for_change(page, SEEN, seen)
    assert np.abs(grey(turned) - np.rot90(image, -1)).max() <= 5  # rounded between two passes of resizing
    for _ in range(3):
        turned = (page.get_by_role("button", name="Turn").click(), wait_for_change(page, SEEN, turned))[1]
    assert turned == seen

    crop = page.get_by_role("button", name="Crop: arrow keys move it")
    crop.press("ArrowLeft")  # the bright part moves to the right
    moved = wait_for_change(page, SEEN, seen)
    assert grey(moved)[:12, 0].max() < 200 and grey(moved)[:12, 2].min() > 240
    crop.press("Home")
    assert wait_for_change(page, SEEN, moved) == seen

    drag(page, crop, (0.5, 0.5), (0.9, 0.5))  # to the right, as far as the picture goes
    wait_for_pixels(page, {(2, 5): 255, (8, 5): 0})

    page.get_by_text("Crop in pixels").click()
    for field, value in (("left", "0"), ("top", "0"), ("side", "60")):  # a third of that is bright, on the right
        page.get_by_role("spinbutton", name=field, exact=True).fill(value)
    page.get_by_role("spinbutton", name="side", exact=True).press("Tab")
    wait_for_pixels(page, {(24, 14): 255, (10, 14): 0, (24, 27): 255})
    expect(page.get_by_role("spinbutton", name="side", exact=True)).to_have_value("60")


def test_a_sketch_is_drawn_erased_and_taken_back(page):
    page.get_by_role("button", name="Draw").click()
    pad = page.get_by_role("application", name="Drawing pad")
    drag(page, pad, (0.2, 0.5), (0.8, 0.5))
    wait_for_pixels(page, {(8, 14): 255, (21, 14): 255})  # the whole of it
    image = grey(pixels(page, SEEN))
    assert image[13:15, 8:20].min() > 200 and image[:9].max() < 15 and image[19:].max() < 15

    page.get_by_role("button", name="Eraser").click()
    drag(page, pad, (0.5, 0.2), (0.5, 0.8))
    wait_for_pixels(page, {(14, 14): 0, (8, 14): 255})
    page.locator(".pens").get_by_role("button", name="Undo").click()
    wait_for_pixels(page, {(14, 14): 255, (8, 14): 255})

    page.locator(".pens").get_by_role("button", name="Pen").click()
    for key in ("Space", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "Space"):
        pad.press(key)
    wait_for_pixels(page, {(14, 19): 255})
    page.locator(".pens").get_by_role("button", name="Clear").click()
    wait_for_pixels(page, {(10, 14): 0})


def test_a_stroke_of_very_many_points_is_bounded(page):
    page.get_by_role("button", name="Draw").click()
    pad, empty = page.get_by_role("application", name="Drawing pad"), pixels(page, SEEN)
    pad.evaluate(
        """pad => {
            pad.setPointerCapture = () => {};
            pad.hasPointerCapture = () => true;
            const box = pad.getBoundingClientRect();
            const send = (name, x, y) => pad.dispatchEvent(new PointerEvent(name, {
                pointerId: 1, button: 0, clientX: box.left + x * box.width, clientY: box.top + y * box.height,
            }));
            send("pointerdown", 0, 0);
            for (let i = 0; i < 10000; i++) send("pointermove", (i * 0.37) % 1, (i * 0.11) % 1);
            send("pointerup", 0, 0);
        }"""
    )
    wait_for_change(page, SEEN, empty)
    expect(page.locator(".reconstruct .message")).to_be_empty()


def test_a_frame_of_the_camera_is_taken(page):
    page.evaluate(
        """() => {
            const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 64 });
            const context = canvas.getContext("2d");
            context.fillStyle = "#fff";
            const paint = () => { context.fillRect(16, 16, 32, 32); requestAnimationFrame(paint); };
            paint();
            window.streams = [];
            navigator.mediaDevices.getUserMedia = async () => {
                window.streams.push(canvas.captureStream(30));
                return window.streams.at(-1);
            };
        }"""
    )
    empty = pixels(page, SEEN)
    page.get_by_role("button", name="Camera").click()
    page.wait_for_function("() => document.querySelector('.reconstruct video').videoWidth === 64")
    page.get_by_role("button", name="Take picture").click()
    image = grey(wait_for_change(page, SEEN, empty))
    assert image[14, 14] > 220 and image[2, 2] < 30
    assert page.evaluate("() => window.streams[0].getTracks().every((track) => track.readyState === 'ended')")


def test_a_refused_camera_is_hidden_with_one_sentence(page):
    page.evaluate("() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('NotAllowedError')); }")
    page.get_by_role("button", name="Camera").click()
    expect(message(page, "No camera can be used here")).to_be_visible()
    expect(page.get_by_role("button", name="Camera")).to_be_hidden()


def test_examples_pasting_and_test_images(page):
    empty, welcome = pixels(page, "Reconstruction"), page.get_by_role("heading", name="Give the model a picture")
    expect(welcome).to_be_visible()
    page.get_by_role("button", name="Try this example").click()
    tried = wait_for_change(page, "Reconstruction", empty)
    expect(welcome).to_be_hidden()
    expect(page.get_by_role("button", name="Example: photo tshirt")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Example:").first.click()
    first = wait_for_change(page, "Reconstruction", tried)
    page.evaluate(
        """bytes => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
            document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
        }""",
        list(a_picture()),
    )
    second = wait_for_change(page, "Reconstruction", first)
    page.get_by_role("button", name="Test image").click()
    wait_for_change(page, "Reconstruction", second)
    expect(page.get_by_role("img", name="Your picture")).to_be_visible()
    seen, given = (grey(pixels(page, name)) for name in (SEEN, "Your picture"))
    np.testing.assert_array_equal(seen, given)


@pytest.mark.parametrize("by_link", [True, False])
def test_what_is_shown_first_goes_through_the_chosen_model(visit, by_link):
    page = visit("Reconstruct", query="?model=digits" if by_link else "")
    expect(page.locator(".reconstruct[data-ready]")).to_be_attached()
    if not by_link:
        expect(page.get_by_text("the encoder keeps 8 numbers of 784")).to_be_visible()
        choose_model(page, "digits")
    expect(page.get_by_text("the encoder keeps 32 numbers of 784")).to_be_visible()
    expect(page.locator(".tour .numbers i")).to_have_count(32)
    loaded = "images => images.every((image) => image.complete && image.naturalWidth)"
    assert page.locator(".tour img").evaluate_all(loaded)
    page.get_by_role("button", name="Try this example").click()
    expect(page.get_by_role("button", name="Example: digit five")).to_have_attribute("aria-pressed", "true")


def test_several_pictures_make_a_table(page):
    upload(page, a_picture(), b"this is no picture", quarters(), name="<img src=x onerror=alert(1)>.png")
    rows = page.get_by_role("region", name="Several pictures").get_by_role("row")
    expect(rows).to_have_count(4)
    expect(rows.nth(3)).to_contain_text(re.compile(r"\d+\.\d dB\s*-?\d\.\d\d"))
    expect(rows.nth(2)).to_contain_text("This file is damaged or not a picture")
    expect(rows.nth(1).get_by_role("button")).to_have_text("<img src=x onerror=alert(1)>0.png")
    expect(rows.nth(1).locator("canvas")).to_have_count(2)
    wait_for_pixels(page, {(14, 14): 255})
    shown = pixels(page, SEEN)
    rows.nth(3).get_by_role("button").click()
    image = grey(wait_for_change(page, SEEN, shown))
    assert image[:12, :12].min() > 240 and image[16:].max() < 15

    with page.expect_download() as saved:
        page.get_by_role("button", name="Save sheet").click()
    sheet = Path(saved.value.path()).read_bytes()
    record = read_provenance(sheet)
    assert record["model"] == "tiny" and len(record["code"]) == 2
    assert Image.open(io.BytesIO(sheet)).size == (2 * (4 * 28 + 2) + 2, 2 * (4 * 28 + 2) + 2)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save table").click()
    with Path(saved.value.path()).open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.reader(file))
    assert [line[0] for line in table[1:]] == [f"<img src=x onerror=alert(1)>{i}.png" for i in range(3)]
    assert float(table[1][1]) > 0 and "damaged" in table[2][4] and table[3][5] == "tiny"

    upload(page, *[a_picture()] * 20)
    expect(message(page, "Only the first 16 pictures are taken")).to_be_visible()
    expect(rows).to_have_count(17)
    page.get_by_role("button", name="Close").click()
    expect(rows.first).to_be_hidden()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"this is no picture", "This file is damaged or not a picture: use a PNG, JPEG, WebP or GIF file."),
        (a_picture()[:60], "This file is damaged or not a picture: use a PNG, JPEG, WebP or GIF file."),
        (b"", "The file is empty: choose a picture."),
    ],
    ids=["text", "truncated", "empty"],
)
def test_a_bad_upload_gets_one_sentence(visit, content, sentence):
    page = visit("Reconstruct")  # at once, perhaps before any script is there
    upload(page, content, name="bad.png")
    expect(message(page, sentence)).to_have_text(sentence)


def test_a_large_file_is_refused_before_it_is_sent(page):
    page.get_by_label("Choose a picture").evaluate(
        """input => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(21 * 2 ** 20)], "large.png", { type: "image/png" }));
            input.files = data.files;
            input.dispatchEvent(new Event("change"));
        }"""
    )
    sentence = "This file is larger than 20 MB: choose a smaller picture."
    expect(message(page, sentence)).to_have_text(sentence)
