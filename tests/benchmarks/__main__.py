"""Speed and memory, measured side by side in one run: `python -m tests.benchmarks [training decode page …]`.

Never part of pass or fail: machines differ and are noisy. Times are medians of alternating rounds.
"""

from __future__ import annotations

import os
import platform
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import torch

from aegan.config import get_preset
from aegan.data import load_data
from aegan.model import AEGAN, pick_device
from aegan.state import TrainState
from aegan.step import train_step
from aegan.train import Batches
from tests.benchmarks.latency import latency, visitors
from tests.benchmarks.plain_loop import plain_steps
from tests.benchmarks.runs import runs

ROOT = Path(__file__).parents[2]


def seconds(action: Callable[[], object], repeat: int = 1) -> float:
    start = time.perf_counter()
    for _ in range(repeat):
        action()
    return (time.perf_counter() - start) / repeat


def training(rounds: int = 8, steps: int = 5) -> None:
    """Images per second of the adversarial phase: this project's step, the same in fp32, a plain loop; in turns."""
    data = load_data("fashion-mnist", full=False)
    config = get_preset("aegan").with_options(warmup_steps=0, ramp_steps=0, gamma=0.0)  # the plain loop has no penalty

    def step(precision: str) -> Callable[[], object]:
        state = TrainState.create(config.with_options(precision=precision), torch.device("cpu"))
        batches = Batches(data, state)
        return lambda: train_step(state, batches.next())

    plain = plain_steps(config, data.train)
    actions = {"this step": step("auto"), "in fp32": step("fp32"), "plain loop": lambda: next(plain)}
    times: dict[str, list[float]] = {name: [] for name in actions}
    for name in list(actions) * (rounds + 1):  # the first round warms up
        times[name].append(seconds(actions[name], steps))
    middle = {name: statistics.median(column[1:]) for name, column in times.items()}
    rates = "   ".join(f"{name} {config.train.batch_size / t:.0f}" for name, t in middle.items())
    print(f"training   images/s: {rates}   ratio {middle['plain loop'] / middle['this step']:.2f}")


def decode() -> None:
    """Milliseconds from noise to image, one at a time, on one core."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for preset in ("fashion", "avatars"):
        model = AEGAN(get_preset(preset)).eval().requires_grad_(False)
        noise = torch.randn(1, model.config.model.z_dim)
        seconds(lambda: model.sample(1, noise=noise), 20)  # noqa: B023
        times = sorted(seconds(lambda: model.sample(1, noise=noise)) for _ in range(200))  # noqa: B023
        size = sum(t.numel() * t.element_size() for t in model.state_dict().values()) / 1e6
        print(
            f"decode     {preset:8} {1e3 * times[100]:6.2f} ms median   {1e3 * times[190]:6.2f} ms p95"
            f"   weights {size:.1f} MB"
        )
    torch.set_num_threads(threads)


def page() -> None:
    """Seconds from `python app.py` to a served page, and the memory of the process with a model loaded."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = time.perf_counter()
    server = subprocess.Popen([sys.executable, "app.py", "--port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1).read()
                break
            except OSError:
                if server.poll() is not None or time.perf_counter() - start > 60:
                    raise SystemExit("The page did not start.") from None
                time.sleep(0.05)
        served = time.perf_counter() - start
        from gradio_client import Client

        Client(f"http://127.0.0.1:{port}/", verbose=False).predict(api_name="/sample")
        status = Path(f"/proc/{server.pid}/status").read_text()
        resident, peak = (int(status.split(key)[1].split()[0]) / 1024 for key in ("VmRSS:", "VmHWM:"))
        print(
            f"page       served after {served:.1f} s   resident {resident:.0f} MB with a model loaded (peak {peak:.0f})"
        )
    finally:
        server.terminate()
        server.wait(10)


def main() -> None:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout
    load = os.getloadavg()[0]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores (load {load:.1f}), {torch.get_num_threads()} threads, "
        f"{pick_device('auto')}, torch {torch.__version__}, commit {commit.strip()}"
    )
    actions = {
        "training": training, "decode": decode, "page": page, "latency": latency, "visitors": visitors, "runs": runs,
    }  # fmt: skip
    for name in sys.argv[1:] or actions:
        actions[name]()


if __name__ == "__main__":
    main()
