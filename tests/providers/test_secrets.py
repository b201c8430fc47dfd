"""The API key goes to Glam and nowhere else: no log, no text, no other host (invariant I8)."""

from __future__ import annotations

import http.client
import logging

import pytest

from glam_tryon.providers.base import Verdict
from glam_tryon.providers.glam.client import GlamClient
from tests.providers.conftest import KEY
from tests.providers.servers import answer, hang_up, reset, silence
from tests.providers.test_submit import ACCEPTED, WHAT


@pytest.mark.parametrize("reply", [ACCEPTED, silence, reset, hang_up, answer(b"", 401),
                                   answer(b"", 302, {"Location": "http://127.0.0.1:9/"}),
                                   answer({"detail": f"key {KEY} is wrong"}, 400)])  # fmt: skip
def test_no_log_record_and_no_outcome_holds_the_key_or_a_photo_link(
    serve, connect, caplog, capsys, monkeypatch, reply
):
    # What somebody in need sets for the whole process; it would print every header.
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    caplog.set_level(logging.DEBUG)
    client = connect(serve(reply))
    outcomes = [client.submit(**WHAT), client.poll("abc"), client.upload(b"x", "a.jpg", "b")]
    printed = capsys.readouterr()
    for text in (caplog.text, repr(outcomes), repr(client), printed.out, printed.err):
        assert KEY not in text
        assert "example.com" not in text
    assert "send:" not in printed.out
    assert any(record.name.startswith("urllib3") for record in caplog.records)


def test_the_representation_masks_the_key(connect):
    assert repr(connect("https://api.glam.ai/api/v1")) == (
        "GlamClient(base_url='https://api.glam.ai/api/v1', api_key='***')"
    )


def test_the_key_may_be_a_callable_that_is_asked_each_time(serve, connect):
    server = serve(ACCEPTED)
    keys = iter(["one", "two"])
    client = connect(server, api_key=lambda: next(keys))
    client.submit(**WHAT)
    client.submit(**WHAT)
    assert [seen.headers["x-api-key"] for seen in server.requests] == ["one", "two"]


@pytest.mark.parametrize("key", ["", " ", "a\r\nX-Evil: 1", "a\n", "a\x00b", "schlüssel€", None])
def test_a_key_that_fits_no_header_is_not_sent(serve, connect, key):
    server = serve(ACCEPTED)
    client = connect(server, api_key=key)
    outcome = client.submit(**WHAT, before_write=lambda: pytest.fail("asked")).outcome
    assert (outcome.verdict, outcome.code) == (Verdict.NOT_SENT, "bad_key")
    assert outcome.pauses
    assert not outcome.breaker
    polled = client.poll("abc").outcome
    assert (polled.verdict, polled.code, polled.pauses) == (Verdict.AGAIN, "bad_key", True)
    assert server.connections == 0


def test_a_key_in_latin_1_is_sent(serve, connect):
    server = serve(ACCEPTED)
    connect(server, api_key="schlüssel").submit(**WHAT)
    assert server.requests[0].headers["x-api-key"] == "schlüssel"


def test_the_environment_adds_no_proxy_and_no_password(serve, connect, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    proxy = serve(ACCEPTED)
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("NO_PROXY", "")
    server = serve(answer({"event_id": "a"}, headers={"Set-Cookie": "a=b"}))
    client = connect(server)
    client.submit(**WHAT)
    client.submit(**WHAT)
    assert proxy.connections == 0
    for seen in server.requests:
        assert "authorization" not in seen.headers
        assert "cookie" not in seen.headers


@pytest.mark.parametrize(
    "address",
    ["", "api.glam.ai", "ftp://api.glam.ai", "https://a:b@api.glam.ai", "https://api.glam.ai/?a=b"],
)
def test_a_base_address_that_cannot_be_used_is_an_error_at_once(address):
    with pytest.raises(ValueError, match="base_url must"):
        GlamClient(api_key=KEY, base_url=address)
