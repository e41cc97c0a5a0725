"""The decoder for the browser: it draws what torch draws, shares the weights' file, and is offered only with them."""

import json
import shutil

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from aegan.config import UserError, get_preset
from aegan.directions import load_axes, save_axes
from aegan.export import DECODER, FACTS, export_decoder, find_decoder
from aegan.latent import main_axes
from aegan.model import AEGAN, WEIGHTS
from aegan.ui.models import CHECKPOINTS, Models
from aegan.ui.served import Compress, routes

SMALL = {"width": 4, "z_dim": 8, "flow_layers": 2, "flow_width": 16}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """An untrained model with its decoder."""
    folder = tmp_path_factory.mktemp("checkpoints") / "small"
    AEGAN(get_preset("aegan").with_options(**SMALL)).save_pretrained(folder)
    export_decoder(folder)
    return folder


def test_the_graph_draws_what_torch_draws(checkpoint):
    model = AEGAN.from_pretrained(checkpoint)
    noise = torch.randn(5, 8, generator=torch.Generator().manual_seed(3))  # as many as were never exported
    session = onnxruntime.InferenceSession(checkpoint / DECODER, providers=["CPUExecutionProvider"])
    x, logit = session.run(["x", "logit"], {"noise": noise.numpy()})
    with torch.no_grad():
        wanted = model.sample(0, noise=noise)
        assert np.abs(x - wanted.numpy()).max() < 1e-4
        assert np.abs(logit - model.discriminator(wanted).numpy()).max() < 1e-3


def test_the_graph_has_no_weights_and_no_paths_of_its_own(checkpoint):
    content = (checkpoint / DECODER).read_bytes()
    assert len(content) < 30_000 < (checkpoint / WEIGHTS).stat().st_size
    graph = onnx.load(checkpoint / DECODER, load_external_data=False)
    places = {e.value for t in graph.graph.initializer for e in t.external_data if e.key == "location"}
    assert places == {WEIGHTS}
    assert b"site-packages" not in content and b".py" not in content


@pytest.mark.parametrize("objective", ["gan", "vae"])
def test_models_without_a_flow_are_exported_too(tmp_path, objective):
    AEGAN(get_preset(objective).with_options(**SMALL)).save_pretrained(tmp_path)
    assert export_decoder(tmp_path)["largest_difference"] <= 1
    assert find_decoder(tmp_path)


def test_a_mixture_is_not_exported(tmp_path):
    AEGAN(get_preset("aegan").with_options(**SMALL, prior="mixture")).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="not exported: use a flow, or none"):
        export_decoder(tmp_path)
    assert find_decoder(tmp_path) is None


def test_a_decoder_of_other_weights_is_not_offered(checkpoint, tmp_path):
    other = shutil.copytree(checkpoint, tmp_path / "other")
    assert find_decoder(other) == find_decoder(checkpoint)
    AEGAN(get_preset("aegan").with_options(**SMALL), seed=1).save_pretrained(other)
    assert find_decoder(other) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format_version": 1}', "x" * 20_000, '{"format_version": 2}'])
def test_damaged_facts_mean_no_decoder(checkpoint, tmp_path, content):
    other = shutil.copytree(checkpoint, tmp_path / "other")
    (other / FACTS).write_text(content)
    assert find_decoder(other) is None


def test_shipped_models_have_a_decoder_of_their_own_weights():
    shipped = sorted(path.parent for path in CHECKPOINTS.glob("*/config.json"))
    assert shipped
    for folder in shipped:
        assert find_decoder(folder), f"run `python -m aegan prepare {folder.name}`"
        assert json.loads((folder / FACTS).read_text())["largest_difference"] <= 1


def test_axes_are_kept_with_their_weights(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "other")
    model = AEGAN.from_pretrained(folder)
    save_axes(folder, model)
    assert torch.allclose(load_axes(folder, model), main_axes(model, 8), atol=1e-5)
    kept = json.loads((folder / "axes.json").read_text())
    kept["axes"] = torch.eye(8).tolist()  # others, but sound
    (folder / "axes.json").write_text(json.dumps(kept))
    assert torch.equal(load_axes(folder, model), torch.eye(8))
    for damage in ({"axes": torch.ones(8, 8).tolist()}, {"weights_sha256": "0"}, {"axes": "x"}, {"axes": [[1.0]]}):
        (folder / "axes.json").write_text(json.dumps(kept | damage))
        assert torch.allclose(load_axes(folder, model), main_axes(model, 8), atol=1e-5)


def test_files_are_served_by_name_only(checkpoint):
    models = Models([checkpoint], shipped=checkpoint / "none")
    client = TestClient(Starlette(routes=routes(models)))
    script = client.get("/aegan/v/js/space.js")
    assert script.status_code == 200 and script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    runtime = client.get("/aegan/v/ort/ort-wasm-simd-threaded.wasm.gz")
    assert runtime.headers["content-type"] == "application/wasm" and runtime.content[:4] == b"\0asm"
    version = models.decoder("small")
    assert client.get(f"/aegan/{version}/models/small/{WEIGHTS}").content == (checkpoint / WEIGHTS).read_bytes()
    for place in (
        "js/../page.css", "js/%2e%2e/%2e%2e/app.py", "models/small/config.json", "models/other/model.safetensors",
        "models/../small/model.safetensors", "ort/README.md", "", "models//model.safetensors", "js/" + "a" * 5000,
    ):  # fmt: skip
        assert client.get(f"/aegan/v/{place}").status_code == 404, place


def test_scripts_go_out_compressed_and_weights_as_they_are(checkpoint):
    models = Models([checkpoint], shipped=checkpoint / "none")
    client = TestClient(Starlette(routes=routes(models), middleware=[Middleware(Compress)]))
    script = client.get("/aegan/v/js/space.js", headers={"Accept-Encoding": "gzip"})
    assert script.headers["content-encoding"] == "gzip"
    assert script.text == (CHECKPOINTS.parent / "assets/js/space.js").read_text()
    weights = client.get(f"/aegan/v/models/small/{WEIGHTS}", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in weights.headers
    assert weights.content == (checkpoint / WEIGHTS).read_bytes()
