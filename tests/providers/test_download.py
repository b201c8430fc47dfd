"""Fetching the bytes of a result (faults 24, 25, 27 and 28)."""

from __future__ import annotations

import logging
import socket
import time

import pytest

from glam_tryon.exceptions import DownloadFailed, ResultRefused, UnsafeResultURL
from glam_tryon.providers.download import fetch_bytes
from tests.providers.servers import answer, drip, hang_up, raw, reset, silence

BYTES = b"\xff\xd8\xff" + bytes(range(256)) * 100


def fetched(server, path="/outputs/a.jpg", **options):
    short = {"read_timeout_seconds": 0.6, "deadline_seconds": 1.5, "max_bytes": 100_000}
    return fetch_bytes(server.url + path, result_hosts=(), allow_loopback=True, **(short | options))


def test_the_bytes_come_exactly_as_they_are_served(serve):
    server = serve(answer(BYTES, headers={"Content-Type": "text/html"}))
    assert fetched(server, "/a.jpg?size=1") == BYTES
    [seen] = server.requests
    assert (seen.method, seen.path) == ("GET", "/a.jpg?size=1")
    assert seen.headers["accept-encoding"] == "identity"
    assert seen.headers["host"] == f"127.0.0.1:{server.port}"
    assert not {"x-api-key", "authorization", "cookie"} & set(seen.headers)


def test_over_tls_the_name_is_checked_though_the_address_is_connected_to(
    serve, server_tls, certificate
):
    server = serve(answer(BYTES), tls=server_tls)
    assert fetched(server, ca_bundle=str(certificate)) == BYTES
    with pytest.raises(DownloadFailed, match="tls"):
        fetched(server)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "0.0.0.0", "224.0.0.1", "::1", "::ffff:127.0.0.1", "::", "fd00::1", "fe80::1",
     "64:ff9b::7f00:1"],
)  # fmt: skip
def test_fault_24_a_listed_name_with_an_address_inside_is_blocked_before_connecting(
    monkeypatch, address
):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **named: found)
    monkeypatch.setattr(
        "glam_tryon.providers.connections.open_socket", lambda *_args: pytest.fail("asked")
    )
    for allow_loopback in (False, True):
        with pytest.raises(UnsafeResultURL, match="private network"):
            fetch_bytes(
                "https://static.getglam.app/a.jpg",
                result_hosts=[".getglam.app"],
                allow_loopback=allow_loopback,
            )


def test_fault_24_a_name_that_changes_its_address_is_asked_at_the_checked_one(monkeypatch):
    lookups = iter(["93.184.215.14", "127.0.0.1"])
    asked = []

    def look_up(*args, **named):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(lookups), 443))]

    def connect(_family, address, _exchange):
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr("glam_tryon.providers.connections.open_socket", connect)
    with pytest.raises(DownloadFailed):
        fetch_bytes("https://static.getglam.app/a.jpg", result_hosts=[".getglam.app"])
    assert asked == [("93.184.215.14", 443)]


def test_fault_24_a_redirect_is_not_followed(serve):
    elsewhere = serve(answer(BYTES))
    server = serve(answer(b"", 302, {"Location": f"{elsewhere.url}/a.jpg"}))
    with pytest.raises(DownloadFailed, match="302"):
        fetched(server)
    assert elsewhere.connections == 0


@pytest.mark.parametrize(
    ("status", "gone"), [(403, True), (404, True), (410, True), (500, False), (429, False)]
)
def test_fault_25_a_host_that_says_no_may_mean_that_the_result_is_gone(serve, status, gone):
    with pytest.raises(DownloadFailed, match=str(status)) as caught:
        fetched(serve(answer(b"", status)))
    assert caught.value.gone is gone


@pytest.mark.parametrize(
    "reply",
    [
        silence,
        reset,
        hang_up,
        answer(b""),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort"),
        drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x"),
        drip(b"HTTP/1.1 200 OK\r\n", b"X"),
    ],
)
def test_fault_27_an_answer_that_does_not_end_well_fails_within_the_deadline(serve, reply):
    began = time.monotonic()
    with pytest.raises(DownloadFailed) as caught:
        fetched(serve(reply))
    assert time.monotonic() - began < 3.0
    assert not caught.value.gone


def test_fault_27_an_announced_length_beyond_the_cap_is_not_read(serve):
    server = serve(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", b"x"))
    with pytest.raises(ResultRefused) as caught:
        fetched(server)
    assert caught.value.code == "too_large"


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"2710\r\n%b\r\n" % (b"x" * 10_000),
        ),
    ],
)
def test_fault_27_a_body_without_end_stops_at_the_cap(serve, start, piece):
    with pytest.raises(ResultRefused) as caught:
        fetched(serve(drip(start, piece, 0)))
    assert caught.value.code == "too_large"


def test_a_body_of_just_the_cap_is_taken(serve):
    assert fetched(serve(answer(b"x" * 100_000))) == b"x" * 100_000


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "gzip, gzip, gzip"])
def test_fault_28_a_compressed_body_is_refused(serve, encoding):
    server = serve(answer(b"\x1f\x8b", headers={"Content-Encoding": encoding}))
    with pytest.raises(ResultRefused) as caught:
        fetched(server)
    assert caught.value.code == "encoding"


def test_neither_a_log_record_nor_an_error_holds_the_results_address(serve, caplog):
    caplog.set_level(logging.DEBUG)
    assert fetched(serve(answer(BYTES)), "/secret-path?signature=abc") == BYTES
    with pytest.raises(DownloadFailed) as caught:
        fetched(serve(reset), "/secret-path?signature=abc")
    assert "secret-path" not in caplog.text + str(caught.value) + repr(caught.value)
