"""Runs in the background, in a folder of the test's own."""

import dataclasses

import pytest

from aegan.job import Limits
from aegan.jobs import Jobs
from aegan.worker import work


@pytest.fixture
def board(tmp_path):
    """Creates Jobs whose runs lie in one folder of the test's own."""
    boards = []

    def create(target=work, **limits) -> Jobs:
        jobs = Jobs(dataclasses.replace(Limits(), **limits), "cpu", tmp_path / "runs", target)
        boards.append(jobs)
        return jobs

    yield create
    for jobs in boards:
        jobs.close()
