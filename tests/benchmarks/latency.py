"""How soon a slider's movement is seen, in real Chromium: in the page, by the server, and on a plain Gradio page.

`python -m tests.benchmarks latency visitors`; the machine should have nothing else to do.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from aegan.ui.models import CHECKPOINTS
from tests.ui.conftest import FLAGS

ROOT = Path(__file__).parents[2]
SECONDS = 6.0  # of dragging, at 60 events a second

#: Moves a slider sixty times a second and notes when each movement was seen; the first second warms up.
DRAG = """async ([selector, seconds]) => {
    const slider = document.querySelector(selector), sent = new Map(), seen = [], draws = [];
    aegan.on("moved", ({ noise }) => {
        const now = performance.now(), key = String(noise);
        draws.push(now);
        if (sent.has(key)) { seen.push([now, now - sent.get(key)]); sent.delete(key); }
    });
    const begun = performance.now();
    for (let n = 0; performance.now() - begun < 1000 * (seconds + 1); n++) {
        slider.value = (2.5 * Math.sin(n / 25)).toFixed(2);
        const now = performance.now();
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        sent.set(String(aegan.here().point), now);
        await new Promise((resume) => setTimeout(resume, Math.max(0, begun + (n + 1) * 1000 / 60 - performance.now())));
    }
    const from = begun + 1000;
    return [seen.filter(([at]) => at > from).map(([, took]) => took), draws.filter((at) => at > from).length / seconds];
}"""

#: The same on a page of gr.Slider and gr.Image, where what is seen is another source of the image.
PLAIN_DRAG = """async (seconds) => {
    const slider = document.querySelector("input[type=range]");
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
    let draws = 0;
    const from = performance.now() + 1000;
    new MutationObserver((changes) => {
        const isImage = (node) => node.tagName === "IMG" || node.querySelector?.("img");
        if (!changes.some((change) => change.target.tagName === "IMG" || [...change.addedNodes].some(isImage))) return;
        if (performance.now() > from) draws += 1;
    }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["src"] });
    const begun = performance.now();
    for (let n = 0; performance.now() - begun < 1000 * (seconds + 1); n++) {
        set.call(slider, (2.5 * Math.sin(n / 25)).toFixed(2));
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        await new Promise((resume) => setTimeout(resume, Math.max(0, begun + (n + 1) * 1000 / 60 - performance.now())));
    }
    return draws / seconds;
}"""

PLAIN_APP = """
import sys, torch, gradio as gr
from aegan.images import to_uint8
from aegan.model import AEGAN
torch.set_num_threads(1)
model = AEGAN.from_pretrained(sys.argv[1])
def draw(value):
    noise = torch.zeros(1, model.config.model.z_dim)
    noise[0, 0] = value
    return to_uint8(model.sample(0, noise=noise))[0, ..., 0]
with gr.Blocks() as page:
    slider, image = gr.Slider(-3, 3, 0, step=0.01), gr.Image(value=draw(0.0))
    slider.input(draw, slider, image, queue=False, show_progress="hidden", trigger_mode="always_last")
page.launch(server_port=int(sys.argv[2]))
"""


@contextlib.contextmanager
def served(*command: str) -> Iterator[str]:
    """A server in a process of its own; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [word.replace("PORT", str(port)) for word in command]
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", "PYTHONPATH": str(ROOT)}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=environment, stdout=quiet, stderr=quiet)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
                break
            if process.poll() is not None:
                raise SystemExit("The page did not start.")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(10)


def tell(name: str, took: list[float], rate: float) -> None:
    took = sorted(took)
    if not took:
        print(f"latency    {name:32} nothing was seen")
        return
    p50, p95 = took[len(took) // 2], took[int(0.95 * len(took))]
    print(f"latency    {name:32} {p50:6.1f} ms median   {p95:6.1f} ms p95   {rate:5.1f} pictures/s", flush=True)


def open_page(browser: Browser, address: str) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    page.wait_for_selector("canvas.picture:not(.waiting)")
    page.wait_for_timeout(3000)
    return page


def latency() -> None:
    """From a slider's event to new pixels on the canvas, while it is dragged; the first picture; the page's weight."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        with served("app.py", "--port", "PORT", "--device", "cpu") as address:
            first_picture(browser, address)
            ours = weigh(browser, address)
            for model in ("fashion", "avatars"):
                page = open_page(browser, f"{address}?model={model}")
                page.evaluate(
                    """async (model) => {
                        const decoder = await import(aegan.asset("js/decoder.js")), kit = await aegan.kit(model);
                        const ready = new Promise((resolve) => aegan.on("decoder", resolve));
                        decoder.prepare(kit);
                        if (await ready !== "page") throw new Error("The decoder did not load.");
                    }""",
                    model,
                )
                tell(f"{model}, in the page", *page.evaluate(DRAG, [".explore input[type=range]", SECONDS]))
                page.close()
            for model in ("fashion", "avatars"):
                page = open_page(browser, f"{address}?model={model}&server")
                tell(f"{model}, by the server", *page.evaluate(DRAG, [".explore input[type=range]", SECONDS]))
                page.close()
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "plain.py"
            script.write_text(PLAIN_APP)
            with served(str(script), str(CHECKPOINTS / "fashion"), "PORT") as address:
                plain = weigh(browser, address)
                print(f"latency    sent for a first visit: {ours / 1e3:.0f} kB, of a plain page {plain / 1e3:.0f} kB")
                page = browser.new_page()
                page.goto(address)
                page.wait_for_selector("input[type=range]")
                page.wait_for_timeout(3000)
                rate = page.evaluate(PLAIN_DRAG, SECONDS)  # which movement an image answers cannot be told there
                print(f"latency    {'fashion, gr.Slider to gr.Image':32} {rate:48.1f} pictures/s")
        browser.close()


def first_picture(browser: Browser, address: str) -> None:
    """When the picture is there, at first and in a browser that has the page's frame in its store."""
    context = browser.new_context()
    looks, times = [], []
    for _ in range(4):
        page = context.new_page()
        page.goto(address, wait_until="commit")
        page.wait_for_selector(".first-look img")
        looks.append(page.evaluate("performance.now()") / 1e3)
        page.wait_for_selector("canvas.picture:not(.waiting)")
        times.append(page.evaluate("performance.now()") / 1e3)
        page.wait_for_timeout(3000)
        page.close()
    print(
        f"latency    first picture {looks[0]:.2f} s after a first visit began, {min(looks[1:]):.2f} s later on; the"
        f" explorer {times[0]:.2f} and {min(times[1:]):.2f} s"
    )
    context.close()


def weigh(browser: Browser, address: str) -> float:
    """Bytes sent for a first visit on which nothing is touched, as they go over the wire, without fonts."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    fonts: set[str] = set()
    sent: dict[str, float] = {}
    network.on("Network.responseReceived", lambda e: e["type"] == "Font" and fonts.add(e["requestId"]))
    network.on("Network.loadingFinished", lambda e: sent.update({e["requestId"]: e["encodedDataLength"]}))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    context.close()
    return sum(size for request, size in sent.items() if request not in fonts)


def find_explorer(address: str) -> int:
    """The id by which the page calls functions of the explorer."""
    with urllib.request.urlopen(f"{address}config") as answer:
        config = json.load(answer)
    return next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "explore")


def draw_by_server(address: str, explorer: int, noise: list[list[float]], visitor: str) -> Any:
    """One picture of `fashion`, as the page asks for it."""
    data = {"model": "fashion", "noise": noise}
    body = {"session_hash": visitor, "component_id": explorer, "fn_name": "on_pictures", "data": data}
    request = urllib.request.Request(
        f"{address}gradio_api/component_server/", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def visitors(count: int = 50) -> None:
    """Visitors who all drag at once and are drawn by the server: each asks again as soon as it is answered, at most
    thirty times a second."""
    with served("app.py", "--port", "PORT", "--device", "cpu") as address:
        explorer = find_explorer(address)
        took: list[float] = []
        errors: list[str] = []
        end = time.perf_counter() + SECONDS + 2

        def drag(number: int) -> None:
            n = 0
            while time.perf_counter() < end:
                noise = [[round(((number * 31 + n * 17 + i * 7) % 60) / 20 - 1.5, 3) for i in range(32)]]
                start = time.perf_counter()
                try:
                    given = draw_by_server(address, explorer, noise, f"v{number}")
                    if "error" in given:
                        errors.append(given["error"])
                except OSError as error:
                    errors.append(str(error))
                took.append(time.perf_counter() - start)
                n += 1
                time.sleep(max(0.0, 1 / 30 - (time.perf_counter() - start)))

        threads = [threading.Thread(target=drag, args=(k,)) for k in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    took.sort()
    print(
        f"visitors   {count} at once: {1e3 * took[len(took) // 2]:.0f} ms median   "
        f"{1e3 * took[int(0.95 * len(took))]:.0f} ms p95   {len(took) / (SECONDS + 2):.0f} pictures/s   "
        f"{len(errors)} errors {errors[:1] if errors else ''}"
    )
