"""Train, in the browser."""

from playwright.sync_api import Page, expect


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_label(label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def test_start_watch_pause_reload_stop(visit):
    page = visit("Train")
    choose(page, "Data", "Ring of 8 Gaussians")
    page.get_by_role("button", name="Start").click()
    state = page.get_by_role("status").filter(has_text="Training")
    expect(state).to_be_visible()
    scatter, curve = page.get_by_role("img", name="Generated"), page.get_by_role("img", name="Losses")
    expect(scatter).to_be_visible()
    expect(curve.locator("path")).not_to_have_count(0)
    expect(page.get_by_text("images/s")).to_be_visible()
    before, line = scatter.evaluate("c => c.toDataURL()"), curve.locator("path").first.get_attribute("d")
    page.wait_for_function(
        "b => document.querySelector('canvas.scatter[aria-label=Generated]').toDataURL() !== b", arg=before
    )
    expect(curve.locator("path").first).not_to_have_attribute("d", line)

    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_be_disabled()
    numbers = page.locator(".monitor .numbers")
    for _ in range(2):  # one step, and then one more
        done = numbers.inner_text()
        page.get_by_role("button", name="Step G").click()
        expect(numbers).not_to_have_text(done)
    expect(page.get_by_role("status").filter(has_text="Paused")).to_be_visible()

    page.reload()  # the run goes on without the page, and the page finds it again
    page.get_by_role("tab", name="Train").click()
    expect(page.get_by_role("status").filter(has_text="Paused")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("status").filter(has_text="Training")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("status").filter(has_text="Stopped")).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_be_enabled()


def test_images_train_to_the_end_with_changed_knobs(visit):
    page = visit("Train")
    choose(page, "Objective", "vae")
    page.get_by_role("button", name="Weights and options").click()
    expect(page.get_by_label("gamma", exact=True)).to_have_value("0")  # the objective's own knobs have come
    expect(page.get_by_role("spinbutton", name="number input for kl")).to_have_value("0.05")
    for name, value in {"steps": "6", "width": "4", "batch_size": "8", "z_dim": "4"}.items():
        page.get_by_label(name, exact=True).fill(value)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("status").filter(has_text="Finished")).to_be_visible()
    expect(page.get_by_role("img", name="Generated")).to_be_visible()
    expect(page.get_by_role("img", name="Reconstructions")).to_be_visible()
    expect(page.get_by_text("step 6 of 6")).to_be_visible()


def test_a_knob_out_of_range_says_so(visit):
    page = visit("Train")
    page.get_by_role("button", name="Weights and options").click()
    page.get_by_label("steps", exact=True).fill("90000")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("steps can be at most 20,000 on this page, not 90,000.")).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_be_enabled()


def test_the_recorded_training_is_replayed(visit):
    page = visit("Train")
    at = page.get_by_role("slider", name="Replay")
    expect(page.get_by_role("status").filter(has_text="Recorded training")).to_be_visible()
    sheet = page.get_by_role("img", name="Generated")
    last = sheet.get_attribute("src")
    at.fill("0")
    expect(sheet).not_to_have_attribute("src", last)
    expect(page.get_by_text("step 0 of 24")).to_be_visible()
