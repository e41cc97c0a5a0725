"""A study that nobody ran: results in the form of the real ones, for tests of the page."""

from dataclasses import asdict
from typing import Any

from aegan.config import get_preset
from aegan.study_report import summarise
from aegan.study_rows import ENDS, ROWS, SHARES, Question, common_config, make_ablation, make_row

SECONDS = {"1/8": 10.0, "1/4": 20.0, "1/2": 40.0, "3/4": 60.0, "time": 80.0, "images": 30.0}

#: Row -> FD of samples at the marks; the AE-GAN is best at equal time, the autoencoder at equal images.
DISTANCES = {
    "autoencoder": (7.0, 6.5, 6.2, 6.1, 6.0, 4.0),
    "gan": (32.0, 28.0, 20.0, 14.0, 10.0, 22.0),
    "aegan": (20.0, 9.0, 5.0, 3.5, 3.0, 5.0),
    "aegan-no-cycle": (19.0, 8.0, 4.0, 3.0, 2.4, 4.0),  # the ablation
    "aegan-prior-none": (30.0, 20.0, 15.0, 10.0, 9.0, 15.0),
}


def made_up_results(**facts: Any) -> dict[str, Any]:
    """What `study_report.summarise` says of two seeds of three rows, and of two changes of the last; `facts` take the
    place of what it says."""
    base = common_config(get_preset("aegan"))
    points = []
    for row, distances in DISTANCES.items():
        for seed, shift in enumerate((-0.5, 0.5)):
            for mark, distance in zip((*SHARES, "images"), distances, strict=True):
                figures: dict[str, Any] = {"fd/samples": distance + shift}
                if mark in ENDS:
                    figures |= {
                        "fd/midpoints": 1.1 * distance, "prdc/precision": 1 / distance, "prdc/recall": 0.9 / distance,
                        "prdc/coverage": 0.8 / distance, "fd/floor": 0.1, "prdc/recall_floor": 0.9,
                        "extractor": "fashion-cnn", "split": "test", "test_count": 2000, "generated_count": 1000,
                    }  # fmt: skip
                    if row != "gan":
                        share = 0.8 if row == "autoencoder" else 0.75
                        figures |= {"fd/reconstructions": share * distance, "rec/psnr": 20.0 - seed}
                others = {"raw": {"fd/samples": 2 * distance}} if row == "gan" and mark in ENDS else {}
                points.append({
                    "row": row, "seed": seed, "mark": mark, "step": 10, "images": int(64 * SECONDS[mark]),
                    "seconds": SECONDS[mark], "fit_seconds": 1.0, "figures": figures, "others": others,
                    "machine": "a machine", "commit": "c0ffee",
                })  # fmt: skip
    rows = {row.name: row for row in [make_row(name, base, {}) for name in ROWS if name in DISTANCES]}
    rows |= {row.name: row for row in make_ablation(rows["aegan"]) if row.name in DISTANCES}
    tuning = [{"row": "gan", "options": {"lr": 6e-4}, "score": 9.0, "steps": 10, "figures": {}, "commit": "c0ffee"}]
    plan = {
        "question": asdict(Question(base, 80.0, 5.0, "cpu", 1)), "speeds": {}, "images": 1920,
        "clock": "processor time",
        "rows": {name: asdict(row) for name, row in rows.items()}, "versions": {"torch": "2"},
        "data": {"title": "Fashion-MNIST", "credit": "drawn here", "license": "CC0", "train_count": 12000},
    }  # fmt: skip
    return summarise(plan, tuning, points) | facts
