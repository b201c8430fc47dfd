"""What staff may do with jobs that they chose in the list."""

from glam_tryon.admin.actions.sending import ask_again, retry_failed, submit_now
from glam_tryon.admin.actions.stopping import cancel_jobs

__all__ = ["ask_again", "cancel_jobs", "retry_failed", "submit_now"]
