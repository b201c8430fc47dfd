"""Submitting: what was bought, what was not, and what nobody can know (faults 1 to 10 and 13)."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from glam_tryon.providers.base import MaskType, Verdict
from tests.providers.conftest import KEY
from tests.providers.servers import answer, drip, hang_up, raw, reset, silence

EVENT = "c0a76988-27ea-4b1a-8115-9239c93a895c"
ACCEPTED = answer({"event_id": EVENT})
WHAT = {
    "photo_url": "https://shop.example.com/photo/abc",
    "garment_url": "https://shop.example.com/garment.jpg",
    "mask_type": "upper",
}
BODY = {"media_url" if name == "photo_url" else name: value for name, value in WHAT.items()}


def test_a_submit_is_one_post_as_glam_documents_it(serve, connect):
    server = serve(ACCEPTED)
    submitted = connect(server).submit(**WHAT)
    assert (submitted.outcome.verdict, submitted.event_id) == (Verdict.OK, EVENT)
    [seen] = server.requests
    assert (seen.method, seen.path, seen.json()) == ("POST", "/api/v1/tryon", BODY)
    assert seen.headers["x-api-key"] == KEY
    assert seen.headers["accept"] == seen.headers["content-type"] == "application/json"
    assert seen.headers["accept-encoding"] == "identity"


def test_a_mask_type_may_be_given_as_the_enumeration(serve, connect):
    server = serve(ACCEPTED)
    connect(server).submit(**(WHAT | {"mask_type": MaskType.LOWER}))
    assert server.requests[0].json()["mask_type"] == "lower"


def test_a_base_address_may_end_with_a_slash(serve, connect):
    server = serve(ACCEPTED)
    connect(f"{server.url}/api/v1/").submit(**WHAT)
    assert server.requests[0].path == "/api/v1/tryon"


class TestNothingIsBoughtWhenNoByteLeft:
    def judged(self, client, code):
        outcome = client.submit(**WHAT).outcome
        assert (outcome.verdict, outcome.code) == (Verdict.NOT_SENT, code)
        assert outcome.breaker
        return outcome

    def test_fault_1_the_name_is_unknown(self, connect, monkeypatch):
        def unknown(*args, **kwargs):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        outcome = self.judged(connect("http://glam.invalid/api/v1"), "name_lookup")
        assert outcome.detail == "gaierror: Name or service not known"

    def test_fault_1_the_connection_is_refused(self, serve, connect):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        self.judged(connect(f"http://127.0.0.1:{port}"), "connect_failed")

    def test_fault_1_the_tls_handshake_never_ends(self, connect, stack):
        mute = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        client = connect(f"https://localhost:{mute.getsockname()[1]}", connect_timeout_seconds=0.1)
        self.judged(client, "connect_timeout")

    def test_fault_1_the_certificate_is_nobodys(self, serve, connect, server_tls):
        server = serve(ACCEPTED, tls=server_tls)
        outcome = self.judged(connect(server), "tls")
        assert "self-signed certificate" in outcome.detail
        assert server.requests == []

    def test_fault_1_the_certificate_is_for_another_host(
        self, serve, connect, server_tls, certificate, monkeypatch
    ):
        server = serve(ACCEPTED, tls=server_tls)
        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda host, *rest, **named: real("127.0.0.1", *rest, **named)
        )
        client = connect(f"https://glam.invalid:{server.port}", ca_bundle=str(certificate))
        self.judged(client, "tls")
        assert server.requests == []

    def test_fault_1_the_server_resets_within_the_handshake(self, connect, stack):
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def refuse():
            sock, _ = listener.accept()
            with sock:
                sock.recv(1)
                reset(sock, threading.Event())

        thread = threading.Thread(target=refuse)
        thread.start()
        stack.callback(thread.join)
        self.judged(connect(f"https://localhost:{listener.getsockname()[1]}"), "connect_failed")


class TestTheLastLookBeforeTheFirstByte:
    def test_it_comes_once_when_the_connection_stands_and_nothing_is_written(self, serve, connect):
        server = serve(ACCEPTED)
        looks = []

        def look():
            server.wait_for_connections(1)
            looks.append(server.received)
            return True

        assert connect(server).submit(**WHAT, before_write=look).event_id == EVENT
        assert looks == [0]

    def test_it_comes_after_the_tls_handshake(self, serve, connect, server_tls, certificate):
        server = serve(ACCEPTED, tls=server_tls)
        looks = []

        def look():
            looks.append((server.connections, server.received))
            return True

        client = connect(server, ca_bundle=str(certificate))
        assert client.submit(**WHAT, before_write=look).event_id == EVENT
        assert looks == [(1, 0)]

    @pytest.mark.parametrize("is_tls", [False, True])
    def test_when_it_says_no_not_one_byte_leaves(
        self, serve, connect, server_tls, certificate, is_tls
    ):
        server = serve(ACCEPTED, tls=server_tls if is_tls else None)
        client = connect(server, ca_bundle=str(certificate))
        outcome = client.submit(**WHAT, before_write=lambda: False).outcome
        assert (outcome.verdict, outcome.code) == (Verdict.NOT_SENT, "fenced")
        assert not outcome.breaker
        server.wait_until_idle()
        assert (server.connections, server.received) == (1, 0)

    @pytest.mark.parametrize("error", [RuntimeError("lease"), ConnectionResetError("database")])
    def test_when_it_raises_not_one_byte_leaves_and_the_error_goes_on(self, serve, connect, error):
        server = serve(ACCEPTED)

        def look():
            raise error

        with pytest.raises(type(error)) as caught:
            connect(server).submit(**WHAT, before_write=look)
        assert caught.value is error
        server.wait_until_idle()
        assert server.received == 0

    def test_it_is_not_asked_when_the_deadline_passed_while_connecting(self, serve, connect):
        server = serve(ACCEPTED)
        outcome = (
            connect(server, deadline_seconds=0.0)
            .submit(**WHAT, before_write=lambda: pytest.fail("asked"))
            .outcome
        )
        assert (outcome.verdict, outcome.code) == (Verdict.NOT_SENT, "deadline")


class TestNobodyKnowsOnceAByteLeft:
    def judged(self, server, client, code):
        began = time.monotonic()
        submitted = client.submit(**WHAT)
        assert time.monotonic() - began < 3.0
        outcome = submitted.outcome
        assert (outcome.verdict, outcome.code) == (Verdict.AMBIGUOUS, code)
        assert submitted.event_id == ""
        assert outcome.breaker
        assert len(server.requests) == server.connections == 1
        return outcome

    def test_fault_2_no_answer_in_time(self, serve, connect):
        server = serve(silence)
        self.judged(server, connect(server), "read_timeout")

    def test_fault_3_a_reset_after_the_request(self, serve, connect):
        server = serve(reset)
        self.judged(server, connect(server), "connection_lost")

    def test_fault_3_hung_up_without_an_answer(self, serve, connect):
        server = serve(hang_up)
        self.judged(server, connect(server), "connection_lost")

    def test_fault_3_hung_up_over_tls(self, serve, connect, server_tls, certificate):
        server = serve(hang_up, tls=server_tls)
        self.judged(server, connect(server, ca_bundle=str(certificate)), "connection_lost")

    def test_an_answer_that_is_no_http(self, serve, connect):
        server = serve(raw(b"SSH-2.0-OpenSSH_9.2\r\n"))
        self.judged(server, connect(server), "connection_lost")

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_fault_5_a_server_error_with_a_web_page(self, serve, connect, status):
        server = serve(answer(b"<html>Bad gateway</html>", status, {"Retry-After": "5"}))
        outcome = self.judged(server, connect(server), "server_error")
        assert outcome.detail == "(a web page instead of an answer)"
        assert outcome.http_status == status

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b'{"event_id": "abc', "unreadable"),
            (b"", "unreadable"),
            (b"[" * 100_000, "unreadable"),
            (b"[]", "unreadable"),
            ({}, "bad_event_id"),
            ({"event_id": None}, "bad_event_id"),
            ({"event_id": 7}, "bad_event_id"),
            ({"event_id": "a" * 10_240}, "bad_event_id"),
            ({"event_id": "a" * 129}, "bad_event_id"),
            ({"event_id": "../../x"}, "bad_event_id"),
            ({"event_id": ".."}, "bad_event_id"),
            ({"event_id": "."}, "bad_event_id"),
            ({"event_id": "a\n"}, "bad_event_id"),
            ({"event_id": ""}, "bad_event_id"),
        ],
    )
    def test_fault_8_a_success_without_a_name_for_it(self, serve, connect, body, code):
        server = serve(answer(body))
        self.judged(server, connect(server), code)

    def test_fault_8_a_body_cut_short(self, serve, connect):
        server = serve(raw(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"event_id": "a"}'))
        self.judged(server, connect(server), "connection_lost")

    def test_fault_8_a_compressed_body(self, serve, connect):
        server = serve(answer(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}))
        self.judged(server, connect(server), "encoding")

    def test_fault_8_a_body_without_end(self, serve, connect):
        server = serve(drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 50_000, 0))
        self.judged(server, connect(server), "too_large")

    def test_fault_10_a_body_that_drips(self, serve, connect):
        server = serve(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" "))
        self.judged(server, connect(server), "deadline")

    def test_fault_10_chunks_that_drip(self, serve, connect):
        start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        server = serve(drip(start, b"1\r\n \r\n"))
        self.judged(server, connect(server), "deadline")

    def test_fault_10_headers_that_drip(self, serve, connect):
        server = serve(drip(b"HTTP/1.1 200 OK\r\n", b"X"))
        self.judged(server, connect(server), "deadline")

    def test_fault_10_a_status_line_that_drips_over_tls(
        self, serve, connect, server_tls, certificate
    ):
        server = serve(drip(b"HTTP/1.1 ", b"2"), tls=server_tls)
        self.judged(server, connect(server, ca_bundle=str(certificate)), "deadline")

    def test_fault_10_answers_100_without_end(self, serve, connect):
        server = serve(drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"))
        self.judged(server, connect(server), "deadline")


class TestARefusalBuysNothing:
    def judged(self, serve, connect, reply, **options):
        server = serve(reply)
        outcome = connect(server, **options).submit(**WHAT).outcome
        assert len(server.requests) == 1
        return outcome

    def test_fault_4_too_many_requests(self, serve, connect):
        outcome = self.judged(serve, connect, answer(b"", 429, {"Retry-After": "1"}))
        assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, "throttled")
        assert outcome.throttled
        assert not outcome.pauses
        assert outcome.retry_after_seconds == 1.0

    def test_a_refusal_counts_even_when_its_text_never_comes(self, serve, connect):
        start = b"HTTP/1.1 429 Slow\r\nContent-Length: 9999\r\nRetry-After: 3\r\n\r\n"
        outcome = self.judged(serve, connect, drip(start, b" "))
        assert (outcome.code, outcome.retry_after_seconds) == ("throttled", 3.0)

    def test_fault_6_a_wrong_key_pauses(self, serve, connect):
        outcome = self.judged(serve, connect, answer({"detail": "Invalid key"}, 401))
        assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, "bad_key")
        assert outcome.pauses
        assert outcome.detail == "Invalid key"

    def test_fault_7_an_empty_account_pauses(self, serve, connect):
        outcome = self.judged(serve, connect, answer(b"", 402))
        assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, "no_credits")
        assert outcome.pauses

    @pytest.mark.parametrize("status", [400, 404, 413, 415, 422])
    def test_fault_7_a_rejection_is_final_and_keeps_glams_text(self, serve, connect, status):
        body = {"detail": [{"loc": ["body", "mask_type"], "msg": "unknown", "type": "enum"}]}
        outcome = self.judged(serve, connect, answer(body, status))
        assert (outcome.verdict, outcome.code) == (Verdict.FATAL, "rejected")
        assert outcome.detail == "body.mask_type: unknown"

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_fault_13_a_redirect_is_not_followed(self, serve, connect, status):
        elsewhere = serve(ACCEPTED)
        outcome = self.judged(
            serve, connect, answer(b"", status, {"Location": f"{elsewhere.url}/api/v1/tryon"})
        )
        assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, "redirected")
        assert outcome.pauses
        assert elsewhere.connections == 0

    def test_a_503_with_retry_after_is_as_unclear_as_one_without(self, serve, connect):
        reply = answer(b"", 503, {"Retry-After": "7"})
        assert self.judged(serve, connect, reply).verdict is Verdict.AMBIGUOUS


class TestAPostNeverGoesOverAKeptConnection:
    def test_fault_3_one_that_the_server_has_closed(self, serve, connect):
        server = serve(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), ACCEPTED)
        client = connect(server)
        client.poll("a")
        server.wait_until_idle()
        assert client.submit(**WHAT).event_id == EVENT
        assert [seen.connection for seen in server.requests] == [1, 2]

    def test_fault_3_one_that_the_server_closes_at_the_moment_of_writing(self, serve, connect):
        server = serve(answer({"status": "READY"}), ACCEPTED)
        client = connect(server)
        for _ in range(3):
            client.poll("a")
        assert server.connections == 1
        assert client.submit(**WHAT).event_id == EVENT
        assert server.requests[-1].connection == 2

    def test_over_tls(self, serve, connect, server_tls, certificate):
        server = serve(answer({"status": "READY"}), ACCEPTED, tls=server_tls)
        client = connect(server, ca_bundle=str(certificate))
        client.poll("a")
        assert client.submit(**WHAT).event_id == EVENT
        assert [seen.connection for seen in server.requests] == [1, 2]

    def test_two_posts_have_two_connections(self, serve, connect):
        server = serve(ACCEPTED)
        client = connect(server)
        client.submit(**WHAT)
        client.submit(**WHAT)
        assert [seen.connection for seen in server.requests] == [1, 2]
