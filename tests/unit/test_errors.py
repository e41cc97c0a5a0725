"""What the program says in English when something is wrong has a Chinese sentence for the page."""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import aegan
from aegan.ui.texts_errors import ERRORS

ROOT = Path(aegan.__file__).parent

#: Rooms whose sentences no visitor meets -> why. What they may do so all the same has Chinese, too.
AWAY = {
    "cli*.py": "the command line itself",
    "study*.py": "studies are made on the command line",
    "evaluate.py": "asked for on the command line",
    "inception.py": "asked for on the command line",
    "avatars.py": "draws data on the command line",
    "checkpoints.py": "looks for what the command line was given",
    "folders.py": "folders and zips of the command line; a visitor's zip is read by uploads",
    "points.py": "nothing draws points on the page",
    "card.py": "model cards are English",
    "metrics.py": "for programmers",
    "neighbours.py": "for programmers",
    "directions.py": "the page leaves out what cannot be found or read",
    "export.py": "the page goes without a decoder for browsers",
    "familiarity.py": "the page leaves out what cannot be measured or read",
    "features.py": "what cannot be measured is not measured on the page",
    "classifier.py": "its weights come along, and are trained on the command line",
    "runs.py": "the page says that the run is damaged, or that there is no room",
    "state.py": "the page says that the run is damaged",
    "texts*.py": "texts have their Chinese beside them",
}

#: Single sentences of the other rooms that no visitor meets -> why.
ALONE = {
    "2-D points lie on the page as they are: only models of images have an atlas.": "the page asks for none",
    "{} is neither a folder nor to be had from the Hub: {}": "the page loads folders only",
    "There is no checkpoint folder {}.": "the page looks models up by name",
    "The model could not be written to {}: {}. Free some space and try again.": "told of as a full disk",
    "{} belongs to somebody else: set AEGAN_RUNS to another folder.": "told of as no room",
    "The disk is full.": "told of as no room",
    "{} cannot be fetched: choose {}.": "asked for on the command line",
    "{} could not be downloaded ({}): {}.": "asked for on the command line",
    "{} has {} training items, of which {} cannot be held out.": "asked for on the command line",
    "A picture given as an array must be uint8 with 1, 3 or 4 channels.": "for programmers",
    "There is no picture file {}: check its name.": "the page opens what it was sent",
    "There are no pictures to arrange: ask for at least one.": "the page arranges what there is",
    "Measured in training at step {}, on few samples and before the prior's last fit.": "stands on a model card",
    "AI-generated: {} by {}. No photograph: what it shows may not exist.": "stands in a file",
    "There is no such file.": "answers who guesses addresses",
    "The study in {} cannot be read ({}): write {} again with `python -m aegan study`.": "ends the program",
}


def bare(text: str) -> str:
    """A sentence without what stands in its places."""
    return re.sub(r"\{[^{}]*\}", "{}", text).strip()


def read(node: ast.expr) -> str:
    """The text of an expression, with {} for what only the running program knows."""
    match node:
        case ast.Constant(value=str(text)):
            return bare(text)
        case ast.JoinedStr(values=parts):
            return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in parts).strip()
    return "{}"


@cache
def rooms() -> dict[str, ast.Module]:
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in ROOT.rglob("*.py")}


def texts(tree: ast.Module) -> Iterator[str]:
    """Every text in a room but its docstrings."""
    parts = set()  # of other texts; and docstrings
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr | ast.Constant) and node not in parts:
            yield read(node)
        if isinstance(node, ast.JoinedStr | ast.Expr):
            parts |= set(ast.iter_child_nodes(node))


def raised(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "UserError":
            yield read(node.args[0])


def test_every_sentence_that_a_visitor_can_be_told_is_there_in_chinese():
    told = set()
    for name, tree in rooms().items():
        if not any(fnmatch(Path(name).name, pattern) for pattern in AWAY):
            sentences = {text for text in texts(tree) if re.match(r"[A-Z{\d].* .*\.$", text)}
            told |= {text for text in sentences | set(raised(tree)) if re.search(r"\w", text)}
    known = {bare(english) for english in ERRORS}
    assert not told - known - set(ALONE), sorted(told - known - set(ALONE))
    assert not set(ALONE) - told, sorted(set(ALONE) - told)


def test_no_sentence_stands_there_that_is_said_no_more():
    everything = {text for name, tree in rooms().items() if "texts" not in name for text in texts(tree)}
    stale = [english for english in ERRORS if bare(english) not in everything]
    assert not stale
    assert all(any(fnmatch(Path(name).name, pattern) for name in rooms()) for pattern in AWAY)


def test_chinese_sentences_have_the_places_of_the_english_ones():
    for english, chinese in ERRORS.items():
        places = re.findall(r"\{(\w+)\}", english)
        assert len(set(places)) == len(places), english
        assert set(re.findall(r"\{(\w+)\}", chinese)) <= set(places), english
        assert re.search(r"[一-鿿]", chinese) or not re.search(r"[a-z]", re.sub(r"\{\w+\}", "", english)), english
