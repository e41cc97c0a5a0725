"""A checkpoint on the Hub, or rather on a stand-in of it that listens on this machine."""

import io
import json
import logging
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from huggingface_hub import HfApi

from aegan.cli import main
from aegan.config import UserError
from aegan.hub import NAME_HELP, NO_NETWORK, NO_RIGHT, NO_TOKEN, WRONG_TOKEN, push

TOKEN = "hf_abcdefghijklmnop"


@contextmanager
def a_hub(**status):
    """A stand-in; `status` says which parts of it refuse: whoami, create, commit. Yields (api, what was asked)."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            asked.append((self.path, self.headers.get("authorization"), body))
            part = next((name for name in ("whoami", "create", "preupload", "commit") if name in self.path), "")
            wanted = json.loads(body)["files"] if part == "preupload" else []
            answers = {
                "whoami": {"name": "somebody"},
                "create": {"url": f"{address}/somebody/mine", "id": "somebody/mine"},
                "preupload": {
                    "files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in wanted]
                },
                "commit": {"commitUrl": f"{address}/somebody/mine/commit/1", "commitOid": "1", "success": True},
            }
            content = json.dumps(answers.get(part, {})).encode()
            self.send_response(status.get(part, 200))
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer  # noqa: N815 (the names of its base class)

        def log_message(self, *_):
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield HfApi(endpoint=address), asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def said():
    """All that is logged by anyone."""
    text, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(text)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


def uploaded(asked):
    commit = next(body for path, _, body in asked if "commit" in path)
    return sorted(line["value"]["path"] for line in map(json.loads, commit.splitlines()) if line["key"] == "file")


@pytest.fixture
def folder(tmp_path):
    texts = {"README.md": "---\nlicense: mit\n---\n", "config.json": '{"data": "mnist"}', "events.jsonl": "{}"}
    names = ("model.safetensors", "atlas.safetensors", "state.safetensors", "x.txt", "previews/originals.png")
    (tmp_path / "previews").mkdir()
    for name, text in (texts | dict.fromkeys(names, "?")).items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_package_is_uploaded_and_the_token_goes_nowhere_else(folder, said, capfd):
    with a_hub() as (api, asked):
        assert push(folder, "mine", TOKEN, api=api).endswith("/somebody/mine")
    create = next(json.loads(body) for path, _, body in asked if "create" in path)
    assert (create["name"], create["organization"], create["visibility"]) == ("mine", "somebody", "private")
    assert uploaded(asked) == [
        "README.md",
        "config.json",
        "events.jsonl",
        "model.safetensors",
        "previews/originals.png",
    ]
    assert {authorization for path, authorization, _ in asked if path.startswith("/api/")} <= {f"Bearer {TOKEN}", None}
    assert not any(TOKEN in path or TOKEN.encode() in body for path, _, body in asked)
    assert TOKEN not in said.getvalue() + "".join(capfd.readouterr())
    with a_hub() as (api, asked):
        push(folder, "team/mine", TOKEN, private=False, api=api)
    create = next(json.loads(body) for path, _, body in asked if "create" in path)
    assert (create["organization"], create.get("visibility")) == ("team", "public")


def test_a_visitor_s_own_images_stay_here(folder):
    (folder / "config.json").write_text('{"data": "own"}')
    with a_hub() as (api, asked):
        push(folder, "mine", TOKEN, api=api)
    assert uploaded(asked) == ["README.md", "config.json", "model.safetensors"]


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ({"whoami": 401}, WRONG_TOKEN),
        ({"create": 403}, NO_RIGHT),
        ({"create": 409}, "There is a repository somebody/mine already: choose another name"),
        ({"create": 418}, r"The Hub refused \(418\)"),
        ({"commit": 403}, NO_RIGHT + " The repository somebody/mine was made and may be incomplete"),
    ],
)
def test_what_the_hub_refuses_is_said_in_words(status, sentence, folder, said):
    with a_hub(**status) as (api, _), pytest.raises(UserError, match=sentence) as caught:
        push(folder, "mine", TOKEN, api=api)
    assert TOKEN not in str(caught.value) + said.getvalue()


def test_the_command_line_pushes_with_the_login_of_this_machine(folder, monkeypatch, capsys):
    monkeypatch.setattr("aegan.cli_use.get_token", lambda: None)
    assert main(["push", str(folder), "mine"]) == 2
    assert "hf auth login" in capsys.readouterr().err
    monkeypatch.setattr("aegan.cli_use.get_token", lambda: TOKEN)
    with a_hub() as (api, asked):
        monkeypatch.setattr("aegan.hub.HfApi", lambda **_: api)
        assert main(["push", str(folder), "mine", "--public"]) == 0
    assert capsys.readouterr().out.strip().endswith("/somebody/mine")
    assert next(json.loads(body)["visibility"] for path, _, body in asked if "create" in path) == "public"
    assert main(["push", str(folder / "none"), "mine"]) == 2


def test_without_a_network(folder):
    with a_hub() as (api, _):
        pass  # it is gone again
    with pytest.raises(UserError, match=NO_NETWORK):
        push(folder, "mine", TOKEN, api=api)


@pytest.mark.parametrize(
    "name", ["", "a b", "../x", "a/b/c", "/a", "a/", "-a", "a--b", "a.git", "é", "a" * 97, None, 3]
)
def test_names_that_are_none_cost_no_request(name, folder):
    with pytest.raises(UserError, match=NAME_HELP):
        push(folder, name, TOKEN, api=None)


@pytest.mark.parametrize("token", ["", "short", "a b c d e f g h", "x\ny" * 9, None, "x" * 4001])
def test_tokens_that_are_none_cost_no_request(token, folder):
    with pytest.raises(UserError, match=re.escape(NO_TOKEN)):
        push(folder, "mine", token, api=None)
