"""The header, in the browser."""

from playwright.sync_api import expect

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
