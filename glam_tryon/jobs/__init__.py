"""What the outside may ask: take a photo in, request a try-on, cancel, retry, resubmit."""

from glam_tryon.jobs.decisions import ask_again, cancel, resubmit, retry
from glam_tryon.jobs.order import request_tryon, request_tryon_with_upload, requested
from glam_tryon.jobs.photos import add_photo, keep_photo
from glam_tryon.jobs.turns import CHANNEL

__all__ = [
    "CHANNEL",
    "add_photo",
    "ask_again",
    "cancel",
    "keep_photo",
    "request_tryon",
    "request_tryon_with_upload",
    "requested",
    "resubmit",
    "retry",
]
