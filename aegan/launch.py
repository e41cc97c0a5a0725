"""Where a run's work is done: in a process of its own, or in turns on a GPU that is lent.

Either way its owner gets a connection, over which worker.py says what passes, and something to wait for and to end.
"""

from __future__ import annotations

import contextvars
import logging
import multiprocessing
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.connection import Client, Connection, Listener
from typing import Any, Protocol

from aegan.config import UserError
from aegan.worker import failed, work

log = logging.getLogger(__name__)

#: New processes are forked from one that has loaded torch and never used it: they start at once, and CUDA, which
#: does not survive a fork, is first touched in them.
_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
PROCESSES: Any = multiprocessing.get_context(_METHOD)
if _METHOD == "forkserver":
    # The first optimiser of a process makes torch import its compiler, which takes longer than all the rest.
    PROCESSES.set_forkserver_preload(["aegan.worker", "aegan.opened", "torch._dynamo"])
_STARTING = threading.Lock()

NOT_LENT = "The hosted GPU could not be had or was taken away: resume the run to try again."

#: Does `work_turn(*arguments)` where there is a GPU, for a short time, and returns when that has returned.
Lend = Callable[..., None]


class Handle(Protocol):
    """What a run's owner holds of the place where it is worked at."""

    def join(self, timeout: float | None = None) -> None: ...
    def kill(self) -> None: ...


def warm_up() -> None:
    """Begins to load what runs need, in the process that they are forked from, so that the first one starts quickly."""
    if _METHOD == "forkserver":
        forkserver.ensure_running()


def start_process(target: Callable[..., None], *settings: Any) -> tuple[Connection, Handle]:
    """Does target(connection, *settings) in a new process."""
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=target, args=(theirs, *settings), name="aegan run", daemon=True)
    with _STARTING:
        process.start()
    theirs.close()
    return ours, process


def start_turn(lend: Lend, *settings: Any) -> tuple[Connection, Handle]:
    """Does work(connection, *settings) on a lent GPU; returns once it has begun, or was refused.

    The process that has the GPU may be older than the run, so that it inherits no pipe: it is given an address and a
    secret to connect with. What asks for the GPU runs in the caller's context, where its host may find out for whom.
    """
    secret = os.urandom(32)
    with Listener(family="AF_UNIX", authkey=secret) as listener:
        thread = _TurnThread(lend, str(listener.address), secret, settings)
        thread.start()
        return listener.accept(), thread


def work_turn(address: str, secret: bytes, *settings: Any) -> None:
    """What is done on the lent GPU."""
    with Client(address, authkey=secret) as pipe:
        work(pipe, *settings)


class _TurnThread(threading.Thread):
    """Waits for the GPU and for the end of the turn; cannot be killed, but the host of the GPU bounds its time."""

    def __init__(self, lend: Lend, address: str, secret: bytes, settings: tuple[Any, ...]) -> None:
        context = contextvars.copy_context()
        super().__init__(name="turn", target=lambda: context.run(self._take), daemon=True)
        self._lend, self._address, self._secret, self._settings = lend, address, secret, settings

    def kill(self) -> None:
        """Nothing: the connection is closed at the same time, upon which the work ends."""

    def _take(self) -> None:
        message = NOT_LENT
        try:
            self._lend(self._address, self._secret, *self._settings)
        except UserError as error:
            message = str(error)
        except Exception:
            log.exception("A turn on the hosted GPU failed")
        # Whoever still waits at the address waits in vain. After the work has begun nobody does.
        with suppress(OSError, EOFError), Client(self._address, authkey=self._secret) as pipe:
            pipe.send(failed(message, True))
