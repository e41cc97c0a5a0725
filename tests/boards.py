"""What tests of runs in the background ask of them."""

from pathlib import Path

PATIENCE = 120.0  # seconds that a busy machine is waited for


def long(config):
    return config.with_options(steps=20_000)


def is_over(snapshot):
    return not snapshot.is_active


def pause_at_a_step(jobs, job_id):
    """Pauses a run once D learns; returns where it stands."""
    assert jobs.wait(job_id, lambda s: s.step > 4, PATIENCE)
    jobs.pause(job_id)
    assert jobs.wait(job_id, lambda s: s.status == "paused", PATIENCE)
    return jobs.look(job_id).step


def folder_of(jobs, job_id) -> Path:
    return jobs._find(job_id).run.folder
