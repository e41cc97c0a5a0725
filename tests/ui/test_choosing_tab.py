"""Choosing what to train, in the browser."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.unit.test_uploads import pack, pictures


def chooser(page: Page):
    return page.get_by_role("region", name="What to train")


def test_own_images_are_shown_trained_on_and_leave_no_file(visit, tmp_path: Path):
    archive = tmp_path / "Alice.zip"
    archive.write_bytes(pack(pictures(20) | {"notes.txt": b"?"}))
    page = visit("Train")
    choose = chooser(page)
    choose.get_by_label("Data").select_option("own")
    expect(choose.get_by_text("Choose your images first.")).to_be_visible()
    expect(choose.get_by_role("button", name="Start")).to_be_disabled()
    choose.get_by_label("Choose a zip").set_input_files(archive)
    expect(choose.get_by_text("images to train on")).to_be_visible()
    expect(choose.get_by_text("Files that are no pictures: 1")).to_be_visible()
    assert choose.get_by_role("img", name="Some of your images").evaluate("image => image.naturalWidth") > 100
    choose.get_by_text("Weights and options").click()
    expect(choose.get_by_label("flip")).to_be_checked()  # few images are augmented
    for name, value in {"steps": "6", "width": "4", "batch_size": "8", "z_dim": "4"}.items():
        choose.get_by_label(name, exact=True).fill(value)
        choose.get_by_label(name, exact=True).press("Tab")
    choose.get_by_role("button", name="Start").click()
    expect(page.locator(".monitor[data-status=finished]")).to_be_visible()
    expect(page.get_by_role("img", name="Reconstructions").first).to_be_visible()
    assert "Alice" not in page.url and "train=own*aegan" in page.url


def test_a_link_brings_a_choice_back_and_strange_values_are_refused(visit):
    page = visit(query="?train=ring*gan*gamma-0.25*flip-true")
    choose = chooser(page)
    expect(choose.get_by_label("Objective")).to_have_value("gan")
    expect(choose.get_by_label("Data")).to_have_value("ring")
    choose.get_by_text("Weights and options").click()
    expect(choose.get_by_label("gamma", exact=True)).to_have_value("0.25")
    expect(choose.get_by_label("flip")).to_be_checked()
    choose.get_by_label("steps", exact=True).fill("900")
    choose.get_by_label("steps", exact=True).press("Tab")
    page.wait_for_url("**train=ring*gan*gamma-0.25*steps-900*flip-true**")
    choose.get_by_label("width", exact=True).fill("65")
    choose.get_by_label("width", exact=True).press("Tab")
    expect(choose.get_by_text("width can be at most 64 on this page, not 65.")).to_be_visible()
    expect(choose.get_by_role("button", name="Start")).to_be_disabled()
    choose.get_by_role("button", name="Back to the recipe").click()
    expect(choose.get_by_role("button", name="Start")).to_be_enabled()
    strange = visit(query="?train=ring*gan*lr-nan")
    expect(chooser(strange).get_by_text("lr must be a finite number, not nan.")).to_be_visible()
    expect(chooser(strange).get_by_label("Data")).to_have_value("fashion-mnist")


def test_a_slider_reaches_as_far_as_its_value(visit):
    page = visit(query="?train=fashion-mnist*aegan*rec-40")
    choose = chooser(page)
    choose.get_by_text("Weights and options").click()
    number, slider = choose.get_by_label("rec", exact=True), choose.locator("[type=range][aria-label^='rec:']")
    expect(number).to_have_value("40")
    expect(slider).to_have_value("40")
    slider.fill("5")
    page.wait_for_url("**train=fashion-mnist*aegan*rec-5**")
    expect(slider).to_have_attribute("max", "40")  # the way back is still there
    choose.get_by_label("Data").select_option("avatars")
    expect(number).to_have_value("7.9")
    expect(slider).to_have_attribute("max", "10")
