"""Glam's words are kept for staff, without what must not be kept."""

from __future__ import annotations

import pytest

from glam_tryon.providers.redact import failure_text, scrub


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Cannot fetch https://shop.example.com/p/abc?sig=1 now", "Cannot fetch [address] now"),
        ("see HTTP://A.B/c", "see [address]"),
        ("at www.example.com/a.", "at [address]"),
        ("got data:image/png;base64,AAAA", "got [address]"),
        ("API key: sk-1234567890abcdef bad", "API key [hidden] bad"),
        ("X-API-Key sk-live-abcdef", "X-API-Key [hidden]"),
        ("Bearer abcdefgh", "Bearer [hidden]"),
        ("job c0a76988-27ea-4b1a-8115-9239c93a895c", "job [hidden]"),
        ("token=abcdefghij;x", "token [hidden];x"),
        ("The photo\n\tshows\x00 nobody", "The photo shows nobody"),
        ("an internationalisation error", "an internationalisation error"),
        ("1920x1080 is too small", "1920x1080 is too small"),
    ],
)
def test_addresses_and_keys_are_taken_out(text, kept):
    assert scrub(text) == kept


def test_the_key_itself_is_taken_out_whatever_it_looks_like():
    assert scrub("the word swordfish is wrong", "swordfish") == "the word [key] is wrong"


def test_half_a_key_at_the_cut_is_dropped_too():
    text = "https://a/" + "x" * 3960 + " one two " + "swordfish" * 20
    assert "sword" not in scrub(text, "swordfish" * 20)


def test_a_text_is_500_characters_at_most():
    kept = scrub("word " * 10_000)
    assert len(kept) == 500
    assert kept.endswith("…")


def test_hostile_text_takes_no_time():
    for text in ("a" * 1_000_000, "=" * 1_000_000, "token " * 200_000, "a://" * 250_000):
        assert len(scrub(text)) <= 500


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"detail": "No such key"}', "No such key"),
        (b'{"detail": [{"loc": ["body", "a", 0], "msg": "bad", "type": "x"}]}', "body.a.0: bad"),
        (b'{"detail": [{"msg": "one"}, {"msg": "two"}]}', "one; two"),
        (b'{"detail": {"message": "inner"}}', "inner"),
        (b'{"detail": null, "error": "text"}', "text"),
        (b'{"error": {"message": "m", "code": 7}}', "m"),
        (b'{"detail": 7, "message": "m"}', "m"),
        (b'"just text"', "just text"),
        (b"plain words", "plain words"),
        (b"<!doctype html><p>Secret", "(a web page instead of an answer)"),
        (b"\xff\xfe\x00", "���"[:2]),
        (b"{}", ""),
        (b"[]", ""),
        (b"", ""),
        (None, ""),
    ],
)
def test_the_reason_is_found_in_the_usual_places(body, text):
    assert failure_text(body) == text
