"""What stands between strangers and the handlers: bounds on bodies and seats, errors as sentences, the hosted GPU."""

from __future__ import annotations

import base64
import binascii
import functools
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, TypeVar

import gradio as gr

try:
    import spaces
except ImportError:
    spaces = None

import torch

from aegan.config import UserError
from aegan.images import MAX_FILE_BYTES
from aegan.launch import Lend, work_turn

log = logging.getLogger(__name__)
F = TypeVar("F", bound=Callable[..., Any])

MAX_BODY_BYTES = MAX_FILE_BYTES * 4 // 3 + 2**16  # a picture as base64, and the rest of its request
MAX_ARRIVING_BYTES = 2**29  # bodies of all requests that are being answered
TURN_SECONDS = 30  # for which a training run has a GPU that is lent: visitors have a few minutes of it a day
SEATS = threading.BoundedSemaphore(4)  # answers computed at once; the rest wait
SEAT_SECONDS = 5.0
MAX_WAITING = 64  # requests in Gradio's queue
MAX_SEED = 2**31 - 1
UNKNOWN = "Something went wrong on the server: try again, or reload the page."


def gpu(function: F) -> F:
    """Runs the function on a hosted GPU where the `spaces` package is present; elsewhere it stays as it is."""
    return function if spaces is None else spaces.GPU(duration=30)(function)


def lender() -> Lend | None:
    """What lends training runs a GPU for some seconds, on a hosted GPU that is shared (ZeroGPU); None elsewhere."""
    if spaces is None or not spaces.config.Config.zero_gpu:
        return None
    borrowed = spaces.GPU(duration=TURN_SECONDS + 15)(work_turn)  # its data are loaded there, and its state saved

    def lend(*arguments: Any) -> None:
        try:
            borrowed(*arguments)
        except gr.Error as error:  # of the host: that the visitor's share of the day is used up, for instance
            raise UserError(str(error.message)) from error

    return lend


@contextmanager
def seat() -> Iterator[None]:
    """A place among the few computations that run at once, each on one core.

    Raises:
        UserError: when none becomes free in time.
    """
    if not SEATS.acquire(timeout=SEAT_SECONDS):
        raise UserError("The server is busy: try again in a moment.")
    try:
        # For one small picture, threads wait for each other longer than they work: six times the time of one core
        # was measured on a busy machine. The setting is this thread's own.
        torch.set_num_threads(1)
        yield
    finally:
        SEATS.release()


def answers(function: Callable[[Any], dict[str, Any]], name: str = "") -> Callable[[Any], dict[str, Any]]:
    """A function that scripts of the page call by its name: one untrusted value in, perhaps {"error": sentence} out."""

    @functools.wraps(function)
    def answer(request: Any) -> dict[str, Any]:
        try:
            with seat():
                return function(request)
        except UserError as error:
            return {"error": str(error)}
        except Exception:
            log.exception("%s failed", answer.__name__)
            return {"error": UNKNOWN}

    answer.__name__ = name or function.__name__
    return answer


def speaks(function: F) -> F:
    """An event handler or endpoint of Gradio: a UserError becomes a message of exactly that sentence."""

    @functools.wraps(function)
    def handler(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error
        except gr.Error:
            raise
        except Exception:
            log.exception("%s failed", function.__name__)
            raise gr.Error(UNKNOWN, print_exception=False) from None

    return handler  # type: ignore[return-value]


def parse_seed(value: Any) -> int:
    """A whole number from 0 to MAX_SEED.

    Raises:
        UserError: for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SEED:
        raise UserError(f"The seed must be a whole number from 0 to {MAX_SEED}.")
    return value


def parse_numbers(values: Any, count: int, limit: float, name: str) -> list[float]:
    """A list of that many finite numbers within ±limit.

    Raises:
        UserError: for anything else.
    """
    if not isinstance(values, list) or len(values) != count:
        raise UserError(f"{name} must be a list of {count} numbers.")
    if not all(type(value) in (int, float) and abs(value) <= limit for value in values):
        raise UserError(f"{name} must be finite numbers from {-limit:g} to {limit:g}.")
    return [float(value) for value in values]


def decode_base64(text: Any) -> bytes:
    """A file that a visitor gave as base64 text, with or without the head of a data URI.

    Raises:
        UserError: for anything else, and for files that are too large.
    """
    if not isinstance(text, str) or not text:
        raise UserError("Give the picture as base64 text or as a data URI.")
    if len(text) > MAX_FILE_BYTES * 4 // 3 + 1024:
        raise UserError(f"The file is larger than {MAX_FILE_BYTES // 2**20} MB: shrink the picture.")
    try:
        return base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
    except (binascii.Error, ValueError):
        raise UserError("The picture is not valid base64: encode the file's bytes.") from None


class Gate:
    """ASGI middleware: refuses bodies that are too large, by themselves or together with those that others are sending,
    and uploads to disk, which this page never makes."""

    def __init__(
        self,
        app: Callable[..., Any],
        limit: int = MAX_BODY_BYTES,
        larger: Mapping[str, int] | None = None,
        arriving: int = MAX_ARRIVING_BYTES,
    ) -> None:
        self.app, self.limit, self.larger = app, limit, larger or {}  # path -> its own limit
        self._room = arriving

    async def __call__(self, scope: MutableMapping[str, Any], receive: Callable[..., Any], send: Any) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        if scope["method"] == "POST" and scope["path"].rstrip("/").endswith("/upload"):
            return await _refuse(send, 404)
        headers = dict(scope["headers"])
        left = self.larger.get(scope["path"].rstrip("/"), self.limit)
        length = headers.get(b"content-length", str(left).encode() if b"transfer-encoding" in headers else b"0")
        if not length.isdigit() or int(length) > left:
            return await _refuse(send, 413)
        size = int(length)
        if size > self._room:
            return await _refuse(send, 503)

        async def bounded() -> MutableMapping[str, Any]:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            return message if left >= 0 else {"type": "http.disconnect"}

        self._room -= size
        try:
            return await self.app(scope, bounded, send)
        finally:
            self._room += size


async def _refuse(send: Any, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
