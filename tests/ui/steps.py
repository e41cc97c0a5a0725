"""What several tests of the page do."""

import io

import numpy as np
from PIL import Image
from playwright.sync_api import Page


def a_picture() -> bytes:
    """A dark disc on white, as a PNG file."""
    y, x = np.mgrid[:120, :160]
    disc = np.where((x - 80) ** 2 + (y - 60) ** 2 < 1600, 30, 250).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(disc).save(buffer, "PNG")
    return buffer.getvalue()


def pixels(page: Page, label: str) -> str:
    """What a canvas with that label shows, as text, though it may be hidden."""
    return page.locator(f"canvas[aria-label='{label}']").first.evaluate("canvas => canvas.toDataURL()")


def choose_model(page: Page, name: str) -> None:
    """Opens the cards in the header and takes one."""
    page.locator(".header .current").click()
    page.locator(".header .card").filter(has_text=name).first.click()


def wait_for_change(page: Page, label: str, before: str) -> str:
    """Waits until a canvas shows something else; returns what it shows then."""
    page.wait_for_function(
        "([label, before]) => [...document.querySelectorAll('canvas')]"
        ".find((c) => c.getAttribute('aria-label') === label).toDataURL() !== before",
        arg=[label, before],
    )
    return pixels(page, label)
