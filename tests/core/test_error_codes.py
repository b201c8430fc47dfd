"""docs/error-codes.md against the source: every stable code is there, and none that is not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from glam_tryon.messages import ERROR_MESSAGES
from tests.servers import ROOT

PACKAGE = ROOT / "glam_tryon"
#: Rooms whose codes are kept with jobs and submissions, or raised with an error.
ROOMS = ("garments.py", "images", "limits", "orders", "privacy", "providers", "worker")
#: What takes a code as one of its arguments.
CALLS = {
    "ConsentRequired", "GarmentUnavailable", "InvalidImage", "NotOpened", "OrderRefused", "Outcome",
    "PhotoRefused", "ResultRefused", "Silence", "_Row", "_Trouble", "_fail", "cancel",
    "close_unsent", "fail", "hold_unconfirmed", "snooze", "wait_for_slot",
}  # fmt: skip
CODE = re.compile(r"[a-z]+(_[a-z]+)*")
#: Values that are no error: a request that went well, and the event of each step.
NONE = {"ok"}


def codes_of(node: ast.AST | None, constants: dict[str, str]) -> Iterator[str]:
    """The codes that an expression may be: itself, a constant of its module, either branch."""
    match node:
        case ast.Constant(value=str(text)) if CODE.fullmatch(text):
            yield text
        case ast.Name(id=name) if name in constants:
            yield constants[name]
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*codes_of(body, constants), *codes_of(orelse, constants))
        case ast.BoolOp(values=values) | ast.Tuple(elts=values):
            for value in values:
                yield from codes_of(value, constants)


def constants_in(tree: ast.Module) -> dict[str, str]:
    """The module's own constants that hold text, by their names."""
    found: dict[str, str] = {}
    for node in tree.body:
        if not isinstance(node, ast.Assign):
            continue
        target, value = node.targets[0], node.value
        pairs = [(target, value)]
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = list(zip(target.elts, value.elts, strict=True))
        for name, text in pairs:
            if isinstance(name, ast.Name) and isinstance(text, ast.Constant):
                found[name.id] = str(text.value)
    return {name: text for name, text in found.items() if CODE.fullmatch(text)}


def codes_in(path: Path) -> Iterator[str]:
    """The codes that one module gives to a job, a submission or an error."""
    tree = ast.parse(path.read_text())
    constants = constants_in(tree)
    for node in ast.walk(tree):
        found: list[ast.AST | None] = []
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                found += node.args if name in CALLS else []
                found += [word.value for word in node.keywords if word.arg == "code"]
            case ast.Assign(targets=[ast.Name(id="code")]):
                found.append(node.value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict(values=values)) if (
                name.endswith("_CODES")
            ):
                found += values
            case ast.Return() if path.parent.name == "providers":
                # Why an exchange failed is returned by the function that looks at the exception.
                found.append(node.value)
        for each in found:
            yield from codes_of(each, constants)


def codes_of_the_source() -> set[str]:
    paths = [
        path
        for room in ROOMS
        for path in ([PACKAGE / room] if room.endswith(".py") else (PACKAGE / room).rglob("*.py"))
    ]
    return {code for path in paths for code in codes_in(path)} - NONE


@pytest.fixture(scope="module")
def documented() -> dict[str, list[str]]:
    """The cells of each code's row."""
    page = (ROOT / "docs" / "error-codes.md").read_text()
    rows = re.findall(r"^\| (`[^|]+`) \| (.+) \|$", page, re.MULTILINE)
    return {
        code: cells.split(" | ")
        for codes, cells in rows
        for code in re.findall(r"`([a-z_]+)`", codes)
    }


def test_every_code_that_a_shopper_can_meet_is_on_the_page(
    documented: dict[str, list[str]],
) -> None:
    assert sorted(ERROR_MESSAGES.keys() - documented.keys()) == []


def test_every_code_of_the_source_is_on_the_page(documented: dict[str, list[str]]) -> None:
    codes = codes_of_the_source()
    assert len(codes) > 50
    assert sorted(codes - documented.keys()) == []


def test_the_page_has_no_code_that_is_gone(documented: dict[str, list[str]]) -> None:
    source = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    built = {code for code in documented if code.startswith("result_")}
    assert [
        code
        for code in documented
        if f'"{code}"' not in source
        and not (code in built and f'"{code.removeprefix("result_")}"' in source)
    ] == []


def test_every_code_says_where_it_arises_what_it_means_and_what_to_do(
    documented: dict[str, list[str]],
) -> None:
    assert [code for code, cells in documented.items() if len(cells) != 3 or not all(cells)] == []
