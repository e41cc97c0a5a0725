"""Train, in the browser: one run is watched, commanded and looked back at; shipped trainings are replayed, compared."""

from playwright.sync_api import Page, expect


def status(page: Page, name: str):
    return page.locator(f".monitor[data-status={name}]")


def scatter(page: Page) -> str:
    return page.locator(".seen .generated canvas").evaluate("canvas => canvas.toDataURL()")


def wait_for_another_scatter(page: Page, before: str) -> None:
    page.wait_for_function(
        "before => document.querySelector('.seen .generated canvas').toDataURL() !== before", arg=before
    )


def test_a_run_is_watched_commanded_and_looked_back_at(visit):
    page = visit("Train", "?train=ring*aegan*steps-20000")
    start = page.get_by_role("button", name="Start")
    expect(start).to_be_enabled()
    expect(page.locator(".drawn")).to_have_text("The objective that you are choosing")
    start.evaluate("button => { for (let i = 0; i < 10; i++) button.click(); }")  # ten presses are one run
    expect(status(page, "running")).to_be_visible()
    expect(page.locator(".monitor > .message")).to_be_empty()
    expect(start).to_be_disabled()
    curve = page.get_by_role("application", name="Losses").locator("path.line").first
    expect(curve).to_be_visible()
    line = curve.get_attribute("d")
    wait_for_another_scatter(page, scatter(page))
    expect(curve).not_to_have_attribute("d", line)
    expect(page.locator(".monitor .numbers")).to_contain_text("images/s")

    page.get_by_role("button", name="Pause").click()
    expect(status(page, "paused")).to_be_visible()
    numbers = page.locator(".monitor .numbers")
    for name in ("Step G", "Step both"):
        done = numbers.inner_text()
        page.get_by_role("button", name=name, exact=True).click()
        expect(numbers).not_to_have_text(done)
        expect(page.locator(".explain .order")).to_contain_text(f"{name}:")
    expect(page.locator(".diagram .edge.now").first).to_be_visible()
    rate = page.get_by_role("slider", name="lr (E, G)")
    rate.press("ArrowRight")
    expect(page.locator(".turns")).to_contain_text("lr = ")
    expect(page.locator("[data-chart=losses] .turned")).to_have_count(1)

    page.reload()  # the run goes on without the page, and the page finds it again
    page.get_by_role("tab", name="Train").click()
    expect(status(page, "paused")).to_be_visible()
    expect(page.locator(".turns")).to_contain_text("lr = ")
    timeline = page.get_by_role("slider", name="Timeline")
    expect(timeline).to_be_enabled()
    now = scatter(page)
    timeline.press("Home")
    expect(page.locator(".timeline output")).to_have_text("step 0 · 0 images")
    wait_for_another_scatter(page, now)
    page.get_by_role("button", name="Live").click()
    expect(page.locator(".timeline output")).to_have_text("now")

    page.get_by_label("Earlier save to rewind to").select_option("the beginning")
    page.get_by_role("button", name="Rewind to").click()
    expect(numbers).to_contain_text("step 0 of")
    expect(page.locator(".turns")).to_be_empty()
    page.get_by_role("button", name="Resume").click()
    expect(status(page, "running")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(status(page, "stopped")).to_be_visible()
    expect(start).to_be_enabled()


def test_two_runs_are_compared_on_one_clock(visit):
    page = visit("Train", "?train=fashion-mnist*aegan*steps-6*width-4*batch_size-8*z_dim-4")
    page.get_by_role("button", name="Start").click()
    expect(status(page, "finished")).to_be_visible()
    expect(page.get_by_role("img", name="Generated").first).to_be_visible()
    expect(page.get_by_role("img", name="Reconstructions").first).to_be_visible()
    expect(page.get_by_text("step 6 of 6")).to_be_visible()
    page.get_by_text("Compare two runs on one clock").click()  # with the recorded training of the shipped model
    expect(page.get_by_label("First run")).to_have_value("own")
    for side in (".side.one", ".side.other"):
        expect(page.locator(f"{side} .generated img")).to_be_visible()
    last = page.locator(".side.other .when").inner_text()
    page.get_by_role("slider", name="Clock").press("Home")
    expect(page.locator(".side.one .when")).to_contain_text("step 0 · 0 images")
    expect(page.locator(".side.other .when")).not_to_have_text(last)
    page.locator(".versus .play").click()
    expect(page.locator(".side.one .when")).not_to_contain_text("step 0 · 0 images")
    expect(page.locator(".versus .chart-rec path.line")).to_have_count(2)


def test_a_recorded_training_is_replayed_and_the_diagram_explains_it(visit):
    page = visit("Train")
    expect(status(page, "replay")).to_be_visible()
    sheet, timeline = page.get_by_role("img", name="Generated").first, page.get_by_role("slider", name="Timeline")
    expect(sheet).to_be_visible()
    expect(timeline).to_have_attribute("aria-valuetext", "step 24 · 384 images")
    last = sheet.get_attribute("src")
    timeline.press("Home")
    expect(timeline).to_have_attribute("aria-valuetext", "step 0 · 0 images")
    expect(sheet).not_to_have_attribute("src", last)
    page.get_by_role("group", name="Timeline").get_by_role("button", name="Play").click()
    expect(timeline).to_have_attribute("aria-valuetext", "step 24 · 384 images")
    expect(sheet).to_have_attribute("src", last)

    encoder, unused = (page.get_by_role("button", name=name) for name in ("E: encoder", "KL divergence, weight 0"))
    encoder.press("Enter")
    expect(page.locator(".explain")).to_contain_text("aegan/networks.py · Encoder")
    expect(encoder).to_have_attribute("aria-pressed", "true")
    unused.press("Enter")
    expect(page.locator(".explain")).to_contain_text("Not in use here.")
    losses = page.get_by_role("application", name="Losses")
    losses.press("Home")
    expect(page.locator("[data-chart=losses] .said")).to_contain_text("step 4: reconstruction")

    with page.expect_download() as film:
        page.get_by_role("button", name="Save as GIF").first.click()
    assert film.value.suggested_filename == "training.gif"
