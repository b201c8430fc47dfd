"""Uploading a picture: it buys nothing, so what is unclear may be done again."""

from __future__ import annotations

import socket

import pytest

from glam_tryon.providers.base import Verdict
from tests.providers.conftest import KEY
from tests.providers.servers import answer, hang_up, reset, silence

ADDRESS = "https://static.getglam.app/uploads/a.jpg"


def test_an_upload_is_one_multipart_post(serve, connect):
    server = serve(answer({"file_url": ADDRESS}))
    uploaded = connect(server).upload(b"\xff\xd8jpeg", "photo.jpg", "image/jpeg")
    assert (uploaded.outcome.verdict, uploaded.file_url) == (Verdict.OK, ADDRESS)
    [seen] = server.requests
    assert (seen.method, seen.path) == ("POST", "/api/v1/upload")
    assert seen.headers["x-api-key"] == KEY
    assert seen.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="file"; filename="photo.jpg"' in seen.body
    assert b"Content-Type: image/jpeg\r\n\r\n\xff\xd8jpeg\r\n" in seen.body


@pytest.mark.parametrize("is_tls", [False, True])
def test_a_large_picture_arrives_whole(serve, connect, server_tls, certificate, is_tls):
    server = serve(answer({"file_url": ADDRESS}), tls=server_tls if is_tls else None)
    content = bytes(range(256)) * 8192
    client = connect(server, ca_bundle=str(certificate), deadline_seconds=5.0)
    assert client.upload(content, "a.png", "image/png").file_url == ADDRESS
    assert content in server.requests[0].body


@pytest.mark.parametrize(
    ("reply", "verdict", "code"),
    [
        (silence, Verdict.AGAIN, "read_timeout"),
        (reset, Verdict.AGAIN, "connection_lost"),
        (hang_up, Verdict.AGAIN, "connection_lost"),
        (answer(b"", 500), Verdict.AGAIN, "server_error"),
        (answer({}), Verdict.AGAIN, "unreadable"),
        (answer({"file_url": "file:///etc/passwd"}), Verdict.AGAIN, "unreadable"),
        (answer({"file_url": "https://["}), Verdict.AGAIN, "unreadable"),
        (answer(b"", 429), Verdict.REFUSED, "throttled"),
        (answer(b"", 401), Verdict.REFUSED, "bad_key"),
        (answer(b"", 413), Verdict.FATAL, "rejected"),
        (answer(b"", 302, {"Location": "/"}), Verdict.REFUSED, "redirected"),
    ],
)
def test_every_other_answer_has_its_verdict(serve, connect, reply, verdict, code):
    uploaded = connect(serve(reply)).upload(b"x", "a.jpg", "image/jpeg")
    assert (uploaded.outcome.verdict, uploaded.outcome.code) == (verdict, code)
    assert uploaded.file_url == ""


def test_a_server_that_does_not_read_ends_at_the_deadline(connect, stack):
    deaf = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    client = connect(f"http://127.0.0.1:{deaf.getsockname()[1]}")
    outcome = client.upload(b"x" * 20_000_000, "a.jpg", "image/jpeg").outcome
    assert (outcome.verdict, outcome.code) == (Verdict.AGAIN, "read_timeout")
