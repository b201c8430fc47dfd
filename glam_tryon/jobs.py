"""Public functions: take a photo in, request a try-on, change what becomes of it."""

from glam_tryon.orders.batch_orders import (
    MOST_PAIRS,
    Ordered,
    cancel_batch,
    pause_batch,
    request_batch,
    resume_batch,
    retry_batch,
)
from glam_tryon.orders.commands import (
    CHUNK,
    ask_again,
    ask_all_again,
    cancel,
    cancel_all,
    hurry_all,
    refetch,
    refetch_all,
    resubmit,
    retry,
    retry_all,
)
from glam_tryon.orders.place import place, request_tryon, request_tryon_with_upload, requested
from glam_tryon.orders.publish import Publisher, ai_label, alt_text, publish_result
from glam_tryon.orders.queueing import CHANNEL
from glam_tryon.orders.uploads import add_photo, keep_photo
from glam_tryon.privacy.consent import Consent, NoConsentNeeded, current_consent

__all__ = [
    "CHANNEL",
    "CHUNK",
    "MOST_PAIRS",
    "Consent",
    "NoConsentNeeded",
    "Ordered",
    "Publisher",
    "add_photo",
    "ai_label",
    "alt_text",
    "ask_again",
    "ask_all_again",
    "cancel",
    "cancel_all",
    "cancel_batch",
    "current_consent",
    "hurry_all",
    "keep_photo",
    "pause_batch",
    "place",
    "publish_result",
    "refetch",
    "refetch_all",
    "request_batch",
    "request_tryon",
    "request_tryon_with_upload",
    "requested",
    "resubmit",
    "resume_batch",
    "retry",
    "retry_all",
    "retry_batch",
]
