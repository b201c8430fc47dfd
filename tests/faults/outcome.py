"""What a test asks about a job at its end, and where nobody answers."""

from __future__ import annotations

import socket

from glam_tryon.models import TryOnJob, TryOnSubmission
from glam_tryon.sandbox import Sandbox


def state(job: TryOnJob) -> tuple[str, str]:
    """Return the job's status and error code as the database has them."""
    job.refresh_from_db()
    return job.status, job.error_code


def outcomes(job: TryOnJob) -> list[str]:
    """Return what became of each of the job's submissions, in order."""
    return list(job.submissions.order_by("number").values_list("outcome", flat=True))


def slots_held() -> int:
    return TryOnSubmission.objects.holding_slots().count()


def posts(glam: Sandbox) -> int:
    """Return how many POSTs for a generation the sandbox has seen, taken or not."""
    return sum(
        seen.method == "POST" and seen.path.endswith("/tryon") and seen.port == "api"
        for seen in glam.requests
    )


def questions(glam: Sandbox) -> int:
    """Return how many questions for a status the sandbox has seen."""
    return sum(seen.method == "GET" and seen.port == "api" for seen in glam.requests)


def downloads(glam: Sandbox) -> int:
    return sum(seen.method == "GET" and seen.port == "result" for seen in glam.requests)


def deaf_address() -> str:
    """Return an address of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"http://127.0.0.1:{closed.getsockname()[1]}"
