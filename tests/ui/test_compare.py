"""Compare, in the browser: pictures side by side, and the study below them."""

from playwright.sync_api import Locator, Page, expect

from tests.ui.steps import choose_model

ROWS = ("AE-GAN", "GAN", "Autoencoder")


def strip(page: Page, name: str, what: str) -> Locator:
    return page.get_by_role("img", name=f"{name}: {what}", exact=True)


def sources(page: Page, name: str, what: str) -> list[str]:
    """The eight pictures of a strip, once they are there."""
    box = strip(page, name, what)
    expect(box.locator("img[src]")).to_have_count(8)
    return box.locator("img").evaluate_all("images => images.map((image) => image.src)")


def column(page: Page, heading: str) -> list[str]:
    """What the table shows under a heading, from top to bottom."""
    heads = [text.strip(" ↑↓") for text in page.locator(".study thead th").all_inner_texts()]
    return page.locator(f".study tbody tr > :nth-child({heads.index(heading) + 1})").all_inner_texts()


def test_new_noise_changes_every_row_and_a_link_brings_it_back(visit):
    page = visit("Compare")
    first = {name: sources(page, name, "eight pictures, seeds 1 to 8") for name in ROWS}
    assert all(len(set(pictures)) == 8 for pictures in first.values())

    page.get_by_role("button", name="New noise").click()
    seed = int(page.locator("#compare").get_by_role("spinbutton", name="Seed").input_value())
    assert seed != 1
    what = f"eight pictures, seeds {seed} to {seed + 7}"
    second = {name: sources(page, name, what) for name in ROWS}
    assert all(not set(second[name]) & set(first[name]) for name in ROWS)
    assert f"noise={seed}" in page.url

    walk = page.get_by_role("button", name="Walk")
    walk.click()
    expect(walk).to_have_attribute("aria-pressed", "true")
    path = {name: sources(page, name, f"a path from seed {seed} to seed {seed + 7}") for name in ROWS}
    assert all(path[name][3] != second[name][3] for name in ROWS)

    again = visit("Compare", query=page.url[page.url.index("?") :])
    assert path == {name: sources(again, name, f"a path from seed {seed} to seed {seed + 7}") for name in ROWS}


def test_reconstructions_stand_below_the_same_test_images(visit):
    page = visit("Compare")
    real = sources(page, "Real images", "eight test images")
    made = {name: sources(page, name, "eight reconstructions") for name in ("AE-GAN", "Autoencoder")}
    expect(strip(page, "GAN", "eight reconstructions")).to_have_count(0)  # it has no encoder
    expect(page.get_by_text("dB here")).to_have_count(2)
    page.get_by_role("button", name="Other images").click()
    page.wait_for_function(  # the last strip is the last to change; single images may be drawn again
        "before => [...[...document.querySelectorAll('.strip.reconstructions')].at(-1).children]"
        ".some((image, k) => image.src !== before[k])",
        arg=made["Autoencoder"],
    )
    assert sources(page, "Real images", "eight test images") != real
    assert sources(page, "AE-GAN", "eight reconstructions") != made["AE-GAN"]


def test_the_table_switches_sorts_and_marks_the_best(visit):
    page = visit("Compare")
    expect(page.get_by_text("Each trained for 80 s on Fashion-MNIST")).to_be_visible()
    expect(page.locator(".study tbody td:nth-child(2).best")).to_have_text("3.00 ± 0.71 (best)")
    expect(page.get_by_text("8 of 9 met at equal time.")).to_be_visible()

    page.get_by_text("equal images", exact=True).click()
    expect(page.get_by_text("Each trained on 1,920 images of Fashion-MNIST")).to_be_visible()
    expect(page.locator(".study tbody td:nth-child(2).best")).to_have_text("4.00 ± 0.71 (best)")
    assert [text.split()[0] for text in column(page, "FD samples")] == ["4.00", "22.00", "5.00"]

    page.get_by_role("button", name="FD samples").click()
    expect(page.get_by_role("columnheader", name="FD samples")).to_have_attribute("aria-sort", "ascending")
    assert [text.split()[0] for text in column(page, "FD samples")] == ["4.00", "5.00", "22.00"]
    page.keyboard.press("Enter")  # the heading has kept the focus
    expect(page.get_by_role("columnheader", name="FD samples")).to_have_attribute("aria-sort", "descending")
    assert [text.split()[0] for text in column(page, "FD samples")] == ["22.00", "5.00", "4.00"]

    page.get_by_label("Other ways to sample").check()
    expect(page.locator(".study tbody tr")).to_have_count(4)
    assert column(page, "FD samples")[1].split()[0] == "44.00", "below the row that it belongs to"


def test_the_plot_is_read_with_the_keyboard(visit):
    page = visit("Compare")
    plot = page.get_by_role("application")
    expect(plot.locator(".curve .line")).to_have_count(3)
    plot.focus()
    plot.press("ArrowRight")  # the uppermost line, at its end
    expect(page.get_by_text("GAN after 80 s: 10.00; single runs from 9.50 to 10.50.", exact=True)).to_be_visible()
    plot.press("ArrowLeft")
    expect(page.get_by_text("GAN after 60 s: 14.00", exact=False)).to_be_visible()
    plot.press("ArrowDown")
    expect(page.get_by_text("Autoencoder after 60 s: 6.10", exact=False)).to_be_visible()
    plot.press("Escape")
    expect(page.get_by_text("Point at a line", exact=False)).to_be_visible()


def test_the_plot_leaves_room_for_its_labels_however_wide(visit):
    page = visit("Compare")
    plot = page.get_by_role("application")
    expect(plot.locator(".curve .line")).to_have_count(3)
    page.add_style_tag(content=".study svg text { font-size: 32px !important; }")
    labels = plot.locator("text[text-anchor=end]")
    assert labels.count() > 1
    before = plot.get_attribute("viewBox")
    page.set_viewport_size({"width": 1000, "height": 800})
    expect(plot).not_to_have_attribute("viewBox", before)  # it was drawn again
    left = plot.evaluate("plot => plot.getBoundingClientRect().left")
    assert min(labels.evaluate_all("nodes => nodes.map((node) => node.getBoundingClientRect().left)")) >= left


def test_the_study_says_how_it_was_measured_and_its_words_are_no_markup(visit):
    page = visit("Compare")
    words = page.locator(".study .how")
    expect(words).to_contain_text("80 s of processor time on <img src=x onerror=")
    expect(words).to_contain_text("commit c0ffee with torch 2")
    expect(words).to_contain_text("held-out training images")
    assert page.evaluate("window.wasHacked === undefined")
    expect(page.locator(".study .ingredients li")).to_have_text(
        ["no fitted prior: drawn from N(0, I)× 3.009.00", "the whole recipe× 1.003.00", "no latent cycle× 0.802.40"]
    )
    sheet = page.get_by_role("img", name="A row for each objective")
    sheet.scroll_into_view_if_needed()
    assert sheet.evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
    page.get_by_label("Language").select_option("zh")
    expect(page.locator(".study tbody")).to_contain_text("自编码器")
    expect(page.get_by_role("button", name="新噪声")).to_be_visible()


def test_a_model_without_like_says_so(visit):
    page = visit("Compare")
    sources(page, "GAN", "eight pictures, seeds 1 to 8")
    choose_model(page, "digits")
    expect(page.get_by_text("No other model of MNIST is here to compare with.")).to_be_visible()
    sources(page, "AE-GAN", "eight pictures, seeds 1 to 8")


def test_everything_fits_a_phone(visit):
    page = visit("Compare", viewport={"width": 360, "height": 740}, has_touch=True)
    sources(page, "AE-GAN", "eight pictures, seeds 1 to 8")
    expect(page.get_by_role("application").locator(".curve .line")).to_have_count(3)
    expect(page.locator(".study .sheet img")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    boxes = "nodes => nodes.map((node) => node.getBoundingClientRect().right)"
    parts = page.locator(
        ".compare .row, .compare .buttons > *, .study .body > *, .study .pair > *, .study .controls > *"
    )
    assert max(parts.evaluate_all(boxes)) <= 360, "nothing is cut off"
    assert page.locator(".study .table").evaluate("box => box.scrollWidth > box.clientWidth"), "it scrolls by itself"
