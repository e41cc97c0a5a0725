"""A model as one zip: there and back, and what is said of zips that strangers made to do harm."""

import io
import json
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from safetensors import safe_open

from aegan.config import Config, UserError
from aegan.data import load_data
from aegan.directions import load_axes
from aegan.events import Changed
from aegan.familiarity import load_familiarity
from aegan.history import append_event, read_events
from aegan.model import AEGAN, CONFIG, WEIGHTS
from aegan.opened import COMPLETE, OPENED, READY, find_opened, open_run, opened_folder, version_of
from aegan.package import check, go_on, list_parts, pack, unpack
from aegan.runs import STATE, Run
from aegan.state import TrainState
from aegan.train import train
from tests.conftest import QUICK

ROOT = Path(__file__).resolve().parents[2]
CPU = torch.device("cpu")
LIMITS = {"width": 64}


def allow(config: Config) -> None:
    if config.model.width > LIMITS["width"]:
        raise UserError("width can be at most 64 on this page.")


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    """A run on pictures that stands still after six of eight steps."""
    config = Config.from_dict(Config().to_dict()).with_options(**QUICK, adv=0.5, adv_rec=0.5)
    run = Run.create(tmp_path_factory.mktemp("runs") / "run", config)
    state = TrainState.create(config, CPU)
    for event in run.record(state, train(state, load_data(config.data, full=False))):
        if getattr(event, "step", 0) == 6:
            break
    run.save(state)
    return run


@pytest.fixture(scope="module")
def without_the_slow() -> Iterator[None]:
    """The decoder for browsers and the index of training images take seconds, and have tests of their own."""

    def leave_out(*_):
        raise UserError("It cannot be made here.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aegan.opened.export_decoder", leave_out)
        patch.setattr("aegan.opened.save_atlas", leave_out)
        yield


@pytest.fixture(scope="module")
def opened(run, without_the_slow) -> Path:
    (folder,) = {opened_folder(run, version_of(run)) for _ in open_run(run, version_of(run))}
    return folder


@pytest.fixture(scope="module")
def package(opened) -> bytes:
    return b"".join(pack(opened, "mine", with_state=True))


def look_at(tmp_path, *files: bytes, allow=allow):
    folder = tmp_path / "brought"
    folder.mkdir()
    return check(folder, allow, unpack([io.BytesIO(file) for file in files], folder))


def zipped(entries: dict[str, bytes], **options) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def parts_of(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()}


def change_config(package: bytes, change) -> list[bytes]:
    """config.json changed, and weights that say they were saved with it."""
    parts = parts_of(package)
    values = json.loads(parts[CONFIG])
    change(values)
    with_any = safetensors.torch.save(safetensors.torch.load(parts[WEIGHTS]))
    return [json.dumps(values).encode(), with_any]


def test_a_run_is_opened_while_it_goes_on(run, opened, tmp_path):
    model, state = AEGAN.from_pretrained(opened), run.restore(CPU)
    assert (model.info["step"], model.config.train.steps, model.info["data_license"]) == (6, 8, "MIT")
    assert torch.equal(next(model.encoder.parameters()), next(state.ema.encoder.parameters()))
    assert not torch.equal(next(model.prior.parameters()), next(state.ema.prior.parameters())), (
        "it was fitted once more"
    )
    assert len(load_axes(opened, model)) == 4 and load_familiarity(opened).images == 500
    assert find_opened(run) == opened.name

    shutil.copytree(run.folder, tmp_path / "run")
    later = Run.open(tmp_path / "run")
    later.save(state)  # the run goes on
    append_event(later.folder, Changed(4, {"lr": 1e-3}))
    assert version_of(later) != opened.name
    said = [what for what, _ in open_run(later, version_of(later), machine="An abacus")]
    order = ["prior", "axes", READY, "decoder", "familiarity", "nearest", "card", COMPLETE]
    assert sorted(set(said), key=said.index) == order
    assert [path.name for path in (later.folder / OPENED).iterdir()] == [version_of(later)], "the former one made room"
    card = (opened_folder(later, version_of(later)) / "README.md").read_text()
    assert "After step 4 its owner set lr=0.001." in card and "An abacus" in card


def test_there_and_back(run, tmp_path, package):
    found = look_at(tmp_path, package)
    assert (found.step, found.why_not, found.ignored) == (6, "", ())
    again = Run.create(tmp_path / "again", found.config)
    go_on(found, again)
    ours, theirs = run.restore(CPU), again.restore(CPU)
    assert (theirs.step, theirs.nimg) == (6, ours.nimg)
    assert all(torch.equal(t, theirs.tensors()[name]) for name, t in ours.tensors().items())


def test_without_the_state_it_begins_with_the_weights(tmp_path, package):
    parts = parts_of(package)
    found = look_at(tmp_path, parts[WEIGHTS], parts[CONFIG])
    assert (found.tensors, found.why_not, found.step) == (None, "", 0)
    run = Run.create(tmp_path / "run", found.config)
    go_on(found, run)
    state = run.restore(CPU)
    assert (state.step, state.optimizers["g"].state) == (0, {})
    for model in (state.model, state.ema):
        assert all(torch.equal(t, found.model.state_dict()[name]) for name, t in model.state_dict().items())


def test_the_command_line_uses_what_was_unzipped(tmp_path, package, opened):
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        archive.extractall(tmp_path)
    names = set(list_parts(opened, with_state=True))
    assert {"README.md", CONFIG, WEIGHTS, STATE, "events.jsonl", "axes.json"} <= names
    assert not any("atlas" in name for name in names), "it holds training images"
    card = (tmp_path / "mine" / "README.md").read_text()
    assert "Fashion-MNIST" in card and "| licence of the data | MIT |" in card and "python -m aegan train" in card
    assert "None were measured" in card
    assert [event.step for event in read_events(tmp_path / "mine")][-1] <= 6
    out = tmp_path / "samples.png"
    command = [sys.executable, "-m", "aegan", "sample", str(tmp_path / "mine"), "-n", "4", "--out", str(out)]
    subprocess.run(command, cwd=ROOT, check=True)
    assert out.is_file()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda v: v.update(format_version=2), "format_version 2"),
        (lambda v: v.update(hook="x"), "unknown field 'hook'"),
        (lambda v: v["model"].update(width=10**9), "width must lie between"),
        (lambda v: v["model"].update(width=128), "at most 64 on this page"),
        (lambda v: v["model"].update(width=8), "has shape"),
        (lambda v: v["model"].update(shell="x"), "unknown field 'shell'"),
        (lambda v: v["train"].update(lr=float("nan")), "lr must be a finite number"),
        (lambda v: v["train"].update(steps="8"), "steps must be of type int"),
        (lambda v: v["objective"].update(adv=0.0, adv_rec=0.0), "unknown tensor 'discriminator"),
        (lambda v: v.pop("train"), "lacks its part 'train'"),
        (lambda v: v.update(data=["/etc"]), "data must be a name"),
        (lambda v: v.update(info=[]), "info must be an object"),
    ],
)
def test_a_configuration_of_another_kind_is_named(change, sentence, tmp_path, package):
    with pytest.raises(UserError, match=sentence) as caught:
        look_at(tmp_path, *change_config(package, change))
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (b"", "neither a zip nor JSON nor safetensors"),
        (b"\x80\x04\x95pickle", "neither a zip nor JSON nor safetensors"),
        (b"PK\x03\x04 and nothing else", "zip is damaged"),
        (b"{" * 1000, "not valid JSON"),
        (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "nested too deeply"),
        (b"[1, 2, 3, 4, 5]", "neither a zip"),
        (b"{" + b" " * 300_000, "larger than"),
        (struct.pack("<Q", 2**62) + b"{}", "cannot be read as safetensors"),
        (struct.pack("<Q", 60) + b'{"a":{"dtype":"F32","shape":[99999999],"data_offsets":[0,4]}}', "cannot be read as"),
    ],
)
def test_a_file_of_another_kind_is_refused(file, sentence, tmp_path, package):
    parts = parts_of(package)
    other = parts[CONFIG] if file[8:9] == b"{" and file[:1] != b"{" else parts[WEIGHTS]
    with pytest.raises(UserError, match=sentence):
        look_at(tmp_path, file, other)


def test_zips_that_are_made_to_do_harm(tmp_path, package, monkeypatch):
    parts = parts_of(package)
    own = {CONFIG: parts[CONFIG], WEIGHTS: parts[WEIGHTS]}
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir(), (tmp_path / "c").mkdir(), (tmp_path / "d").mkdir()
    tricks = {
        f"../../{CONFIG}": parts[CONFIG],
        f"C:\\x\\{WEIGHTS}": parts[WEIGHTS],
        "/etc/passwd": b"x",
        "evil.pkl": b"",
    }
    found = look_at(tmp_path / "a", zipped(tricks))
    assert found.ignored == ("passwd", "evil.pkl")
    assert sorted(path.name for path in (tmp_path / "a").rglob("*.*")) == [CONFIG, WEIGHTS], "under these names only"
    with pytest.raises(UserError, match="is there twice"):
        look_at(tmp_path / "b", zipped({**own, f"other/{CONFIG}": parts[CONFIG]}))
    with pytest.raises(UserError, match=f"{CONFIG} is larger than 0.191 MB"):  # a bomb: 100 MB in 100 kB
        look_at(tmp_path / "c", zipped({**own, CONFIG: b" " * 10**8}))
    with pytest.raises(UserError, match="holds 301 files"):
        look_at(tmp_path / "d", zipped({**{f"{i}": b"" for i in range(299)}, **own}))
    with pytest.raises(UserError, match=f"has no {WEIGHTS}"):
        (tmp_path / "e").mkdir()
        look_at(tmp_path / "e", zipped({CONFIG: parts[CONFIG]}))


def change_tensors(content: bytes, change) -> bytes:
    length = struct.unpack("<Q", content[:8])[0]
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    tensors = safetensors.torch.load(content)
    return safetensors.torch.save(change(tensors, metadata) or tensors, metadata)


def first(tensors, end):
    return next(name for name in sorted(tensors) if name.endswith(end))


def spoil(tensors, end, value):
    """One number of one tensor."""
    tensors[first(tensors, end)].view(-1)[0] = value


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t, m: spoil(t, "weight", float("nan")), "not finite"),
        (lambda t, m: {k: v for k, v in t.items() if k != first(t, "weight")}, "lacks tensor"),
        (lambda t, m: t | {"x": torch.zeros(1)}, "unknown tensor 'x'"),
        (lambda t, m: t | {first(t, "weight"): t[first(t, "weight")].double()}, "of type torch.float64"),
        (lambda t, m: m.update(config_sha256="0"), "were not saved together"),
    ],
)
def test_weights_that_do_not_fit_are_named(change, sentence, tmp_path, package):
    parts = parts_of(package)
    with pytest.raises(UserError, match=sentence):
        look_at(tmp_path, parts[CONFIG], change_tensors(parts[WEIGHTS], change))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t, m: spoil(t, "exp_avg", float("inf")), "not finite"),
        (lambda t, m: spoil(t, "exp_avg_sq", -1), "negative moments"),
        (lambda t, m: t | {"optimizer.g.99999.step": torch.zeros(())}, "unknown tensor"),
        (lambda t, m: t | {"optimizer.g.-1.step": torch.zeros(())}, "unknown tensor"),
        (lambda t, m: t | {"codes": torch.zeros(3)}, "codes has shape"),
        (lambda t, m: {k: v for k, v in t.items() if k != "codes"}, "lacks tensor 'codes'"),
        (lambda t, m: m.update(scalars='{"step": -1, "nimg": 0, "codes_filled": 0, "seconds": 0}'), "step must be"),
        (lambda t, m: m.update(scalars='{"step": 1, "nimg": 0, "codes_filled": 0, "seconds": 1e999}'), "seconds must"),
        (lambda t, m: m.update(scalars="[" * 10_000), "cannot be read as the state"),
        (lambda t, m: m.update(version="9"), "not the state of a run of format 1"),
    ],
)
def test_a_state_that_does_not_fit_leaves_the_weights(change, sentence, tmp_path, package):
    parts = parts_of(package)
    found = look_at(tmp_path, parts[CONFIG], parts[WEIGHTS], change_tensors(parts[STATE], change))
    assert found.tensors is None
    assert sentence in found.why_not and str(tmp_path) not in found.why_not


def test_the_zip_comes_in_pieces_and_is_sound(opened, monkeypatch):
    monkeypatch.setattr("aegan.package.PIECE", 1000)
    pieces = list(pack(opened, "mine", with_state=True))
    assert max(map(len, pieces)) < 20_000, "at no time is all of it in memory"
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == len(list_parts(opened, with_state=True))
        assert archive.read(f"mine/{STATE}") == (opened / STATE).read_bytes()
    with safe_open(opened / STATE, framework="np") as file:
        assert np.isfinite(file.get_tensor("codes")).all()
