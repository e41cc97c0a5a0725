"""The header, in the browser."""

import re

from playwright.sync_api import expect

from aegan.ui.texts_errors import ERRORS
from tests.ui.steps import choose_model


def test_models_are_chosen_from_cards(visit):
    page = visit()
    current, cards = page.locator(".header .current"), page.get_by_role("radiogroup", name="Model")
    expect(current).to_contain_text("tiny")
    expect(current).to_contain_text("28 px")
    expect(cards).to_be_hidden()
    choose_model(page, "digits")
    expect(current).to_contain_text("MNIST")
    expect(cards).to_be_hidden()
    expect(page.locator(".explore").get_by_role("slider", name="Slant")).to_be_visible()  # Explore follows
    assert current.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 28


def test_cards_work_from_the_keyboard(visit):
    page = visit()
    current, cards = page.locator(".header .current"), page.get_by_role("radiogroup", name="Model")
    expect(current).to_contain_text("tiny")
    current.focus()
    page.keyboard.press("Enter")
    expect(cards.get_by_role("radio", name="tiny").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(current).to_contain_text("tiny-gan")
    expect(cards).to_be_visible()
    page.keyboard.press("Escape")
    expect(cards).to_be_hidden()
    expect(current).to_be_focused()


def test_what_is_wrong_is_said_in_chinese(visit):
    page = visit(query="?lang=zh")
    page.get_by_role("tab", name="重建").click()
    page.locator(".reconstruct input.file").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"}
    )
    expect(page.locator(".reconstruct .message")).to_have_text(
        "文件已损坏或不是图片：请使用 PNG、JPEG、WebP 或 GIF 文件。"
    )

    def fill(text: str, places: list[str]) -> str:
        return re.sub(r"\{\w+\}", lambda place: f"X{places.index(place[0])}", text)

    said = {english: re.findall(r"\{\w+\}", english) for english in ERRORS}
    given = page.evaluate(
        "sentences => sentences.map(window.aegan.say)", [fill(english, places) for english, places in said.items()]
    )
    for (english, places), chinese in zip(said.items(), given, strict=True):
        assert chinese == fill(ERRORS[english], places), english
    nested = page.evaluate("window.aegan.say(\"config.json: There is no option 'lrr'. Did you mean lr?\")")
    assert nested == "config.json：没有选项 'lrr'。您是想用 lr 吗？"


def test_the_tab_in_use_is_kept_on_reload(visit):
    page = visit("Compare")
    page.wait_for_url("**tab=compare**")
    page.reload()
    expect(page.get_by_role("tab", name="Compare")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#compare")).to_be_visible()
    page.get_by_role("tab", name="Explore").click()
    expect(page.locator(".explore")).to_be_visible()
    assert "tab=" not in page.url
