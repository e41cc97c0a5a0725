"""The order of the rooms, and what the core never does. Sources are read, not run."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "aegan").rglob("*.py")) + sorted(ROOT.glob("app.py"))

#: Every room may import those before it and none after. A new room needs a place here.
ORDER = [
    "config", "events", "distributed",
    "images", "points", "files", "folders", "avatars", "catalog", "data",
    "networks", "losses", "prior", "model", "provenance", "latent", "film", "refine", "randomness", "augment",
    "state", "step",
    "metrics", "neighbours", "classifier", "features", "look", "train", "coach", "attributes", "inception", "evaluate",
    "plots", "history", "moments",
    "directions", "familiarity", "atlas_index", "atlas", "uploads", "runs", "card", "checkpoints", "export",
    "package", "hub", "opened",
    "study_rows", "study_files", "study_measure", "study_report", "study_tables", "study_pictures", "study",
    "worker", "launch", "snapshot", "job", "job_folders", "jobs", "estimate",
    "terminal", "cli_train", "cli_study", "cli_use", "cli", "__main__",
    "ui", "app",
]  # fmt: skip


def room(path: Path) -> str:
    if path == ROOT / "app.py":
        return "app"
    return path.relative_to(ROOT / "aegan").parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Full names of all that a file imports, within functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def calls(path: Path) -> set[str]:
    """Dotted names of everything that a file calls."""
    tree = ast.parse(path.read_text("utf-8"))
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_rooms_import_only_those_before_them(path):
    here = room(path)
    if here == "__init__":
        assert not [name for name in imports(path) if name.startswith("aegan")]
        return
    assert here in ORDER, f"the room {here} has no place in the order"
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "aegan" and len(parts) > 1 and parts[1] != here:
            assert parts[1] in ORDER, f"{here} imports the unknown room {name}"
            assert ORDER.index(parts[1]) < ORDER.index(here), f"{here} must not import {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_core_knows_no_page(path):
    if room(path) in ("ui", "app"):
        return
    for name in imports(path):
        assert name.split(".")[0] not in ("gradio", "spaces", "gradio_client"), f"{path.name} imports {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_seeds_globally_unpickles_or_sleeps(path):
    forbidden = {
        "torch.manual_seed", "torch.cuda.manual_seed", "torch.cuda.manual_seed_all", "np.random.seed", "random.seed",
        "torch.load", "pickle.load", "pickle.loads", "eval", "exec", "time.sleep", "torch.seed",
    }  # fmt: skip
    if room(path) == "features":  # one pinned package of weights comes as a pickle; see the next test
        forbidden.remove("torch.load")
    assert not calls(path) & forbidden
    assert not {name.split(".")[0] for name in imports(path)} & {"pickle", "joblib", "dill", "marshal", "shelve"}


def test_the_one_pickle_is_pinned_and_gives_tensors_only():
    """EfficientNet-Lite0's weights: no name is given to torch.load, only bytes whose digest was compared before."""
    source = (ROOT / "aegan" / "features.py").read_text("utf-8")
    nodes = list(ast.walk(ast.parse(source)))
    (load,) = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load"]
    assert ast.unparse(load.args[0]) == "io.BytesIO(weights)"
    assert {key.arg: ast.unparse(key.value) for key in load.keywords}["weights_only"] == "True"
    (check,) = [n for n in nodes if isinstance(n, ast.If) and "hashlib.sha256(weights)" in ast.unparse(n.test)]
    assert isinstance(check.body[0], ast.Raise) and check.lineno < load.lineno


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_core_does_not_print(path):
    if room(path) in ("cli", "cli_use", "classifier", "ui", "app"):  # commands, and what they say
        return
    assert "print" not in calls(path)


def test_walking_finds_what_it_looks_for(tmp_path):
    source = tmp_path / "bad.py"
    source.write_text("def f():\n    from gradio import Blocks\n    import torch\n    torch.manual_seed(0)\n")
    assert imports(source) == {"gradio.Blocks", "torch"}
    assert calls(source) == {"torch.manual_seed"}


def test_the_command_line_loads_without_the_page():
    code = "import sys, aegan.cli_train, aegan.cli_use; sys.exit(any(m in sys.modules for m in ('gradio', 'aegan.ui')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_help_does_not_wait_for_torch():
    code = "import sys, aegan.cli; aegan.cli.create_parser(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
