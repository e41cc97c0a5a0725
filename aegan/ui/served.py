"""Files that the page's scripts load by themselves: modules, the runtime for decoders, the decoders' own files."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aegan.export import DECODER
from aegan.model import WEIGHTS
from aegan.ui.models import Models
from aegan.ui.page import ASSETS

#: Ending -> type, and how the file is compressed.
TYPES = {
    ".js": ("text/javascript", None),
    ".mjs": ("text/javascript", None),
    ".wasm.gz": ("application/wasm", "gzip"),
    ".onnx": ("application/octet-stream", None),
    ".safetensors": ("application/octet-stream", None),
}
FOREVER = "public, max-age=31536000, immutable"  # what changes gets another address
PRIVATE = "private, no-store"  # a visitor's own model


@cache
def scripts() -> dict[str, Path]:
    """Place within assets/ -> file, for all that scripts may load: nothing else of it is served here."""
    found = [*(ASSETS / "js").glob("*.js"), *(ASSETS / "ort").iterdir()]
    return {f"{path.parent.name}/{path.name}": path for path in found if _type(path.name)}


@cache
def version() -> str:
    """Changes whenever one of the scripts does."""
    digest = hashlib.sha256()
    for name, path in sorted(scripts().items()):
        digest.update(name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def routes(models: Models) -> list[Route]:
    """`aegan/VERSION/js/NAME`, `aegan/VERSION/ort/NAME`, and of models that can be decoded in the browser
    `aegan/VERSION/models/NAME/FILE`. Names are looked up in tables, never joined to a path."""

    async def on_file(request: Request) -> Response:
        place = request.path_params["place"]
        path = scripts().get(place)
        folder, _, rest = place.partition("/")
        name, _, file = rest.rpartition("/")
        if path is None and folder == "models" and file in (DECODER, WEIGHTS) and models.decoder(name):
            path = models.folder(name) / file
        found = _type(path.name) if path else None
        if path is None or found is None or not path.is_file():
            return Response("There is no such file.", 404)
        is_private = folder == "models" and name not in models.folders
        headers = {"Cache-Control": PRIVATE if is_private else FOREVER}
        headers |= {"Content-Encoding": found[1]} if found[1] else {}
        return FileResponse(path, media_type=found[0], headers=headers)

    return [Route("/aegan/{version}/{place:path}", on_file)]


class Compress(GZipMiddleware):
    """ASGI middleware: the page itself and our scripts go out compressed, to a fifth or so. Gradio's own files, which
    are large and kept by browsers, and the short answers to a moving slider do not: they would take more time than
    they save."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        ours = path.startswith("/aegan/") and path.endswith((".js", ".mjs", ".onnx"))
        if path in ("/", "/config") or ours:
            return await super().__call__(scope, receive, send)
        await self.app(scope, receive, send)


class FirstLook:
    """ASGI middleware: puts a first picture into the page itself, because Gradio needs more than a second to build the
    explorer. Not where the address asks for another model or point, whose picture would be another one."""

    def __init__(self, app: ASGIApp, look: bytes) -> None:
        self.app, self.look = app, look

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        keys = {key for key, _ in parse_qsl(scope.get("query_string", b"").decode("latin-1"))}
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET" or keys - {"lang", "server"}:
            return await self.app(scope, receive, send)
        started: Message = {}

        async def add(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = message  # its length is not known yet
                return
            body = message.get("body", b"")
            if started:
                body = re.sub(rb"<body[^>]*>", lambda found: found[0] + self.look, body, count=1)
                headers = [(k, v) for k, v in started["headers"] if k.lower() != b"content-length"]
                if not message.get("more_body"):
                    headers.append((b"content-length", str(len(body)).encode()))
                await send({**started, "headers": headers})
                started = {}
            await send({**message, "body": body})

        await self.app(scope, receive, add)


def _type(name: str) -> tuple[str, str | None] | None:
    return next((kind for end, kind in TYPES.items() if name.endswith(end)), None)
