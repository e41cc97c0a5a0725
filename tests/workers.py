"""Processes of runs with faults, for tests of those who start them."""

import threading

import torch

from aegan import worker
from aegan.events import Step, Stopped
from aegan.worker import work


def hanging(pipe, *settings):
    """Says that it trains, and nothing ever after."""
    pipe.send({"status": "running", "step": 3})
    threading.Event().wait()


def leaking(pipe, *settings):
    """Begins properly and then asks for more memory than there is."""

    def train(*_):
        yield Step(2, 16, 0.1, {"loss/rec": 1.0})
        raise torch.OutOfMemoryError("CUDA out of memory: /secret/path")

    worker.train = train
    work(pipe, *settings)


def breaking(pipe, *settings):
    def train(*_):
        yield Step(2, 16, 0.1, {"loss/rec": 1.0})
        raise RuntimeError("/secret/path")

    worker.train = train
    worker.log.disabled = True
    work(pipe, *settings)


def diverging(pipe, *settings):
    def train(*_):
        yield Step(2, 16, 0.1, {"loss/rec": 1.0})
        yield Stopped(2, "diverged", "Training diverged: loss/rec. Try a lower learning rate.")

    worker.train = train
    work(pipe, *settings)


def without_room(pipe, folder, *settings):
    """Finds the disk full as soon as it saves: no file can grow beyond 2,000 bytes."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
    work(pipe, folder, *settings)
