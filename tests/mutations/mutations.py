"""The mutations: one small change of meaning each, and the tests that are closest to it."""

from __future__ import annotations

from typing import NamedTuple


class Mutation(NamedTuple):
    """``old`` stands once in ``file``, a path below the package; ``new`` takes its place."""

    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def __str__(self) -> str:
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{self.file}: {old} -> {new or '(nothing)'}"


_OUTCOMES = ("tests/providers/test_outcomes.py",)
_FETCH = ("tests/providers/test_fetch.py",)
_ADDRESSES = ("tests/providers/test_addresses.py",)
_DOWNLOAD = ("tests/providers/test_download.py",)
_WORDS = ("tests/providers/test_words.py", "tests/providers/test_secrets.py")
_CLAIMS = ("tests/worker/test_claims.py",)
_BUDGET = ("tests/worker/test_budget.py",)
_LATE = ("tests/worker/test_late_workers.py",)
_SCHEDULE = ("tests/worker/test_schedule.py",)
_LEARNED = ("tests/worker/test_schedule_database.py",)
_REUSE = ("tests/worker/test_reuse.py",)
_MAINTENANCE = ("tests/worker/test_maintenance.py",)
_ORDERS = ("tests/core/test_order_limits.py",)
_PRICING = ("tests/core/test_pricing.py",)
_JOBS = ("tests/core/test_jobs.py",)
_RETENTION = ("tests/core/test_retention.py",)
_ERASURE = ("tests/core/test_erasure.py",)
_CONSENT = ("tests/core/test_consent.py", "tests/core/test_orders.py")
_FILES = ("tests/core/test_file_door.py",)
_DELETION = ("tests/storefront/test_deletion.py",)
_BREAKER = (
    (
        "tests/faults/test_limits.py"
        "::test_after_five_failures_submitting_rests_and_then_one_at_a_time_tries"
    ),
)
_UNKNOWN_YET = (
    "tests/faults/test_poll.py::test_fault_14_an_event_that_is_not_known_yet_is_asked_for_again",
)
_NO_PICTURE = (
    (
        "tests/faults/test_poll.py"
        "::test_fault_20_ready_without_a_picture_is_asked_about_three_times_over_a_minute"
    ),
)
_STORAGE_RAISES = (
    (
        "tests/faults/test_store.py"
        "::test_fault_31_a_storage_that_raises_is_tried_again_while_glam_still_has_the_picture"
    ),
)
_GIVEN_UP = (
    (
        "tests/faults/test_submit.py"
        "::test_fault_05_a_job_whose_every_sending_stays_unclear_is_given_up_and_stays_on_record"
    ),
)
_FETCHED = (
    (
        "tests/faults/test_submit.py"
        "::test_faults_02_03_05_08_10_an_unclear_post_whose_photo_was_fetched_waits_for_a_person"
    ),
)
_SECOND_PICTURE = (
    (
        "tests/faults/test_download.py"
        "::test_a_second_picture_is_given_up_after_its_fourth_404_and_no_sooner"
    ),
)
_NOTHING_NEW = (
    "tests/faults/test_download.py::test_a_result_that_shows_nothing_new_is_not_sold_as_done",
)
_FETCHED_LATER = (
    (
        "tests/faults/test_download.py"
        "::test_fault_25_a_result_that_is_not_there_for_a_while_is_fetched_later"
    ),
)
_CANCELED = (
    "tests/faults/test_store.py::test_a_job_that_is_canceled_while_its_picture_comes_keeps_nothing",
)
_HALVED_CAP = (
    "tests/faults/test_limits.py::test_a_429_halves_the_cap_once_and_it_grows_back_by_one",
)
_RETRY_AFTER = (
    "tests/faults/test_submit.py::test_fault_04_a_429_is_waited_out_and_takes_nothing_from_the_job",
)

MUTATIONS = (
    # The engine.
    Mutation(
        "worker/slots.py",
        "[: max(0, cap - len(taken))]",
        "",
        _CLAIMS,
    ),
    Mutation("worker/slots.py", "len(free) - len(keys) - 1", "len(free) - len(keys)", _CLAIMS),
    Mutation(
        "worker/slots.py",
        "1 if state.is_probing() else len(free)",
        "len(free)",
        _BREAKER,
    ),
    Mutation("worker/slots.py", "limit if left is None else min(limit, left)", "limit", _BUDGET),
    Mutation("worker/slots.py", "started_at=now,", "started_at=DatabaseNow(),", _BUDGET),
    Mutation(
        "worker/claim.py",
        "lease_token=job.lease_token, next_step_at__gt=DatabaseNow()",
        "lease_token=job.lease_token",
        _CLAIMS,
    ),
    Mutation("worker/claim.py", "max(job.attempts - 1, 0)", "job.attempts", _CLAIMS),
    Mutation("worker/claim.py", "next_step_at <= {now}", "next_step_at >= {now}", _CLAIMS),
    Mutation(
        "worker/steps/poll.py",
        " and _older(submission, LOST_GRACE_SECONDS, now)",
        "",
        _UNKNOWN_YET,
    ),
    Mutation(
        "worker/steps/poll.py",
        "empty_before >= EMPTY_ANSWERS",
        "empty_before >= 0",
        _NO_PICTURE,
    ),
    Mutation("worker/steps/poll.py", "job.polled_at) - way)", "job.polled_at))", _LEARNED),
    Mutation(
        "worker/steps/poll.py",
        "            if moved:",
        "            if not moved:",
        _STORAGE_RAISES,
    ),
    Mutation(
        "worker/steps/reconcile.py",
        "unclear.count()) >= MAX",
        "unclear.count()) > MAX",
        _GIVEN_UP,
    ),
    Mutation(
        "worker/steps/reconcile.py",
        "if mine.close_unsent(WORKER_DIED):",
        "if not mine.close_unsent(WORKER_DIED):",
        _LATE,
    ),
    Mutation(
        "worker/steps/reconcile.py",
        "if mine.give_up():",
        "if mine.give_up() or True:",
        _FETCHED,
    ),
    Mutation(
        "worker/steps/store.py",
        "has_others and error.gone and tried_enough",
        "has_others and error.gone",
        _SECOND_PICTURE,
    ),
    Mutation(
        "worker/steps/store.py",
        "if position == 0 and (",
        "if position == 1 and (",
        _NOTHING_NEW,
    ),
    Mutation(
        "worker/steps/store.py",
        "after(-RESULT_WINDOW_SECONDS)",
        "after(RESULT_WINDOW_SECONDS)",
        _FETCHED_LATER,
    ),
    Mutation(
        "worker/steps/store.py",
        "if status != Status.STORING:",
        "if status == Status.STORING:",
        _LATE,
    ),
    Mutation(
        "worker/steps/submit.py", "if not (marked and job.holds_lease()):", "if not marked:", _LATE
    ),
    Mutation(
        "worker/steps/submit.py",
        "if alive and job.current_submission() == submission:",
        "if alive:",
        _LATE,
    ),
    Mutation(
        "worker/steps/cancel_cleanup.py",
        "return bool(retry_on_db_error(mine.free_slot))",
        "return True",
        _LATE,
    ),
    Mutation(
        "worker/steps/copy_result.py",
        "if job.errors >= STORAGE_TRIES:",
        "if job.errors >= 0:",
        _REUSE,
    ),
    Mutation("worker/poll_interval/next_poll.py", "* min(wait, after_that)", "* wait", _SCHEDULE),
    Mutation(
        "worker/poll_interval/next_poll.py",
        "return max(wait, shortest_wait_seconds(now))",
        "return wait",
        _SCHEDULE,
    ),
    Mutation(
        "worker/poll_interval/duration_model.py",
        "if doubt > DOUBT_LIMIT:",
        "if doubt > DOUBT_LIMIT * 1000:",
        _SCHEDULE,
    ),
    Mutation("worker/maintenance.py", "PRUNE_SECONDS * 0.9", "PRUNE_SECONDS * 2", _MAINTENANCE),
    Mutation("orders/queueing.py", "max(begun, mine + 1)", "mine + 1", _JOBS),
    Mutation(
        "orders/reuse.py",
        "filter(owner=job.owner, person_photo__sha256=photo.sha256)",
        "filter(person_photo__sha256=photo.sha256)",
        _REUSE,
    ),
    Mutation(
        "files.py",
        "kept != len(content) and not _is_whole(saved, sha256)",
        "kept != len(content)",
        _FILES,
    ),
    Mutation("files.py", "if isinstance(error, FileNotFoundError):", "if False:", _FILES),
    # The provider client.
    Mutation(
        "providers/glam/outcomes.py",
        '5: _Row(Verdict.AMBIGUOUS, "server_error", breaker=True)',
        '5: _Row(Verdict.REFUSED, "server_error", breaker=True)',
        _OUTCOMES,
    ),
    Mutation(
        "providers/glam/outcomes.py",
        "408: _Row(Verdict.AMBIGUOUS",
        "408: _Row(Verdict.REFUSED",
        _OUTCOMES,
    ),
    Mutation(
        "providers/glam/outcomes.py",
        '404: _Row(Verdict.AGAIN, "not_found")',
        '404: _Row(Verdict.AGAIN, "rejected")',
        _FETCH,
    ),
    Mutation(
        "providers/glam/outcomes.py",
        '"CANCELLED": RemoteStatus.FAILED',
        '"CANCELLED": RemoteStatus.IN_PROGRESS',
        _FETCH,
    ),
    Mutation("providers/glam/outcomes.py", "in (403, 429)", "in (403,)", _OUTCOMES),
    Mutation(
        "providers/glam/outcomes.py",
        "(answer.received_at if now is None else now)",
        "answer.received_at",
        _OUTCOMES,
    ),
    Mutation(
        "providers/glam/outcomes.py",
        "_silent(heard, Verdict.AMBIGUOUS, breaker=True)",
        "_silent(heard, Verdict.NOT_SENT, breaker=True)",
        _OUTCOMES,
    ),
    Mutation(
        "providers/download.py",
        "host.endswith(name)",
        'host.endswith(name.removeprefix("."))',
        _ADDRESSES,
    ),
    Mutation("providers/download.py", 'if "@" in parts.netloc:', "if False:", _ADDRESSES),
    Mutation(
        "providers/download.py", "if heard.status != 200:", "if heard.status >= 400:", _DOWNLOAD
    ),
    Mutation("providers/download.py", "in (403, 404, 410)", "in (404, 410)", _DOWNLOAD),
    Mutation("providers/redact.py", 'text.replace(secret, "[key]")', "text.strip()", _WORDS),
    Mutation("providers/redact.py", '[:_LOOKED_AT].rpartition(" ")[0]', "[:_LOOKED_AT]", _WORDS),
    # Limits.
    Mutation(
        "limits/quotas.py",
        "used_today(owner, now) + reserved >= limit",
        "used_today(owner, now) + reserved > limit",
        _ORDERS,
    ),
    Mutation(
        "limits/quotas.py",
        "under_way.count_now() + reserved >= limit",
        "under_way.count_now() + reserved > limit",
        _ORDERS,
    ),
    Mutation("limits/quotas.py", ".open().advancing()", ".open()", _ORDERS),
    Mutation("limits/quotas.py", ".exclude(status=Status.FAILED)", "", _ORDERS),
    Mutation("limits/budget.py", "room <= waiting", "room < waiting", _PRICING + _BUDGET),
    Mutation(
        "limits/budget.py",
        '[("month", MONTH_OVER), ("day", DAY_OVER)]',
        '[("day", DAY_OVER), ("month", MONTH_OVER)]',
        _PRICING,
    ),
    Mutation(
        "limits/pricing.py",
        "digits = 2 if amount == round(amount, 2) else 4",
        "digits = 2",
        _PRICING,
    ),
    # Models.
    Mutation(
        "models/submission.py",
        "outcome__in=[outcomes.NOT_SENT, outcomes.REFUSED]",
        "outcome__in=[outcomes.NOT_SENT]",
        _PRICING + _BUDGET,
    ),
    Mutation(
        "models/submission.py",
        "alive = self.filter(token=token, revoked_at__isnull=True)",
        "alive = self.filter(token=token)",
        _LATE,
    ),
    Mutation(
        "models/submission.py",
        ".filter(revocable=True, fetched_at=None)",
        ".filter(revocable=True)",
        _FETCHED,
    ),
    Mutation("models/submission.py", "        if closed:", "        if not closed:", _LATE),
    Mutation(
        "models/account.py",
        "or limit, limit) // 2)",
        "or limit, limit))",
        _HALVED_CAP,
    ),
    Mutation(
        "models/account.py",
        "models.Q(cap_changed_at__lt=after(-SAME_NEWS_SECONDS))",
        "models.Q(cap_changed_at__lt=after(1))",
        _HALVED_CAP,
    ),
    Mutation(
        "models/account.py",
        "if failures >= BREAKER",
        "if failures > BREAKER",
        _BREAKER,
    ),
    Mutation(
        "models/account.py",
        "if self.breaker_until and self.breaker_until > now:",
        "if self.breaker_until and self.breaker_until < now:",
        _BREAKER,
    ),
    Mutation(
        "models/account.py",
        "after(min(retry_after_seconds, 300.0))",
        "after(retry_after_seconds)",
        _RETRY_AFTER,
    ),
    Mutation(
        "models/job_transitions.py",
        "origins=(Status.STORING,),\n    writes={**_FINISHED, **_NO_ERROR},",
        "origins=(Status.STORING, Status.CANCELED),\n    writes={**_FINISHED, **_NO_ERROR},",
        _CANCELED,
    ),
    Mutation(
        "models/job_transitions.py", "    revokes_link=True,", "    revokes_link=False,", _JOBS
    ),
    Mutation(
        "models/job_transitions.py",
        "to=Status.PENDING, origins=(Status.FAILED,)",
        "to=Status.PENDING, origins=(Status.FAILED, Status.CANCELED)",
        _JOBS,
    ),
    # Privacy.
    Mutation(
        "privacy/retention.py",
        "~Exists(jobs.open()) & ~Exists(recent)",
        "~Exists(recent)",
        _RETENTION,
    ),
    Mutation(
        "privacy/retention.py",
        "(of_users | of_visitors) & ~Q(owner=SHOP)",
        "(of_users | of_visitors)",
        _RETENTION,
    ),
    Mutation("privacy/retention.py", "filter(~drawn, ended)", "filter(ended)", _RETENTION),
    Mutation("privacy/retention.py", "old & ~Exists(photo)", "old", _RETENTION),
    Mutation(
        "privacy/retention.py",
        "conf.RESULT_DAYS if job.user_id else conf.VISITOR_RESULT_DAYS",
        "conf.VISITOR_RESULT_DAYS if job.user_id else conf.RESULT_DAYS",
        _RETENTION,
    ),
    Mutation(
        "privacy/pruning.py",
        "return delete_photo_file(photo) if due.keep(0) else []",
        "return delete_photo_file(photo)",
        _RETENTION,
    ),
    Mutation(
        "privacy/deletion.py",
        "if photo is not None and not _is_needed(photo):",
        "if photo is not None:",
        _DELETION,
    ),
    Mutation(
        "privacy/consent.py",
        "if current_consent().sha256 != consent.sha256:",
        "if current_consent().sha256 == consent.sha256:",
        _CONSENT,
    ),
    Mutation(
        "privacy/consent.py",
        "record is None or record.withdrawn_at is not None",
        "record is None",
        _CONSENT,
    ),
    Mutation(
        "privacy/erasure.py",
        'photos.filter(pk__in=chunk, image="").delete()',
        "photos.filter(pk__in=chunk).delete()",
        _ERASURE,
    ),
)
