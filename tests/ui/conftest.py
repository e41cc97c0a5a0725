"""The real page in a real browser: an app of its own on a free port, with a small model trained in a second."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from aegan.config import get_preset
from aegan.data import load_data
from aegan.export import export_decoder
from aegan.history import copy_history
from aegan.model import AEGAN
from aegan.runs import Run
from aegan.state import TrainState
from aegan.train import train
from tests.made_up import made_up_results

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 60_000  # milliseconds that a busy machine is waited for
DESKTOP = {"width": 1280, "height": 900}

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with a history, of the real architecture but small."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    config = get_preset("aegan").with_options(
        width=4, z_dim=8, batch_size=16, steps=24, warmup_steps=8, ramp_steps=4, log_every=4, preview_every=8,
        flow_layers=2, flow_width=16, lr=3e-3,
    )  # fmt: skip
    data = load_data(config.data, full=False)
    run = Run.create(folder.parent / "run", config)
    state = TrainState.create(config, torch.device("cpu"))
    list(run.record(state, train(state, data)))
    state.ema.info = {"data_title": data.title, "data_license": data.license, "data_credit": data.credit}
    state.ema.save_pretrained(folder)
    copy_history(run.folder, folder)
    export_decoder(folder)
    return folder


@pytest.fixture(scope="session")
def siblings(tiny_model: Path) -> list[Path]:
    """Untrained models of the same size and data as the small one, with other objectives."""
    folders = []
    for objective in ("gan", "autoencoder"):
        config = get_preset(objective).with_options(width=4, z_dim=8, flow_layers=2, flow_width=16)
        folders.append(tiny_model.with_name(f"tiny-{objective}"))
        AEGAN(config, {"data_title": "Fashion-MNIST"}).save_pretrained(folders[-1])
    return folders


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up study with a sheet; one of its names tries to be markup."""
    folder = tmp_path_factory.mktemp("studies") / "made-up"
    folder.mkdir()
    results = made_up_results(machines=["<img src=x onerror='window.wasHacked = true'>"])
    (folder / "results.json").write_text(json.dumps(results))
    Image.new("L", (64, 32), 90).save(folder / "samples.webp")
    return folder


@pytest.fixture(scope="session")
def address(
    tiny_model: Path, siblings: list[Path], study: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The page, served by `python app.py` in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("app") / "log.txt"
    temporary = tmp_path_factory.mktemp("uploads")
    command = [sys.executable, "app.py", "--port", str(port), "--device", "cpu", "--study", str(study)]
    command += [word for folder in (tiny_model, *siblings) for word in ("--checkpoint", str(folder))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GRADIO_TEMP_DIR": str(temporary)}
    environment["AEGAN_RUNS"] = str(tmp_path_factory.mktemp("runs"))
    with log.open("w") as out:
        app = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        _wait_until_served(f"http://127.0.0.1:{port}/", app, log)
        yield f"http://127.0.0.1:{port}/"
        assert "Traceback" not in log.read_text()
        assert not [path for path in temporary.rglob("*") if path.is_file()], "a file was left in the cache"
    finally:
        app.terminate()
        app.wait(10)


def _wait_until_served(address: str, app: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 300  # seconds, on a busy machine
    while time.monotonic() < deadline and app.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)  # there is nothing else to wait for before a server listens
    raise AssertionError(f"The page was not served:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def left() -> list[Page]:
    """Pages that visitors have left. Loading one again takes a third of the time of a new one."""
    return []


@pytest.fixture
def visit(browser: Browser, address: str, left: list[Page]) -> Iterator[Callable[..., Page]]:
    """Opens the page as a new visitor, on a tab and with browser options of choice, perhaps
    without something that browsers have; no script may fail meanwhile."""
    plain, special, errors = [], [], []

    def note(error: Exception) -> None:
        errors.append(str(error))

    def open_page(
        tab: str | None = None, query: str = "", without: str | None = None, viewport: dict[str, int] = DESKTOP,
        **options: object,
    ) -> Page:  # fmt: skip
        is_plain = not without and not options
        page = left.pop() if is_plain and left else browser.new_context(viewport=viewport, **options).new_page()
        (plain if is_plain else special).append(page)
        page.set_viewport_size(viewport)
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", note)
        if without:
            page.add_init_script(f"delete window.{without}")
        page.goto(address + query)
        if tab:
            page.get_by_role("tab", name=tab).click()
        return page

    yield open_page
    for page in special:
        page.context.close()
    for page in plain:
        page.remove_listener("pageerror", note)
        forget(page, address)
        left.append(page)
    assert not errors


def forget(page: Page, address: str) -> None:
    """Makes a page's context forget its visitor; only files that stay the same stay in its memory."""
    page.unroute_all()
    page.goto("about:blank")
    page.mouse.move(0, 0)
    page.context.set_offline(False)
    page.context.clear_cookies()
    browser = page.context.new_cdp_session(page)
    browser.send("Storage.clearDataForOrigin", {"origin": address.rstrip("/"), "storageTypes": "all"})
    browser.detach()
