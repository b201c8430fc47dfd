"""Faults 30 to 34: what a storage may do, and what is in it in the end."""

from __future__ import annotations

import hashlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from example_project.demo_s3 import Bucket
from glam_tryon import jobs
from glam_tryon.models import TryOnJob
from glam_tryon.sandbox import Sandbox
from glam_tryon.signals import job_ready
from tests.faults.outcome import deaf_address, downloads, outcomes, posts, slots_held, state
from tests.faults.secrets import Records
from tests.faults.storages import (
    Away,
    Bare,
    Endless,
    LongNames,
    Renaming,
    Troubled,
    first,
    full,
    half,
    raises,
)
from tests.faults.virtual import Engine, Killed

Order = Callable[..., TryOnJob]
Configure = Callable[..., None]
Faults = Callable[..., None]
Hold = Callable[..., None]
UseStorage = Callable[..., Any]


@pytest.fixture
def told() -> Any:
    """The jobs that receivers of ``job_ready`` were told of."""
    heard: list[Any] = []

    def receive(job: TryOnJob, **_others: Any) -> None:
        heard.append(job.pk)

    job_ready.connect(receive, weak=False)
    yield heard
    job_ready.disconnect(receive)


@pytest.mark.parametrize(
    "place", ["after_ready", "after_download", "after_save", "after_ready_row"]
)
@pytest.mark.parametrize("kind", [Troubled, Renaming, Bare])
def test_fault_30_killed_while_storing_it_ends_with_one_file_one_row_and_a_signal(
    place: str,
    kind: type,
    order: Order,
    engine: Engine,
    use_storage: UseStorage,
    glam: Sandbox,
    told: list[Any],
    hold_invariants: Hold,
) -> None:
    job = order()
    use_storage(kind)
    engine.die_at(place)
    assert engine.pump() < 65
    assert (state(job), outcomes(job), job.results.count()) == (("ready", ""), ["accepted"], 1)
    assert job.transitions.filter(status="ready").count() == 1
    assert job.pk in told
    assert posts(glam) == 1
    hold_invariants()


def test_fault_30_killed_in_the_middle_of_a_save_the_part_is_replaced(
    order: Order, engine: Engine, use_storage: UseStorage, hold_invariants: Hold
) -> None:
    def dies(save: Any, name: str, content: Any) -> str:
        half(save, name, content)
        raise Killed("half of it is on the disk")

    job = order()
    use_storage(Troubled, troubles=[dies])
    with pytest.raises(Killed):
        engine.pump()
    assert (state(job)[0], job.results.count()) == ("storing", 0)
    engine.pump()
    assert state(job) == ("ready", "")
    hold_invariants()


def _client_error(code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "PutObject",
    )


@pytest.mark.parametrize(
    "error",
    [
        _client_error("SlowDown", 503),
        _client_error("AccessDenied", 403),
        _client_error("RequestTimeTooSkewed", 403),
        _client_error("InternalError", 500),
        EndpointConnectionError(endpoint_url="http://127.0.0.1:9"),
        ReadTimeoutError(endpoint_url="http://127.0.0.1:9"),
        ResponseStreamingError(error="broken"),
        PermissionError(13, "Permission denied"),
        TimeoutError("slow"),
        RuntimeError("whatever a storage may raise"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_fault_31_a_storage_that_raises_is_tried_again_while_glam_still_has_the_picture(
    error: Exception,
    order: Order,
    engine: Engine,
    use_storage: UseStorage,
    glam: Sandbox,
    logged: Records,
    hold_invariants: Hold,
) -> None:
    job, other = order(), order()
    use_storage(Troubled, troubles=[raises(error)] * 4)
    engine.once()
    engine.time.settle()
    engine.later(2)
    engine.once()
    assert state(job) == state(other) == ("storing", "storage")
    assert (slots_held(), job.results.count()) == (0, 0)
    assert any(" ERROR " in line and str(job.pk) in line for line in logged.lines)
    engine.pump()
    assert state(job) == state(other) == ("ready", "")
    assert posts(glam) == 2
    hold_invariants()


def test_fault_31_a_storage_that_stays_away_never_makes_a_job_ready(
    order: Order,
    constants: Configure,
    engine: Engine,
    use_storage: UseStorage,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    constants("worker.steps.store", RESULT_WINDOW_SECONDS=60)
    job = order()
    use_storage(Troubled, troubles=[raises(_client_error("SlowDown", 503))] * 1000)
    seconds = engine.pump()
    assert (state(job), posts(glam), slots_held()) == (("failed", "storage"), 1, 0)
    assert seconds > 60
    hold_invariants()


def test_fault_31_a_storage_that_does_not_even_say_what_it_has_is_asked_again(
    order: Order, engine: Engine, use_storage: UseStorage, glam: Sandbox, hold_invariants: Hold
) -> None:
    job = order()
    use_storage(Away, questions=3)
    engine.pump()
    assert (state(job), downloads(glam)) == (("ready", ""), 4)
    hold_invariants()


def test_fault_31_what_a_failed_job_left_behind_goes_as_soon_as_the_storage_answers(
    order: Order,
    engine: Engine,
    use_storage: UseStorage,
    faults: Faults,
    media_root: Any,
    hold_invariants: Hold,
) -> None:
    faults(
        {"on": "submit", "do": {"results": 2}},
        {"on": "result", "nth": [2, 4, 6], "do": {"status": 500}},
    )
    job = order()
    storage = use_storage(Away, questions=0, troubles=[])
    engine.once()
    engine.time.settle()
    engine.later(2)
    engine.once()
    assert state(job) == ("storing", "download")
    # The first picture is in the storage; now the job is canceled and the storage goes away.
    storage.left = 3
    jobs.cancel(job)
    engine.pump()
    assert state(job)[0] == "canceled"
    assert list(media_root.glob(f"glam_tryon/{job.pk}/*")) == []
    hold_invariants()


def test_fault_31_a_canceled_job_frees_its_slot_also_while_the_storage_is_away(
    order: Order, engine: Engine, use_storage: UseStorage, hold_invariants: Hold
) -> None:
    job = order()
    use_storage(Away, questions=5)
    engine.once()
    engine.time.settle()
    jobs.cancel(job)
    engine.once()
    assert slots_held() == 0
    engine.pump()
    hold_invariants()


def test_fault_31_a_slow_storage_is_waited_for_and_no_other_worker_takes_over(
    order: Order, engine: Engine, use_storage: UseStorage, glam: Sandbox, hold_invariants: Hold
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert go_on.wait(20)

    job = order()
    storage = use_storage(Troubled, troubles=[first(wait)])
    engine.once()
    engine.time.settle()
    engine.later(2)
    poller = engine.threaded_poller()
    try:
        poller._round()
        assert begun.wait(20)
        # Two minutes: two leases.
        for _ in range(5):
            engine.later(25)
            poller._round()
            assert engine.once() == 0
    finally:
        go_on.set()
        poller._finish()
    engine.pump()
    assert (state(job), storage.saves, downloads(glam)) == (("ready", ""), 1, 1)
    hold_invariants()


def test_fault_31_of_two_workers_that_store_the_same_picture_both_keep_it_whole(
    order: Order, engine: Engine, use_storage: UseStorage, hold_invariants: Hold
) -> None:
    def overtaken() -> None:
        engine.later(61)
        assert engine.once() == 1

    job = order()
    storage = use_storage(Troubled, troubles=[first(overtaken)])
    engine.pump()
    assert (state(job), storage.saves) == (("ready", ""), 2)
    assert job.transitions.filter(status="ready").count() == 1
    hold_invariants()


@pytest.mark.parametrize("troubles", [[full, full], [full], [half], [half, full, half]])
def test_fault_32_a_full_disk_is_waited_out_and_leaves_no_part_of_a_file(
    troubles: list[Any],
    order: Order,
    engine: Engine,
    use_storage: UseStorage,
    media_root: Any,
    logged: Records,
    hold_invariants: Hold,
) -> None:
    unlucky, other = order(), order()
    use_storage(Troubled, troubles=list(troubles))
    engine.once()
    engine.time.settle()
    engine.later(2)
    engine.once()
    states = {state(unlucky), state(other)}
    assert ("storing", "storage") in states
    assert (("ready", "") in states) == (len(troubles) == 1)
    if troubles == [full, full]:
        assert list(media_root.glob("glam_tryon/*-*/*")) == []
    engine.pump()
    assert state(unlucky) == state(other) == ("ready", "")
    assert any(" ERROR " in line and "could not be saved" in line for line in logged.lines)
    hold_invariants()


def test_fault_32_a_disk_that_stays_full_fails_the_job_and_leaves_nothing(
    order: Order,
    constants: Configure,
    engine: Engine,
    use_storage: UseStorage,
    media_root: Any,
    hold_invariants: Hold,
) -> None:
    constants("worker.steps.store", RESULT_WINDOW_SECONDS=60)
    job = order()
    use_storage(Troubled, troubles=[full] * 1000)
    engine.pump()
    assert state(job) == ("failed", "storage")
    assert "No space left" in job.error_message
    assert list(media_root.glob("glam_tryon/*-*/*")) == []
    hold_invariants()


@pytest.mark.parametrize("kind", [Renaming, Bare, LongNames])
def test_faults_33_34_the_name_that_the_storage_gave_is_the_name_of_the_row(
    kind: type,
    order: Order,
    engine: Engine,
    use_storage: UseStorage,
    faults: Faults,
    hold_invariants: Hold,
) -> None:
    faults({"on": "submit", "do": {"results": 2}})
    job = order()
    use_storage(kind)
    engine.pump()
    assert (state(job), job.results.count()) == (("ready", ""), 2)
    for name in job.results.values_list("image", flat=True):
        assert len(name) <= 255
        assert f"glam_tryon/{job.pk}/" in name
    hold_invariants()


@pytest.mark.parametrize("kind", [Troubled, Renaming, Bare])
def test_fault_33_a_second_try_leaves_no_second_copy(
    kind: type,
    order: Order,
    engine: Engine,
    use_storage: UseStorage,
    faults: Faults,
    hold_invariants: Hold,
) -> None:
    faults(
        {"on": "submit", "do": {"results": 2}},
        {"on": "result", "nth": [2, 4], "do": {"status": 500}},
    )
    job = order()
    use_storage(kind)
    engine.pump()
    assert (state(job), job.results.count()) == (("ready", ""), 2)
    hold_invariants()


def test_fault_33_a_file_of_that_name_that_is_something_else_is_replaced(
    order: Order, engine: Engine, media_root: Any, glam: Sandbox, hold_invariants: Hold
) -> None:
    job = order()

    def put_something_else() -> None:
        (sha256,) = set(glam.served.values())
        path = media_root / f"glam_tryon/{job.pk}/0-{sha256[:16]}.jpg"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"something else")

    with engine.at("after_download", put_something_else):
        engine.pump()
    assert state(job) == ("ready", "")
    hold_invariants()


def test_fault_34_a_name_that_no_column_holds_is_never_written_to_a_row(
    order: Order,
    constants: Configure,
    engine: Engine,
    use_storage: UseStorage,
    hold_invariants: Hold,
) -> None:
    constants("worker.steps.store", RESULT_WINDOW_SECONDS=60)
    job = order()
    use_storage(Endless)
    engine.pump()
    assert state(job) == ("failed", "storage")
    assert "characters" in job.error_message
    hold_invariants()


@pytest.mark.parametrize("place", ["after_poll", "after_ready", "after_download", "after_save"])
def test_a_job_that_is_canceled_while_its_picture_comes_keeps_nothing(
    place: str,
    order: Order,
    engine: Engine,
    glam: Sandbox,
    media_root: Any,
    hold_invariants: Hold,
) -> None:
    job = order()
    with engine.at(place, lambda: jobs.cancel(TryOnJob.objects.get(pk=job.pk))):
        engine.pump()
    assert state(job)[0] == "canceled"
    assert (job.results.count(), slots_held(), posts(glam)) == (0, 0, 1)
    assert list(media_root.glob(f"glam_tryon/{job.pk}/*")) == []
    hold_invariants()


# The same against a real S3 server.

S3 = "storages.backends.s3.S3Storage"


def s3_options(bucket: Bucket, prefix: str, **others: Any) -> dict[str, Any]:
    return {
        "bucket_name": bucket.name,
        "endpoint_url": bucket.endpoint,
        "access_key": bucket.access_key,
        "secret_key": bucket.secret_key,
        "region_name": "us-east-1",
        "location": prefix,
        "file_overwrite": False,
        "client_config": Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            connect_timeout=1,
            read_timeout=2,
            retries={"total_max_attempts": 1},
        ),
        **others,
    }


def _keys(bucket: Bucket, prefix: str) -> list[str]:
    found = bucket.client().list_objects_v2(Bucket=bucket.name, Prefix=f"{prefix}/")
    return [entry["Key"] for entry in found.get("Contents", [])]


def _is_stored_once(job: TryOnJob, bucket: Bucket, prefix: str, glam: Sandbox) -> bool:
    result = job.results.get()
    (key,) = _keys(bucket, prefix)
    body = bucket.client().get_object(Bucket=bucket.name, Key=key)["Body"].read()
    return (
        key == f"{prefix}/{result.image.name}"
        and hashlib.sha256(body).hexdigest() == result.sha256
        and result.sha256 in glam.served.values()
    )


@pytest.fixture
def quiet_botocore() -> Any:
    """botocore logs the signature of each of its requests at DEBUG, which is its own affair."""
    logger = logging.getLogger("botocore")
    level = logger.level
    logger.setLevel(logging.INFO)
    yield
    logger.setLevel(level)


def _wrong_port() -> dict[str, Any]:
    return {"endpoint_url": deaf_address()}


@pytest.fixture
def slow_s3(s3: Bucket) -> Iterator[str]:
    """Where the S3 server answers all right, but later than anybody waits."""
    address = urlsplit(s3.endpoint)
    stopping = threading.Event()

    def carry(source: socket.socket, target: socket.socket, seconds: float) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                if stopping.wait(seconds):
                    return
                target.sendall(piece)

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _from = listener.accept()
                server = socket.create_connection((address.hostname, address.port))
                opened.extend((client, server))
                for way in ((client, server, 0.0), (server, client, 30.0)):
                    threading.Thread(target=carry, args=way, daemon=True).start()

    opened: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stopping.set()
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    for each in opened:
        each.close()


@pytest.mark.s3
@pytest.mark.parametrize(
    "wrong",
    [
        lambda _slow: _wrong_port(),
        lambda _slow: {"secret_key": "wrong"},
        lambda slow: {"endpoint_url": slow},
    ],
    ids=["refused", "denied", "slow"],
)
def test_fault_31_a_real_s3_that_refuses_keeps_the_job_storing_until_it_is_right(
    wrong: Callable[[str], dict[str, Any]],
    s3: Bucket,
    slow_s3: str,
    order: Order,
    engine: Engine,
    use_storage: UseStorage,
    glam: Sandbox,
    quiet_botocore: None,
    request: pytest.FixtureRequest,
) -> None:
    prefix = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]
    job = order()
    engine.once()
    engine.time.settle()
    use_storage(S3, **s3_options(s3, prefix, **wrong(slow_s3)))
    engine.later(2)
    engine.once()
    assert (state(job), slots_held()) == (("storing", "storage"), 0)
    engine.later(301)
    engine.once()
    assert state(job) == ("storing", "storage")
    use_storage(S3, **s3_options(s3, prefix))
    engine.pump()
    assert state(job) == ("ready", "")
    assert _is_stored_once(job, s3, prefix, glam)
    assert posts(glam) == 1


@pytest.mark.s3
@pytest.mark.parametrize("place", ["after_download", "after_save", "after_ready_row"])
def test_fault_30_on_a_real_s3_a_killed_worker_leaves_one_object(
    place: str,
    s3: Bucket,
    order: Order,
    engine: Engine,
    use_storage: UseStorage,
    glam: Sandbox,
    quiet_botocore: None,
) -> None:
    prefix = f"killed-{place}"
    job = order()
    engine.once()
    engine.time.settle()
    use_storage(S3, **s3_options(s3, prefix))
    engine.die_at(place)
    engine.pump()
    assert state(job) == ("ready", "")
    assert _is_stored_once(job, s3, prefix, glam)


@pytest.mark.s3
def test_fault_31_on_a_real_s3_a_canceled_job_leaves_no_object(
    s3: Bucket,
    order: Order,
    engine: Engine,
    use_storage: UseStorage,
    quiet_botocore: None,
) -> None:
    job = order()
    engine.once()
    engine.time.settle()
    use_storage(S3, **s3_options(s3, "canceled"))
    with engine.at("after_save", lambda: jobs.cancel(TryOnJob.objects.get(pk=job.pk))):
        engine.pump()
    assert state(job)[0] == "canceled"
    assert _keys(s3, "canceled") == []
