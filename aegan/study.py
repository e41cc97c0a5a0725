"""The study: every objective with the same networks and data, tuned with equal effort, at equal images and equal time.

Its folder is all its memory: `study.json` (the question, its rows, the machine), `tuning.jsonl` and `points.jsonl` (one
trial, one measured point a line) and a folder of each run. Whatever stops it, the same command goes on; several
commands on one folder share the work.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from aegan.checkpoints import commit, hardware, versions, write_checkpoint
from aegan.config import Config
from aegan.data import Dataset, hold_out
from aegan.events import Event, Step, Stopped
from aegan.model import AEGAN
from aegan.runs import Run
from aegan.state import TrainState
from aegan.step import train_step
from aegan.study_files import append_line, begin, claimed, read_lines, read_plan, write_plan
from aegan.study_measure import Judge, with_prior
from aegan.study_pictures import PRODUCTS, write_products
from aegan.study_report import summarise
from aegan.study_rows import (
    ABLATION,
    ENDS,
    LOG_EVERY,
    SHARES,
    Question,
    Row,
    best_trial,
    describe,
    make_ablation,
    make_row,
    next_trial,
)
from aegan.train import Batches, finish, train

TUNING, POINTS = "tuning.jsonl", "points.jsonl"

PROBE_STEPS = 48  # whose speed is taken, a multiple of the steps between two gradient penalties …
PROBE_FIRST = 8  # … after so many
WITHOUT_WARMUP = {"warmup_steps": 0, "ramp_steps": 0}


@dataclass(frozen=True)
class Note:
    """Where a study stands. `stays` says that it is worth a line of its own."""

    text: str
    stays: bool = False


def make_clock(device: torch.device) -> Callable[[], float]:
    """Seconds of this process's own work: processor time on the CPU, so that other programs favour no row; else the
    wall clock, once the device is done."""
    if device.type == "cpu":
        return time.process_time
    wait = torch.cuda.synchronize if device.type == "cuda" else torch.mps.synchronize

    def read() -> float:
        wait()
        return time.perf_counter()

    return read


class Study:
    """A question, its folder, the data and the device."""

    def __init__(
        self,
        folder: Path,
        question: Question,
        data: Dataset,
        device: torch.device,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Opens the folder, or begins a study in it.

        Raises:
            UserError: if the folder holds another question or something else, or the data cannot be judged.
        """
        self.folder, self.question, self.data, self.device = folder, question, data, device
        self.clock = clock or make_clock(device)
        self.judge = Judge(data, device)
        facts = {
            "machine": hardware(str(device)),
            "versions": versions(),
            "clock": "processor time" if device.type == "cpu" else "wall clock",
            "data": {
                "name": data.name, "title": data.title, "credit": data.credit, "license": data.license,
                "train_count": len(data.train), "test_count": len(data.test),
            },
        }  # fmt: skip
        begin(folder, question, facts)

    def work(self, names: Sequence[str], seeds: int, ablation: bool = False) -> Iterator[Note]:
        """Tunes, trains and measures what is still missing; writes the results anew after each run.

        Args:
            names: rows of `study_rows.ROWS`; the ablation needs aegan among them.
            seeds: how many runs of each.
            ablation: whether the ingredients of the recipe are changed one by one, too.
        """
        for wait in (False, True):  # first what nobody else is at, then what others may have left
            for name in names:
                with claimed(self.folder, f"tune-{name}", wait) as is_ours:
                    if is_ours:
                        yield from self.tune(name)
        yield from self.settle(names, ablation)
        plan = read_plan(self.folder)
        chosen = {*names, *(ABLATION if ablation else ())}
        rows = [Row.from_dict(values) for name, values in plan["rows"].items() if name in chosen]
        for seed in range(seeds):
            for row in rows:
                with claimed(self.folder, f"{row.name}-{seed}") as is_ours:
                    if is_ours and not _is_done(self.points(row.name, seed)):
                        yield from self.run(row, seed, plan["images"])
                        self.report()
        self.report()
        yield Note(f"{self.folder}: {', '.join(PRODUCTS)}", True)

    def report(self) -> None:
        """Writes the results, tables and pictures of all that was measured so far."""
        with claimed(self.folder, "report", wait=True):
            trials, points = (read_lines(self.folder / name) for name in (TUNING, POINTS))
            write_products(self.folder, summarise(read_plan(self.folder), trials, points), self.data)

    # -- tuning ---------------------------------------------------------------------------------------------------

    def trials(self, name: str) -> list[dict[str, Any]]:
        return [trial for trial in read_lines(self.folder / TUNING) if trial["row"] == name]

    def tune(self, name: str) -> Iterator[Note]:
        """Tries settings for a row: the same number for every row, for the same time, judged on held-out training
        images. Test images are never looked at."""
        if not self.question.tune:
            return
        held, judge = hold_out(self.data), None
        while (options := next_trial(name, self.question.base, self.trials(name))) is not None:
            judge = judge or Judge(held, self.device)
            row, title = make_row(name, self.question.base, options), f"tuning {name}, {describe(options)}"
            share = min(1.0, self.question.tune / self.question.budget)  # the schedule in miniature
            t = row.config.train
            config = row.config.with_options(
                warmup_steps=round(t.warmup_steps * share), ramp_steps=round(t.ramp_steps * share)
            )
            state = TrainState.create(config, self.device)
            score, figures = None, {}
            with closing(self._timed(state, train(state, held))) as events:  # type: ignore[type-var]
                for event in events:
                    if isinstance(event, Stopped):  # it diverged
                        break
                    if isinstance(event, Step) and state.seconds >= self.question.tune:
                        model, _ = self.finished(state, row, held)
                        figures = judge.distance(model)
                        score = judge.score(figures)
                        break
                    yield Note(f"{title}: {state.seconds:.0f} s of {self.question.tune:.0f} s")
            trial = {"row": name, "options": options, "score": score, "steps": state.step,
                     "seconds": round(state.seconds, 2), "figures": figures, "commit": commit()}  # fmt: skip
            append_line(self.folder / TUNING, trial)
            yield Note(f"{title}: {'diverged' if score is None else f'{score:.3f}'}", True)

    # -- the rows and their number of images ----------------------------------------------------------------------

    def settle(self, names: Sequence[str], ablation: bool) -> Iterator[Note]:
        """Writes down each row's configuration, and how many images all rows see: once chosen, both stay."""
        with claimed(self.folder, "study", wait=True):
            plan = read_plan(self.folder)
            rows = [make_row(name, self.question.base, best_trial(self.trials(name))) for name in names]
            if ablation:
                aegan = next(row for row in rows if row.name == "aegan")
                stored = plan["rows"].get("aegan")
                rows += make_ablation(Row.from_dict(stored) if stored else aegan)
            plan["rows"] = {row.name: asdict(row) for row in rows} | plan["rows"]
            if not plan["images"]:
                for row in rows:
                    if row.name in names:
                        yield Note(f"probing the speed of {row.name}")
                        plan["speeds"][row.name] = round(self.probe(row.config.with_options(**WITHOUT_WARMUP)), 1)
                # The recipe in question sets the length, or else the slowest row does.
                row = next((r for r in rows if r.name == "aegan"), None) or min(
                    (r for r in rows if r.name in plan["speeds"]), key=lambda r: plan["speeds"][r.name]
                )
                unit = self.question.base.train.batch_size * LOG_EVERY  # runs are looked at so often
                expected = self.expect_images(row.config, plan["speeds"][row.name])
                plan["images"] = max(int(expected) // unit, 1) * unit
                yield Note(f"equal images: {plan['images']:,}, what {row.name} sees in the budget", True)
            write_plan(self.folder, plan)

    def expect_images(self, config: Config, speed: float) -> float:
        """How many images a training sees in the budget, its faster warm-up included; `speed` is that after it."""
        first = config.train.warmup_steps * config.train.batch_size
        if not first:
            return speed * self.question.budget
        fast = self.probe(config.with_options(warmup_steps=10**7))
        left = self.question.budget - first / fast
        return first + speed * left if left > 0 else fast * self.question.budget

    def probe(self, config: Config) -> float:
        """Images per second at the start of a training."""
        state = TrainState.create(config, self.device)
        batches = Batches(self.data, state)
        for _ in range(PROBE_FIRST):
            train_step(state, batches.next())
        start = self.clock()
        for _ in range(PROBE_STEPS):
            train_step(state, batches.next())
        return PROBE_STEPS * config.train.batch_size / max(self.clock() - start, 1e-9)

    # -- runs -----------------------------------------------------------------------------------------------------

    def points(self, name: str, seed: int) -> list[dict[str, Any]]:
        return [p for p in read_lines(self.folder / POINTS) if (p["row"], p["seed"]) == (name, seed)]

    def run(self, row: Row, seed: int, images: int) -> Iterator[Note]:
        """Trains one row with one seed, or goes on from the last save, and measures it at every mark."""
        run, state = self._open_run(row, seed)
        title, budget, points = f"{row.name}, seed {seed}", self.question.budget, self.points(row.name, seed)
        with closing(self._timed(state, run.record(state, train(state, self.data)))) as events:  # type: ignore[type-var]
            while True:
                for mark in self.due(state, points, images):
                    yield Note(f"{title}: measuring at {state.step:,} steps ({mark})")
                    run.save(state)  # before the point is written: what is measured is never trained again
                    points.append({"row": row.name, "seed": seed, "mark": mark} | self.measure(run, state, row, mark))
                    append_line(self.folder / POINTS, points[-1])
                    yield Note(f"{title}, {mark}: {_describe(points[-1])}", True)
                if _is_done(points):
                    return
                event = next(events)
                if isinstance(event, Step):
                    yield Note(f"{title}: step {state.step:,}, {state.seconds:.0f} s of {budget:.0f} s")
                elif isinstance(event, Stopped):
                    points.append({"row": row.name, "seed": seed, "mark": "diverged"} | _position(state, 0.0))
                    append_line(self.folder / POINTS, points[-1])
                    yield Note(f"{title}: {event.message}", True)

    def due(self, state: TrainState, points: list[dict[str, Any]], images: int) -> list[str]:
        """Marks at which a run is to be measured now, before it is looked at again: the prior's last fit, expected to
        take as long as the one before, must end within the budget."""
        fit = points[-1]["fit_seconds"] if points else 0.0
        spent = state.seconds + LOG_EVERY * state.seconds / max(state.step, 1) + fit
        marks = [mark for mark, share in SHARES.items() if state.step and spent > share * self.question.budget]
        marks += ["images"] if state.nimg >= images else []
        return [mark for mark in marks if mark not in {point["mark"] for point in points}]

    def _open_run(self, row: Row, seed: int) -> tuple[Run, TrainState]:
        folder = self.folder / f"{row.name}-{seed}"
        run = Run.open(folder) if (folder / "run.json").exists() else None
        run = run or Run.create(folder, row.config.with_options(seed=seed))
        return run, run.restore(self.device) if run.has_state else TrainState.create(run.config, self.device)

    def _timed(self, state: TrainState, events: Iterator[Event]) -> Iterator[Event]:
        """Passes a training's events on, and keeps its time by the study's clock; previews and saves cost nothing."""
        seconds = state.seconds
        try:
            while True:
                start = self.clock()
                event = next(events, None)
                elapsed = self.clock() - start
                if event is None:
                    return
                if isinstance(event, Step):
                    seconds += elapsed
                state.seconds = seconds
                yield event
        finally:
            events.close()  # type: ignore[attr-defined]  # of a run: saves

    def finished(self, state: TrainState, row: Row, data: Dataset) -> tuple[AEGAN, float]:
        """The model to show, with what the row is sampled from; and the seconds that this took."""
        start = self.clock()
        steps = finish(state, data)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                model = end.value
                break
        if row.prior != row.config.model.prior:
            model = with_prior(model, row.prior, data)
        return model, self.clock() - start

    def measure(self, run: Run, state: TrainState, row: Row, mark: str) -> dict[str, Any]:
        """One point: where the run stands and all figures; at the end of the budget its checkpoint is written, too."""
        model, fit = self.finished(state, row, self.data)
        others: dict[str, dict[str, float]] = {}
        if mark in ENDS:
            figures = self.judge.evaluate(model) if mark == "time" else self.judge.measure(model)
            for other in row.others:
                if other == "raw":
                    variant = copy.deepcopy(state.model).eval().requires_grad_(False)
                else:
                    variant = with_prior(model, other, self.data)
                others[other] = self.judge.measure(variant)
        else:
            figures = self.judge.distance(model)
        if mark == "time":
            options = {"steps": state.step, "log_every": 20, "save_every": 500, "preview_every": 100}
            model.config = model.config.with_options(**options)  # for the card: what repeats this training
            model.info["seconds"] = round(state.seconds + fit, 1)
            write_checkpoint(run.checkpoint, model, figures, run)
        return _position(state, fit) | {"figures": figures, "others": others, "machine": hardware(str(self.device))}


def _is_done(points: list[dict[str, Any]]) -> bool:
    marks = {point["mark"] for point in points}
    return "diverged" in marks or marks >= {*SHARES, "images"}


def _position(state: TrainState, fit: float) -> dict[str, Any]:
    seconds = {"seconds": round(state.seconds + fit, 3), "fit_seconds": round(fit, 3)}
    return {"step": state.step, "images": state.nimg, **seconds, "commit": commit()}


def _describe(point: dict[str, Any]) -> str:
    figures = point["figures"]
    names = [
        name for name in ("fd/samples", "fd/reconstructions", "modes/found", "modes/good_share") if name in figures
    ]
    return f"{point['images']:,} images, {point['seconds']:.0f} s, " + ", ".join(f"{n} {figures[n]:.3g}" for n in names)
