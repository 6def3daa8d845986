"""Waiting for the end of a job, with a bar."""

import time
from typing import Any

from app.cli.client import Api, Unavailable
from app.cli.console import CommandFailed
from app.cli.progress import share_bar

# Seconds between two looks at the job, and how long a restarting system may be away meanwhile.
LOOK_SECONDS, PATIENCE_SECONDS = 0.3, 60.0


def watch(api: Api, job_id: str, title: str, noun: str) -> dict[str, Any]:
    """The ended job; Ctrl-C ends only the watching, and says so."""
    try:
        return _watch(api, job_id, title, noun)
    except KeyboardInterrupt:
        raise CommandFailed(f"no longer watching; the {noun} goes on, GET /jobs/{job_id} tells how far it is") from None


def _watch(api: Api, job_id: str, title: str, noun: str) -> dict[str, Any]:
    """Wait for the job's end. The system may restart meanwhile: the job goes on, and so does this."""
    last_answer = time.monotonic()
    with share_bar(title) as progress:
        while True:
            try:
                job: dict[str, Any] = api.get(f"/jobs/{job_id}")
            except Unavailable as failure:
                if time.monotonic() - last_answer > PATIENCE_SECONDS:
                    raise CommandFailed(f"{failure}; the {noun} {job_id} goes on without this command") from None
            else:
                last_answer = time.monotonic()
                progress(float(job["progress"]))
                if job["state"] in ("done", "failed", "cancelled"):
                    return job
            time.sleep(LOOK_SECONDS)
