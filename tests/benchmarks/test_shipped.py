"""Every shipped model measured again: a minute each, so not among the tests. `python -m pytest tests/benchmarks -s`

One draw of the stated ones is made again. It cannot lie farther from their mean than (n - 1) / sqrt(n) of their
standard deviation, whatever they are.
"""

import json

import pytest

from aegan.checkpoints import SHIPPED, shipped_models
from aegan.data import load_data
from aegan.evaluate import evaluate
from aegan.model import AEGAN


@pytest.mark.parametrize("name", shipped_models())
def test_figures_are_reproduced_to_their_spread(name):
    stated = json.loads((SHIPPED / name / "metrics.json").read_text())
    model = AEGAN.from_pretrained(SHIPPED / name)
    data = load_data(stated["data"], model.config.model.img_resolution, model.config.model.img_channels)
    if len(data.test) != stated["test_count"]:
        pytest.skip(f"measured on {stated['test_count']:,} test images, of which {len(data.test):,} are here")
    figures, draws = evaluate(model, data, stated["generated_count"], stated["seed"]), stated["seeds"]
    for key, value in stated.items():
        if "/" in key and not key.endswith(("_sd", "_error")):
            reach = (draws - 1) / draws**0.5 * stated.get(f"{key}_sd", 0)
            print(f"{key:32} {value:12.5f} ± {reach:.5f}  {figures[key]:12.5f}")
            assert figures[key] == pytest.approx(value, abs=reach + 1e-3 * abs(value) + 1e-9), key
