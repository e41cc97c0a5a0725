"""Saving a picture, in the browser: the file says what it is."""

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from playwright.sync_api import Page, expect

from aegan.images import to_uint8
from aegan.model import AEGAN
from aegan.provenance import read_provenance
from tests.ui.steps import a_picture


def saved(page: Page) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("link", name="Save picture").click()
    assert download.value.suggested_filename.startswith("tiny")
    return Path(download.value.path()).read_bytes()


def move_axis(page: Page, value: str) -> None:
    """Moves a slider, and waits for the link to the new picture: on the way there is none to follow."""
    link = page.get_by_role("link", name="Save picture")
    expect(link).to_be_visible()
    before = link.get_attribute("href")
    page.get_by_role("slider", name="Axis 1", exact=True).fill(value)
    page.wait_for_function(
        "before => { const { href } = document.querySelector('.explore a.save'); return href && href !== before; }",
        arg=before,
    )


def test_a_saved_picture_tells_its_model_and_numbers(visit, tiny_model):
    page = visit()
    move_axis(page, "2.5")
    first = read_provenance(saved(page))
    move_axis(page, "-2.5")
    content = saved(page)
    record = read_provenance(content)
    assert record["generated"] is True and record["model"] == "tiny" and record["data"] == "Fashion-MNIST"
    assert record["noise"] != first["noise"]
    model = AEGAN.from_pretrained(tiny_model)
    again = to_uint8(model.sample(0, noise=torch.tensor(record["noise"])))[0, ..., 0]
    difference = again.astype(int) - np.asarray(Image.open(io.BytesIO(content)).convert("L"))
    assert np.abs(difference).max() <= 1
    copy = page.locator(".explore .copy")  # what "save image as" takes
    assert copy.get_attribute("src") == page.get_by_role("link", name="Save picture").get_attribute("href")
    expect(page.get_by_text("Made by a model").first).to_be_visible()


def test_a_saved_reconstruction_tells_its_code(visit, tiny_model):
    page = visit("Reconstruct")
    picture = {"name": "disc.png", "mimeType": "image/png", "buffer": a_picture()}
    page.get_by_label("Choose a picture").set_input_files(picture)
    record = read_provenance(saved(page))
    assert record["model"] == "tiny" and "reconstruction" in record["description"]
    with torch.no_grad():
        again = to_uint8(AEGAN.from_pretrained(tiny_model).decode(torch.tensor(record["code"])))
    assert again.shape == (1, 28, 28, 1)
