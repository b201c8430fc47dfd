"""The signals of a job's life, each sent at least once and after the commit.

Every receiver gets ``sender=TryOnJob`` and ``job``. A receiver may run twice for the same job, runs
in the poller and not in a request, and may raise: the error is logged and the job is unharmed.
"""

from django.dispatch import Signal

job_submitted = Signal()
job_ready = Signal()
job_failed = Signal()
job_canceled = Signal()
