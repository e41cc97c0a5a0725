"""axe-core finds nothing serious on any tab, in both themes, at desktop and phone width."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.ui.steps import a_picture

TABS = ("Explore", "Reconstruct", "Compare", "Train")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"runOnly": {"type": "tag", "values": TAGS}}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "theme", "language"), [(1280, "light", "en"), (360, "dark", "zh")], ids=["desktop", "phone"]
)
def test_no_serious_violation(visit, width, theme, language):
    page = visit(query=f"?__theme={theme}&lang={language}", viewport={"width": width, "height": 900})
    expect(page.locator(".explore canvas.picture")).not_to_have_class("picture waiting")
    page.locator(".explore .link").click()
    found = []
    for index, name in enumerate(TABS):
        page.get_by_role("tab").nth(index).click()
        if name == "Explore":
            page.locator(".raw summary").click()
        if name == "Reconstruct":
            picture = {"name": "disc.png", "mimeType": "image/png", "buffer": a_picture()}
            page.locator("#reconstruct input[type=file]").first.set_input_files(picture)
            expect(page.locator(".reconstruct.filled")).to_be_visible()
        for violation in Axe().run(page, options=RULES).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                nodes = [node["target"][-1] + ": " + node["failureSummary"] for node in violation["nodes"][:3]]
                found.append(f"{name}: {violation['id']}: " + " | ".join(nodes))
    assert not found, "\n".join(found)
