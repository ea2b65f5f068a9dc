"""The conformance page: each requirement with the tests that prove it, found by reading the tests, not by running them.

A test proves ids with ``@pytest.mark.requirement("A2", "F9")``, or with ``@requirement("A2")`` where the file names the
marker so; ``pytestmark`` marks a whole file.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from cds_service.conformance.catalogue import Requirement, catalogue
from hooks.services import SPECIFICATION_VERSION

MARKER = "requirement"
UNPROVING = frozenset({"skip", "xfail"})
"""A test so marked proves nothing."""

SECTIONS: Mapping[str, str] = {
    "A": "Transport and JSON",
    "B": "Discovery",
    "C": "Prefetch templates",
    "D": "Service request",
    "E": "Prefetch data and FHIR access",
    "F": "Cards",
    "F-a": "Actions",
    "F-b": "Links",
    "F-c": "System actions",
    "F-d": "Errors and stale guidance",
    "G": "Feedback",
    "J": "Client authentication",
    "X": "Other security",
    "H": "Hooks",
}

HEAD = f"""# Conformance

This service claims **CDS Hooks {SPECIFICATION_VERSION}**. From the 3.0 ballot it sends only what a 2.0 client may
ignore: `version` in discovery (B10), OperationOutcome bodies of errors (A7) and HL7's non-adherence codes as override
reasons (F16). It reads SMART scopes of both versions (E9). It sends no `actionSelectionBehavior`, no `hookVersion`, no
system action and no prefetch template that needs a 3.0 client.

Every row is proven by tests that name its id, or says why it does not apply; CI fails otherwise. Levels: those of the
specification; COND is a must under its condition; LL is a lesson from other services that no specification asks for.
Sources: v2 is 2.0.1, v3 the 3.0 ballot, BP the CDS Hooks best practices, LIB the hook library, INF a requirement of the
Inferno test kit (`cds-hooks_2.0@n`), FSH an invariant of the 3.0 logical models.
"""


def proofs(tests: Path) -> Mapping[str, tuple[str, ...]]:
    """Requirement id to the tests in folder `tests` that prove it: ``tests/spec/test_x.py::test_y``, or a whole file.

    Raises ValueError where a marker's ids are not plain strings.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(tests.rglob("test_*.py")):
        name = path.relative_to(tests.parent).as_posix()
        for requirement, test in _marked(ast.parse(path.read_text(encoding="utf-8")), name):
            found[requirement].append(test)
    return {requirement: tuple(names) for requirement, names in found.items()}


def _marked(module: ast.Module, name: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield from ((requirement, f"{name}::{node.name}") for requirement in _ids(node.decorator_list, name))
    for statement in module.body:
        if isinstance(statement, ast.Assign) and any(ast.unparse(t) == "pytestmark" for t in statement.targets):
            marks = statement.value.elts if isinstance(statement.value, ast.List | ast.Tuple) else [statement.value]
            yield from ((requirement, name) for requirement in _ids(marks, name))


def _ids(marks: list[ast.expr], name: str) -> list[str]:
    ids: list[str] = []
    for mark in marks:
        called = mark.func if isinstance(mark, ast.Call) else mark
        kind = ast.unparse(called).rpartition(".")[2]
        if kind in UNPROVING:
            return []
        if kind == MARKER and isinstance(mark, ast.Call):
            ids += [_text(argument, name) for argument in mark.args]
    return ids


def _text(argument: ast.expr, name: str) -> str:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    raise ValueError(f"{name}: the ids of a {MARKER} marker must be plain strings")


def conformance_page(root: Path) -> str:
    """``docs/reference/conformance.md`` of the checkout at `root`: its folder ``tests`` is read."""
    proven = proofs(root / "tests")
    rows = catalogue()
    parts = [HEAD, *_totals(rows, proven)]
    for section, members in groupby(rows.values(), key=lambda row: row.section):
        parts += ["", f"## {section}. {SECTIONS[section]}", "", "| id | level | requirement | how it holds |"]
        parts += ["|---|---|---|---|", *(_row(row, proven.get(row.id, ())) for row in members)]
    return "\n".join(parts)


def _totals(rows: Mapping[str, Requirement], proven: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    reasons = sum(row.not_applicable is not None for row in rows.values())
    held = sum(row.id in proven for row in rows.values())
    yield "| requirements | proven by tests | do not apply | open |"
    yield "|---|---|---|---|"
    yield f"| {len(rows)} | {held} | {reasons} | {len(rows) - held - reasons} |"


def _row(row: Requirement, tests: tuple[str, ...]) -> str:
    holds = _links(tests) if tests else row.not_applicable or "**open**"
    return f"| {row.id} | {row.level} | {row.text} ({row.source}) | {holds} |"


def _links(tests: tuple[str, ...]) -> str:
    """The tests, file by file, each file linked from ``docs/reference``."""
    files: dict[str, list[str]] = defaultdict(list)
    for test in tests:
        path, _, function = test.partition("::")
        files[path] += [f"`{function}`"] if function else []
    return "; ".join(
        f"[{Path(path).stem}](../../{path})" + (f": {', '.join(names)}" if names else "")
        for path, names in files.items()
    )
