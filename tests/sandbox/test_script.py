"""Fault scripts: which request a rule takes, and what a wrong script says about itself."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from glam_tryon.sandbox import FaultScript, FaultScriptError
from glam_tryon.sandbox.fault_actions import PLACES, RESULT_KINDS, Do

OOPS = {"status": 500}
NO_ACTION = 'rule 1, key "do": must be an object with at least one action'
IN_ACCEPT_THEN = 'rule 1, key "accept_then": "fail": does not work inside accept_then; '
FETCH = 'rule 1, key "fetch": must be an object with '
DOCS = Path(__file__).parents[2] / "docs" / "sandbox.md"


def hits(script: FaultScript, on: str = "submit", asked: int = 6) -> list[int]:
    """Which of so many requests went wrong, from 1."""
    return [at for at in range(1, asked + 1) if script.decide(on).status is not None]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"nth": "every"}, [1, 2, 3, 4, 5, 6]),
        ({"nth": 2}, [2]),
        ({"nth": [1, 3]}, [1, 3]),
        ({"times": 2}, [1, 2]),
        ({"probability": 0}, []),
        ({"probability": 1}, [1, 2, 3, 4, 5, 6]),
    ],
)
def test_a_rule_takes_the_requests_it_counts(rule: dict[str, Any], expected: list[int]) -> None:
    assert hits(FaultScript.from_rules([{"on": "submit", "do": OOPS} | rule])) == expected


def test_a_rule_counts_only_its_own_kind_of_request() -> None:
    script = FaultScript.from_rules([{"on": "submit", "nth": 1, "do": OOPS}])

    assert hits(script, "status") == []
    assert hits(script, "submit") == [1]


def test_chance_is_repeatable_with_a_seed() -> None:
    rules = [{"on": "submit", "probability": 0.5, "do": OOPS}]
    first, again = (hits(FaultScript.from_rules(rules, seed=3), asked=50) for _ in range(2))

    assert first == again
    assert 10 < len(first) < 40


def test_a_rule_for_an_event_counts_the_requests_of_that_event() -> None:
    rules: list[dict[str, Any]] = [
        {"on": "status", "event": 2, "nth": 2, "do": OOPS},
        {"on": "status", "event": "abc", "do": {"status": 404}},
    ]
    script = FaultScript.from_rules(rules)

    assert [script.decide("status", number, "x").status for number in (1, 2, 2, 2)] == [
        None, None, 500, None,
    ]  # fmt: skip
    assert script.decide("status", 7, "abc").status == 404


def test_where_two_rules_meet_the_first_ones_keys_win() -> None:
    script = FaultScript.from_rules([
        {"on": "submit", "do": {"status": 503}},
        {"on": "submit", "do": {"status": 500, "retry_after": 3}},
    ])  # fmt: skip
    do = script.decide("submit")

    assert (do.status, do.retry_after) == (503, "3")
    assert script.used == (1, 1)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (["x"], "rule 1: must be an object, not 'x'"),
        (
            [{"on": "post", "do": OOPS}],
            'rule 1, key "on": must be one of submit, status, upload, result',
        ),
        ([{"on": "submit"}], NO_ACTION),
        ([{"on": "submit", "do": {}}], NO_ACTION),
        (
            [{"on": "submit", "do": OOPS, "nht": 1}],
            'rule 1, key "nht": is not known; did you mean "nth"?',
        ),
        (
            [{"on": "submit", "do": OOPS}, {"on": "submit", "do": {"delay_second": 1}}],
            'rule 2, key "delay_second": is not known; did you mean "delay_seconds"?',
        ),
        (
            [{"on": "result", "do": {"fail": "x"}}],
            'rule 1, key "fail": does not work on "result"; it works on submit',
        ),
        (
            [{"on": "submit", "do": {"accept_then": {"fail": "x"}}}],
            IN_ACCEPT_THEN + "it works on submit",
        ),
        (
            [{"on": "submit", "do": {"accept_then": "explode"}}],
            'rule 1, key "accept_then": must be one of reset, close, no_answer, not \'explode\'',
        ),
        (
            [{"on": "submit", "do": {"status": "500"}}],
            'rule 1, key "status": must be a whole number from 200 to 599, not \'500\'',
        ),
        (
            [{"on": "submit", "do": {"reset": 1}}],
            'rule 1, key "reset": must be true or false, not 1',
        ),
        (
            [{"on": "submit", "do": {"delay_seconds": -1}}],
            'rule 1, key "delay_seconds": must be a number of seconds, 0 or more, not -1',
        ),
        (
            [{"on": "submit", "do": {"headers": {"A": 1}}}],
            'rule 1, key "headers": must be an object of header names and texts, not {\'A\': 1}',
        ),
        (
            [{"on": "submit", "do": {"raw": "€"}}],
            'rule 1, key "raw": must hold characters up to U+00FF only, one byte each',
        ),
        (
            [{"on": "submit", "do": {"retry_after": None}}],
            'rule 1, key "retry_after": must be a number of seconds or a text, not None',
        ),
        (
            [{"on": "submit", "do": {"drip": {"bytes": 1}}}],
            'rule 1, key "drip": needs "seconds"',
        ),
        (
            [{"on": "submit", "do": {"drip": {"second": 1}}}],
            'rule 1, key "drip": "second" is not known; did you mean "seconds"?',
        ),
        (
            [{"on": "submit", "do": {"fetch": {"times": 0}}}],
            'rule 1, key "fetch": "times" must be a whole number from 1 to 100, not 0',
        ),
        (
            [{"on": "submit", "do": {"fetch": True}}],
            FETCH + "never, delay_seconds, times, head, range, not True",
        ),
        (
            [{"on": "submit", "do": {"remote_status": []}}],
            'rule 1, key "remote_status": must not be an empty list',
        ),
        (
            [{"on": "submit", "do": {"fail": ""}}],
            "rule 1, key \"fail\": must be a text, not ''",
        ),
        (
            [{"on": "submit", "nth": 0, "do": OOPS}],
            'rule 1, key "nth": must be "every", a whole number from 1, or a list of them, not 0',
        ),
        (
            [{"on": "submit", "times": 0, "do": OOPS}],
            'rule 1, key "times": must be a whole number of 1 or more, not 0',
        ),
        (
            [{"on": "submit", "probability": 2, "do": OOPS}],
            'rule 1, key "probability": must be a number from 0 to 1, not 2',
        ),
        (
            [{"on": "submit", "event": 1, "do": OOPS}],
            'rule 1, key "event": works on status and result; count with nth here',
        ),
        (
            [{"on": "status", "event": 0, "do": OOPS}],
            "rule 1, key \"event\": must be an event id, or a submission's number from 1, not 0",
        ),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_named_with_its_key(rules: list[Any], message: str) -> None:
    with pytest.raises(FaultScriptError) as caught:
        FaultScript.from_rules(rules)

    assert str(caught.value) == message


def test_a_wrong_kind_of_result_lists_the_right_ones() -> None:
    with pytest.raises(FaultScriptError, match="must be one of html, json, svg"):
        FaultScript.from_rules([{"on": "result", "do": {"result": "gif"}}])


def test_an_error_holds_its_facts() -> None:
    with pytest.raises(FaultScriptError) as caught:
        FaultScript.from_rules([{"on": "submit", "do": {"reset": 1}}])

    assert (caught.value.rule, caught.value.key) == (1, "reset")


@pytest.mark.parametrize("wrap", [lambda rules: rules, lambda rules: {"seed": 3, "rules": rules}])
def test_a_script_is_read_from_a_file(tmp_path: Path, wrap: Any) -> None:
    path = tmp_path / "faults.json"
    rules = [{"on": "submit", "nth": 2, "note": "the second fails", "do": OOPS}]
    path.write_text(json.dumps(wrap(rules)))

    assert hits(FaultScript.from_file(path)) == [2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("3", 'fault script, key "rules": must be a list of rules'),
        ("{}", 'fault script, key "rules": must be a list of rules'),
        ('{"rule": []}', 'key "rule": is not known; did you mean "rules"?'),
        ('{"seed": "a", "rules": []}', "key \"seed\": must be a whole number, not 'a'"),
    ],
)
def test_a_file_that_is_no_script_says_why(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "faults.json"
    path.write_text(content)

    with pytest.raises(FaultScriptError) as caught:
        FaultScript.from_file(path)

    assert message in str(caught.value)


def test_the_documentation_lists_every_key_and_every_kind_of_result() -> None:
    text = DOCS.read_text(encoding="utf-8")
    names = [each.name for each in fields(Do)] + list(RESULT_KINDS) + list(PLACES)

    assert [name for name in names if f"`{name}`" not in text] == []


def test_the_scripts_in_the_documentation_can_be_used() -> None:
    blocks = DOCS.read_text(encoding="utf-8").split("```json\n")[1:]
    scripts = [json.loads(block.split("```")[0]) for block in blocks]

    assert scripts
    for script in scripts:
        FaultScript.from_rules(script["rules"] if isinstance(script, dict) else script)
