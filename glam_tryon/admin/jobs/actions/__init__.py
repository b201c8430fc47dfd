"""What staff may do with jobs that they chose in the list, or with one on its page."""

from glam_tryon.admin.jobs.actions.canceling import CANCEL, DELETE, cancel_jobs, delete_pictures
from glam_tryon.admin.jobs.actions.csv_export import export_csv
from glam_tryon.admin.jobs.actions.polling import ASK, REFETCH, ask_again, refetch_results
from glam_tryon.admin.jobs.actions.sending import (
    RESUBMIT,
    RETRY,
    SUBMIT,
    resubmit_unconfirmed,
    retry_failed,
    submit_now,
)

#: In the order in which staff read them.
ACTIONS = (
    submit_now,
    ask_again,
    retry_failed,
    cancel_jobs,
    refetch_results,
    resubmit_unconfirmed,
    delete_pictures,
    export_csv,
)

#: Those that have a button on a job's page.
DEEDS = (SUBMIT, ASK, RETRY, REFETCH, RESUBMIT, CANCEL, DELETE)

__all__ = ["ACTIONS", "DEEDS"]
