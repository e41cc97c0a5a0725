"""Parts of the page that need no model: figures, what guards the handlers, texts."""

import asyncio
import base64
import io
import math
import re
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from aegan.config import UserError
from aegan.events import Step
from aegan.provenance import make_record, read_provenance
from aegan.snapshot import ACTIVE, ENDED
from aegan.ui import figures, hosting
from aegan.ui.page import ASSETS, head
from aegan.ui.texts import LANGUAGES, TEXTS, tables

# -- figures --------------------------------------------------------------------------------------------------------


def step(number: int, **metrics) -> Step:
    return Step(number, 10 * number, float(number), {"loss/rec": 1 / number, **metrics})


def test_curves_are_thinned_but_keep_the_newest_record():
    history = tuple(step(i, **({"loss/d": math.nan} if i % 2 else {})) for i in range(1, 999))
    curves = figures.curves(history, figures.LOSSES)
    assert len(curves["steps"]) <= figures.CURVE_POINTS
    assert curves["steps"][-1] == 998
    assert [line["text"] for line in curves["lines"]] == ["line.rec"]
    assert figures.curves((), figures.LOSSES) == {"steps": [], "lines": []}


def test_every_curve_has_an_actor_and_a_text():
    for text, actor, _ in [*figures.LOSSES.values(), *figures.SCORES.values()]:
        assert text in TEXTS
        assert f"--{actor}:" in head(models=[])


def test_the_error_map_has_a_fixed_scale():
    black, white = np.zeros((2, 2, 1), np.uint8), np.full((2, 2, 1), 255, np.uint8)
    assert (figures.error_map(black, black) == [0, 0, 4]).all()
    assert (figures.error_map(black, white) == [252, 255, 164]).all()
    assert (figures.error_map(black, np.full((2, 2, 1), figures.ERROR_RANGE, np.uint8)) == [252, 255, 164]).all()


def test_pictures_become_the_same_png():
    image = np.random.default_rng(0).integers(0, 255, (5, 4, 3), dtype=np.uint8)
    uri = figures.to_uri(figures.picture(image))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))), image)
    noted = figures.to_uri(figures.picture(image), make_record("a picture", 3))
    assert read_provenance(base64.b64decode(noted.partition(",")[2]))["step"] == 3


def test_pairs_put_each_row_above_its_reconstruction():
    a, b = np.zeros((6, 1, 1, 1), np.uint8), np.ones((6, 1, 1, 1), np.uint8)
    assert figures.pairs(a, b, 3).ravel().tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1]


def test_answers_tell_mistakes_and_hide_faults():
    @hosting.answers
    def mistaken(request):
        raise UserError("Do this.")

    @hosting.answers
    def broken(request):
        raise RuntimeError("/secret")

    assert mistaken(None) == {"error": "Do this."}
    assert broken(None) == {"error": hosting.UNKNOWN}
    with pytest.raises(gr.Error, match=re.escape(hosting.UNKNOWN)):
        hosting.speaks(lambda: 1 / 0)()


def test_seats_are_given_back_and_run_out_politely(monkeypatch):
    monkeypatch.setattr(hosting, "SEAT_SECONDS", 0.01)

    @hosting.answers
    def nested(depth):
        return {"depth": depth} if depth == 0 else nested(depth - 1)

    for _ in range(3):
        assert nested(3) == {"depth": 0}
    assert nested(4) == {"error": "The server is busy: try again in a moment."}


@pytest.mark.parametrize(
    ("path", "headers", "chunks", "status"),
    [
        ("/gradio_api/run/predict", [(b"content-length", b"5")], [b"hello"], 200),
        ("/gradio_api/run/predict", [(b"content-length", b"999")], [b"x"], 413),
        ("/gradio_api/run/predict", [(b"content-length", b"-1")], [b"x"], 413),
        ("/gradio_api/run/predict", [], [b"x" * 6, b"x" * 6], 499),
        ("/gradio_api/upload", [(b"content-length", b"1")], [b"x"], 404),
        ("/gradio_api/upload/", [], [b"x"], 404),
    ],
    ids=["small", "large", "nonsense", "large without saying", "upload", "upload with slash"],
)
def test_the_gate_bounds_bodies_and_refuses_uploads(path, headers, chunks, status):
    async def app(scope, receive, send):
        left = len(chunks)
        while left and (await receive())["type"] == "http.request":
            left -= 1
        await send({"type": "http.response.start", "status": 499 if left else 200})

    async def post() -> int:
        messages, sent = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks], []

        async def receive():
            return messages.pop(0)

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
        await hosting.Gate(app, limit=10)(scope, receive, send)
        return sent[0]["status"]

    with ThreadPoolExecutor(1) as thread:  # a browser test before this one may hold this thread's event loop
        assert thread.submit(asyncio.run, post()).result() == status


def test_the_gate_bounds_what_arrives_together():
    """While the first body is in, a second one that would be too much with it is refused; afterwards it is taken."""

    async def post(gate, app_sees, headers):
        sent = []

        async def send(message):
            sent.append(message.get("status"))

        await gate({"type": "http", "method": "POST", "path": "/x", "headers": headers, "inner": app_sees}, None, send)
        return sent[0]

    async def app(scope, receive, send):
        status = await scope["inner"]() if scope["inner"] else 200
        await send({"type": "http.response.start", "status": status})

    async def both(headers):
        gate = hosting.Gate(app, limit=10, arriving=15)
        inside = await post(gate, lambda: post(gate, None, headers), [(b"content-length", b"8")])
        return inside, await post(gate, None, headers)

    with ThreadPoolExecutor(1) as thread:
        for headers in ([(b"content-length", b"8")], [(b"transfer-encoding", b"chunked")]):
            assert thread.submit(asyncio.run, both(headers)).result() == (503, 200)
        assert thread.submit(asyncio.run, both([(b"content-length", b"7")])).result() == (200, 200)


# -- texts ----------------------------------------------------------------------------------------------------------


def test_every_text_is_there_in_both_languages():
    assert set(tables()) == set(LANGUAGES)
    for key, (english, chinese) in TEXTS.items():
        assert english.strip(), key
        assert chinese.strip(), key
        assert re.findall(r"\{\w+\}", english) and re.findall(r"\{\w+\}", chinese) or "{" not in english + chinese, key
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", chinese)), key


def test_every_key_that_the_page_uses_is_known():
    used = set()
    for path in (ASSETS / "html").glob("*.html"):
        used |= set(re.findall(r'data-t(?:-label|-title)?="(\w+)"', path.read_text()))
    for path in (ASSETS / "js").glob("*.js"):
        used |= set(re.findall(r'page\.t\("([\w.]+)"', path.read_text()))
    used |= {f"status_{status}" for status in (*ACTIVE, *ENDED, "gone", "replay")}
    assert used <= set(TEXTS), sorted(used - set(TEXTS))


def test_scripts_cannot_be_closed_by_a_text():
    assert "</script><b>" not in head(models=[{"name": "</script><b>"}])
