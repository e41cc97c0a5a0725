"""Reconstruct, in the browser."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.steps import a_picture, pixels, wait_for_change


def upload(page: Page, content: bytes, name: str = "disc.png") -> None:
    page.get_by_label("Choose a picture").set_input_files({"name": name, "mimeType": "image/png", "buffer": content})


def message(page: Page, sentence: str) -> Locator:
    return page.get_by_role("alert").filter(has_text=sentence)


def test_an_upload_is_reconstructed_and_inverted_at_will(visit):
    page = visit("Reconstruct")
    empty = pixels(page, "Reconstruction")
    upload(page, a_picture())
    wait_for_change(page, "Reconstruction", empty)
    expect(page.get_by_text("PSNR", exact=False).first).to_be_visible()
    expect(page.get_by_text("784 values become 8")).to_be_visible()
    expect(page.get_by_role("img", name="Its code").locator("rect")).to_have_count(8)

    seen = pixels(page, "As the model sees it")
    page.get_by_role("radio", name="no", exact=True).check()
    plain = wait_for_change(page, "As the model sees it", seen)
    page.get_by_role("radio", name="automatically").check()
    assert wait_for_change(page, "As the model sees it", plain) == seen


def test_examples_and_pasting(visit):
    page = visit("Reconstruct")
    empty = pixels(page, "Reconstruction")
    page.get_by_role("button", name="Example:").first.click()
    first = wait_for_change(page, "Reconstruction", empty)
    page.evaluate(
        """bytes => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
            document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
        }""",
        list(a_picture()),
    )
    wait_for_change(page, "Reconstruction", first)


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
    page = visit("Reconstruct")
    upload(page, content, "bad.png")
    expect(message(page, sentence)).to_have_text(sentence)


def test_a_large_file_is_refused_before_it_is_sent(visit):
    page = visit("Reconstruct")
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
