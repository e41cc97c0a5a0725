"""Earlier saves of a run, to which it can be rewound."""

import pytest
import torch

from aegan import runs
from aegan.config import UserError
from aegan.runs import STATE, Run
from aegan.state import TrainState

CPU = torch.device("cpu")


def save(run: Run, state: TrainState, step: int) -> None:
    state.step = step
    run.save(state)
    run.keep(step)


def test_earlier_saves_are_kept_at_growing_distances(tmp_path, quick_points):
    run, state = Run.create(tmp_path / "run", quick_points), TrainState.create(quick_points, CPU)
    for step in range(10, 410, 10):
        save(run, state, step)
    kept = run.kept()
    assert len(kept) == runs.MAX_KEPT
    assert (kept[0], kept[-1]) == (10, 400)
    ages = [400 - step for step in kept]
    assert all(older - newer >= newer // 4 for newer, older in zip(ages[::-1], ages[-2::-1], strict=False))

    middle = kept[2]
    run.go_back(middle)
    assert run.restore(CPU).step == middle
    assert run.kept() == kept[:3]
    run.go_back(middle)  # where it stands already
    assert run.restore(CPU).step == middle
    with pytest.raises(UserError, match="No save of step 400 was kept"):
        run.go_back(400)
    save(run, state, 500)  # a new save leaves the kept ones as they are
    run.go_back(middle)
    assert run.restore(CPU).step == middle
    run.go_back(0)
    assert not run.has_state
    assert run.kept() == []
    assert not list(run.folder.glob(".*.part"))


def test_kept_saves_are_bounded_in_size_and_given_up_at_the_end(tmp_path, quick_points, monkeypatch):
    run, state = Run.create(tmp_path / "run", quick_points), TrainState.create(quick_points, CPU)
    save(run, state, 1)
    monkeypatch.setattr(runs, "MAX_KEPT_BYTES", 2 * (run.folder / STATE).stat().st_size)
    for step in (2, 3, 4):
        save(run, state, step)
    assert len(run.kept()) == 2
    assert run.kept()[-1] == 4
    run.forget_kept()
    assert run.kept() == []
    assert run.restore(CPU).step == 4
