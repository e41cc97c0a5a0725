"""Training on the page: how soon it is seen, how fast it is, what others notice: `python -m tests.benchmarks runs`."""

from __future__ import annotations

import multiprocessing
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from playwright.sync_api import sync_playwright

from aegan.data import load_data
from aegan.job import LIMITS
from aegan.jobs import Jobs
from aegan.runs import Run
from aegan.state import TrainState
from aegan.train import train
from aegan.ui.recipes import recipe
from tests.benchmarks.latency import draw_by_server, find_explorer, served
from tests.ui.conftest import FLAGS

SECONDS = 10.0  # of training in each round
PATIENCE = 120.0

#: Presses Start and tells after how many milliseconds the generated pictures were there, and other ones.
START = """async () => {
    const image = document.querySelector(".generated img"), begun = performance.now(), times = [];
    const changed = new Promise((resolve) => new MutationObserver(() => {
        if (!image.src || image.hidden) return;
        times.push(performance.now() - begun);
        if (times.length > 3) resolve();
    }).observe(image, { attributes: true, attributeFilter: ["src"] }));
    [...document.querySelectorAll("button")].find((button) => button.textContent.trim() === "Start").click();
    await changed;
    return times;
}"""


def runs() -> None:
    """Everything below, each in words on a line of its own."""
    show_start()
    compare_speed()
    compare_latency()
    weigh()


def show_start(visits: int = 3) -> None:
    """From a click on Start to the first pictures, and to the first that training has changed."""
    times = []
    with served("app.py", "--port", "PORT", "--device", "cpu") as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for _ in range(visits):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            page.goto(address)
            page.get_by_role("tab", name="Train").click()
            page.get_by_role("button", name="Start", exact=True).wait_for()
            page.wait_for_timeout(2000)
            times.append(page.evaluate(START))
            page.get_by_role("button", name="Stop", exact=True).click()
            page.wait_for_timeout(1000)
            context.close()
        browser.close()
    first, changed, third = (statistics.median(column) / 1e3 for column in list(zip(*times, strict=False))[:3])
    print(f"runs       from Start to pictures {first:.2f} s, to changed ones {changed:.2f} s, again {third:.2f} s")


def train_plainly(folder: str, sender: Any) -> None:
    """What the command line does with the same run; sends images per second of wall-clock, but for the first second."""
    config = recipe("fashion-mnist", "aegan")
    run = Run.create(Path(folder) / "plain", config)
    state = TrainState.create(config, torch.device("cpu"))
    data = load_data(config.data)
    begun, since = time.perf_counter(), 0
    for _ in run.record(state, train(state, data)):
        now = time.perf_counter()
        if not since and now - begun > 1:
            begun, since = now, state.nimg
        if since and now - begun > SECONDS:
            break
    sender.send((state.nimg - since) / (time.perf_counter() - begun))


def train_as_job(folder: str) -> float:
    """The same as the page runs it; the visitor looks at it as often as the page does."""
    jobs = Jobs(LIMITS, "cpu", Path(folder) / "jobs")
    job_id = jobs.start(recipe("fashion-mnist", "aegan"))
    assert jobs.wait(job_id, lambda s: s.nimg > 0, PATIENCE)
    jobs.wait(job_id, lambda s: False, 1.0)
    begun, since = time.perf_counter(), jobs.look(job_id).nimg
    jobs.wait(job_id, lambda s: False, SECONDS)
    rate = (jobs.look(job_id).nimg - since) / (time.perf_counter() - begun)
    jobs.close()
    return rate


def compare_speed(rounds: int = 3) -> None:
    """Images per second on the page and on the command line, in turns."""
    spawn, plain, page = multiprocessing.get_context("spawn"), [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            receiver, sender = spawn.Pipe(duplex=False)
            process = spawn.Process(target=train_plainly, args=(folder, sender))
            process.start()
            plain.append(receiver.recv())
            process.join()
            page.append(train_as_job(folder))
    a, b = statistics.median(page), statistics.median(plain)
    print(f"runs       images/s: on the page {a:.0f}   on the command line {b:.0f}   ratio {a / b:.2f}")


def compare_latency(seconds: float = 8.0) -> None:
    """What a visitor who drags a slider, drawn by the server, notices of somebody else's run."""
    folder = tempfile.mkdtemp()
    with served("app.py", "--port", "PORT", "--device", "cpu") as address:
        quiet = drag(address, seconds)
        jobs = Jobs(LIMITS, "cpu", folder)
        job_id = jobs.start(recipe("fashion-mnist", "aegan"))
        assert jobs.wait(job_id, lambda s: s.nimg > 0, PATIENCE)
        busy = drag(address, seconds)
        jobs.close()
    late = []
    for name, took in (("no run", quiet), ("a run", busy)):
        p50, p95 = (1e3 * took[int(share * len(took))] for share in (0.5, 0.95))
        print(f"runs       a slider by the server beside {name:6} {p50:6.1f} ms median   {p95:6.1f} ms p95")
        late.append(p95)
    print(f"runs       p95 beside a run is {late[1] / late[0]:.2f} of that without")


def drag(address: str, seconds: float) -> list[float]:
    """Seconds, in ascending order, that each picture took at thirty movements a second."""
    explorer = find_explorer(address)
    took, end, n = [], time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        noise = [[round(((n * 17 + i * 7) % 60) / 20 - 1.5, 3) for i in range(32)]]
        start = time.perf_counter()
        assert "error" not in draw_by_server(address, explorer, noise, "v")
        took.append(time.perf_counter() - start)
        n += 1
        time.sleep(max(0.0, 1 / 30 - took[-1]))
    return sorted(took[10:])


def hold_runs(count: int, sender: Any) -> None:
    """A page with that many finished runs, each of them looked at; sends its memory in MB."""
    os.environ["AEGAN_RUNS"] = tempfile.mkdtemp()
    from aegan.ui import build_app

    build_app()
    jobs = Jobs(LIMITS, "cpu")
    config = recipe("fashion-mnist", "aegan").with_options(steps=40, warmup_steps=10)
    for _ in range(count):
        job_id = jobs.start(config)
        assert jobs.wait(job_id, lambda s: not s.is_active, PATIENCE)
        jobs.look(job_id)
    status = Path("/proc/self/status").read_text()
    sender.send(int(status.split("VmRSS:")[1].split()[0]) / 1024)


def weigh(count: int = 20) -> None:
    """The page process with finished runs."""
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    process = spawn.Process(target=hold_runs, args=(count, sender))
    process.start()
    print(f"runs       the page's process with {count} finished runs: {receiver.recv():.0f} MB")
    process.join()
