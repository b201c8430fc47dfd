"""What the outside may ask: take a photo in, request a try-on, cancel, retry, resubmit."""

from glam_tryon.jobs.batches import (
    MOST_PAIRS,
    Ordered,
    cancel_batch,
    pause_batch,
    request_batch,
    resume_batch,
    retry_batch,
)
from glam_tryon.jobs.decisions import ask_again, cancel, resubmit, retry
from glam_tryon.jobs.order import request_tryon, request_tryon_with_upload, requested
from glam_tryon.jobs.photos import add_photo, keep_photo
from glam_tryon.jobs.turns import CHANNEL

__all__ = [
    "CHANNEL",
    "MOST_PAIRS",
    "Ordered",
    "add_photo",
    "ask_again",
    "cancel",
    "cancel_batch",
    "keep_photo",
    "pause_batch",
    "request_batch",
    "request_tryon",
    "request_tryon_with_upload",
    "requested",
    "resubmit",
    "resume_batch",
    "retry",
    "retry_batch",
]
