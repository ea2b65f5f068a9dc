"""Up from a condition: code, then category or group, block, chapter, and at last "other condition".

ICD-10-CM has its own way up (`icd10cm.toml`). SNOMED CT's may not be shipped (its licence), so its codes go up by the
groups of conditions that this project's rules read, and from there to a block or chapter of ICD-10-CM where all of the
group's ICD codes lie in one; a code of no group goes straight to "other condition", as does a problem without a code.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType

from cds_service.clinical.care_gaps.conditions import GROUPS as CARE_GROUPS
from cds_service.clinical.medicines.problems import CONDITIONS as MEDICINE_CONDITIONS
from cds_service.clinical.scores.conditions import GROUPS as SCORE_GROUPS
from fhir_mappers.fields import ICD10, ICD10CM, SNOMED

CODE, CATEGORY, BLOCK, CHAPTER, OTHER = range(5)
LEVELS = ("as coded", "category or group", "block", "chapter", "other condition", "removed")
"""What a level of a condition is called; the last one is no node: nothing is said."""

TOP = len(LEVELS) - 1
_CATEGORY = re.compile(r"[A-Z]\d[0-9AB]", re.ASCII)


@dataclass(frozen=True, kw_only=True, order=True)
class Node:
    """One way to tell a condition. `code`: ``system|code`` where a public code says the same; `name`: in words."""

    level: int
    id: str
    name: str
    code: str | None = None


OTHER_CONDITION = Node(level=OTHER, id="other", name="other condition")


@dataclass(frozen=True, kw_only=True)
class _Block:
    """A range of categories, and the chapter above."""

    node: Node
    chapter: Node
    ranges: tuple[tuple[str, str], ...]

    def holds(self, category: str) -> bool:
        return any(first <= category <= last for first, last in self.ranges)


@dataclass(frozen=True, kw_only=True)
class _Classification:
    """ICD-10-CM as the table has it. Single categories stand first: their letters break the order of the ranges."""

    version: str
    chapters: Mapping[str, Node]
    blocks: tuple[_Block, ...]
    sensitive: Mapping[str, frozenset[str]]

    def block(self, category: str) -> _Block | None:
        return next((b for b in self.blocks if b.holds(category)), None)

    def chapter(self, category: str) -> Node | None:
        return next((n for r, n in self.chapters.items() if r[:3] <= category <= r[4:]), None)


@cache
def classification() -> _Classification:
    """The packaged table."""
    table = tomllib.loads(files(__package__ or "").joinpath("icd10cm.toml").read_text(encoding="utf-8"))
    chapters: dict[str, Node] = {}
    blocks: list[_Block] = []
    for row in table["chapter"]:
        chapter = Node(level=CHAPTER, id=f"chapter {row['range']}", name=row["name"])
        chapters[row["range"]] = chapter
        for ranges, name in row["blocks"]:
            node = Node(level=BLOCK, id=f"block {ranges}", name=name)
            blocks.append(_Block(node=node, chapter=chapter, ranges=tuple(_ends(r) for r in ranges.split())))
    return _Classification(
        version=table["version"],
        chapters=MappingProxyType(chapters),
        blocks=tuple(sorted(blocks, key=lambda b: not any(first == last for first, last in b.ranges))),
        sensitive=MappingProxyType({k: frozenset(f"block {r}" for r in v) for k, v in table["sensitive"].items()}),
    )


def _ends(written: str) -> tuple[str, str]:
    first, _, last = written.partition("-")
    return first, last


def code_id(condition: str) -> str:
    """The id of the node that tells a condition as it is coded."""
    return f"code {condition}"


@lru_cache(maxsize=65_536)
def path(condition: str) -> tuple[Node, ...]:
    """All ways to tell ``system|code``, finest first; the last is `OTHER_CONDITION`."""
    system, _, code = condition.partition("|")
    if system in (ICD10CM, ICD10) and _CATEGORY.match(code.upper()):
        return _icd_path(system, condition, code.upper()[:3])
    if system == SNOMED:
        above = (*_snomed_path(code), OTHER_CONDITION)
        return (Node(level=CODE, id=code_id(condition), name=above[0].name, code=condition), *above)
    if system == "state":
        return (Node(level=CODE, id=code_id(condition), name=code),)  # told or not: it is no problem of the chart
    return (OTHER_CONDITION,)


def _icd_path(system: str, condition: str, category: str) -> tuple[Node, ...]:
    block = classification().block(category)
    chapter = block.chapter if block else classification().chapter(category)
    above = [n for n in (block.node if block else None, chapter) if n is not None]
    step_id = f"{system}|{category}"
    words = _whole_categories().get(category) or (f"{above[0].name}, category {category}" if above else category)
    own = Node(level=CODE, id=code_id(condition), name=words, code=condition)
    step = Node(level=CATEGORY, id=step_id, name=words, code=step_id)
    return (own, step, *above, OTHER_CONDITION)


def _snomed_path(code: str) -> tuple[Node, ...]:
    group = _by_snomed().get(code)
    if group is None:
        return ()
    node = Node(level=CATEGORY, id=f"group {group.name}", name=group.name)
    blocks = {classification().block(c) for c in group.categories}
    above = blocks.pop() if len(blocks) == 1 else None
    if above is not None:
        return (node, above.node, above.chapter)
    chapters = {classification().chapter(c) for c in group.categories}
    chapter = chapters.pop() if len(chapters) == 1 else None
    return (node, chapter) if chapter else (node,)


@lru_cache(maxsize=65_536)
def sensitive_groups(condition: str) -> tuple[str, ...]:
    """The sensitive groups that a condition belongs to."""
    ids = {node.id for node in path(condition)}
    return tuple(name for name, blocks in classification().sensitive.items() if blocks & ids)


# -- the groups of this project's rules -------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class _Group:
    """A group of conditions: its words, codes, the categories it touches and those it holds as a whole.

    Categories of chapter XXI (Z: contacts, history) do not count: they say where else a disease is written down.
    """

    name: str
    snomed: frozenset[str]
    categories: frozenset[str]
    whole: frozenset[str]


@cache
def _groups() -> tuple[_Group, ...]:
    """The groups, one of each name, so that each has one way up."""
    found: dict[str, _Group] = {}
    for group in _every_group():
        same = found.get(group.name, group)
        found[group.name] = _Group(
            name=group.name,
            snomed=same.snomed | group.snomed,
            categories=same.categories | group.categories,
            whole=same.whole | group.whole,
        )
    return tuple(found[name] for name in sorted(found))


def _every_group() -> Iterator[_Group]:
    for condition in MEDICINE_CONDITIONS.values():
        starts = frozenset(code[:3] for code in condition.icd10cm if not code.startswith("Z"))
        whole = frozenset(code for code in condition.icd10cm if len(code) == 3)
        yield _Group(name=condition.name, snomed=frozenset(condition.snomed), categories=starts, whole=whole)
    for group in (*SCORE_GROUPS.values(), *CARE_GROUPS.values()):
        touched = frozenset(_touched(group.icd10))
        whole = frozenset(c for c in touched if group.icd10.fullmatch(c) and group.icd10.fullmatch(f"{c}.9"))
        yield _Group(name=group.name, snomed=group.snomed, categories=touched, whole=whole)


def _touched(pattern: re.Pattern[str]) -> Iterator[str]:
    """The categories of which a pattern matches any code of at most four characters."""
    letters = set(re.findall(r"(?<!\\)[A-Y]", pattern.pattern))
    for category in (f"{letter}{n:02d}" for letter in sorted(letters) for n in range(100)):
        if any(pattern.fullmatch(code) for code in (category, *(f"{category}.{n}" for n in range(10)))):
            yield category


def _broadest(groups: Iterable[_Group]) -> _Group:
    return max(groups, key=lambda g: (len(g.snomed), len(g.categories), g.name))


@cache
def _by_snomed() -> Mapping[str, _Group]:
    """For each SNOMED CT code the broadest group that has it: what it is told as must be true, not exact."""
    every = _groups()
    codes = sorted({code for group in every for code in group.snomed})
    return MappingProxyType({code: _broadest(g for g in every if code in g.snomed) for code in codes})


@cache
def _whole_categories() -> Mapping[str, str]:
    """Words for the ICD-10-CM categories that a group holds as a whole: those of the narrowest such group."""
    every = sorted(_groups(), key=lambda g: (-len(g.categories), g.name))
    return MappingProxyType({category: group.name for group in every for category in sorted(group.whole)})
