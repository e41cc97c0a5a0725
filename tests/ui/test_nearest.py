"""Training images nearest to the explored picture, in the browser, and for programs."""

import base64
import re

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from playwright.sync_api import expect

from aegan.data import load_data
from aegan.images import to_model
from aegan.model import AEGAN
from aegan.provenance import read_provenance
from aegan.ui.models import CHECKPOINTS

ANY_VERDICT = re.compile("A new image|Very near|Unlike all")
TELL = "(at) => window.aegan.tell('settled', at)"


@pytest.fixture(scope="module")
def noise() -> list[list[float]]:
    """Where the shipped model of clothes puts a few training images."""
    model = AEGAN.from_pretrained(CHECKPOINTS / "fashion")
    images = load_data("fashion-mnist", full=False).train[:8]
    return model.to_noise(model.encode(to_model(images))).clamp(-9, 9).tolist()


def test_the_picture_is_shown_beside_training_images(visit, noise):
    page = visit()
    panel = page.locator("#nearest .nearest")
    expect(panel).to_be_attached()
    expect(panel).to_be_hidden()  # the small model has no index
    asked = []
    page.on("request", lambda request: asked.append(request.post_data or "") if request.method == "POST" else None)
    page.evaluate("window.aegan.setModel('fashion')")
    expect(panel).to_be_visible()
    panel.scroll_into_view_if_needed()
    page.evaluate(TELL, {"model": "fashion", "noise": noise[0]})
    pictures = panel.locator("img[src]")
    expect(pictures).to_have_count(7)
    expect(panel.get_by_role("meter", name="How near")).to_have_attribute("aria-valuetext", ANY_VERDICT)
    expect(panel).to_contain_text("12,000 training images")
    first = pictures.evaluate_all("images => images.map((image) => image.src)")
    assert len(set(first)) == 7
    assert read_provenance(base64.b64decode(first[0].partition(",")[2]))["generated"]

    page.evaluate(TELL, {"model": "fashion", "noise": noise[1]})
    expect(panel.locator(".own img")).not_to_have_attribute("src", first[0])
    page.evaluate("window.aegan.setLanguage('zh')")
    expect(panel).to_contain_text("训练图像")

    page.get_by_role("tab", name="Compare").or_(page.get_by_role("tab", name="比较")).click()
    expect(panel).to_be_hidden()
    before = sum('"on_nearest"' in body for body in asked)
    page.evaluate(TELL, {"model": "fashion", "noise": noise[2]})
    page.evaluate(TELL, {"model": "fashion", "noise": noise[3]})
    page.get_by_role("tab", name="Explore").or_(page.get_by_role("tab", name="探索")).click()
    expect(panel.locator(".own img")).not_to_have_attribute("src", first[0])
    assert before >= 2 and sum('"on_nearest"' in body for body in asked) <= before + 2, "asked while it was hidden"


def test_programs_find_them_too(address, noise):
    client = Client(address, verbose=False)
    answer = client.predict(noise=noise[0], model="fashion", api_name="/nearest")
    assert len(answer["tiles"]) == 6 and answer["count"] == 12_000 and answer["total"] == 60_000
    assert 0 <= answer["rank"] <= 100
    with pytest.raises(AppError, match="no index of its training images"):
        client.predict(noise=[0.0] * 8, model="tiny", api_name="/nearest")
