"""A small regular grammar, built once and rendered for each engine that enforces or checks it.

Every piece is bounded, so a decoder that follows it always comes to an end. `regex` is read by Python's `re` and by
llguidance alike, `gbnf` by llama.cpp.
"""

from __future__ import annotations

from dataclasses import dataclass

_REGEX_SPECIAL = frozenset("\\.+*?()|[]{}^$-&~#")


@dataclass(frozen=True)
class Lit:
    """Exactly this text (printable ASCII)."""

    text: str


@dataclass(frozen=True)
class Chars:
    """From `low` to `high` characters out of `ranges`: pairs of first and last character, ``("az", "09", "--")``.

    No character may need an escape: a dash stands last, brackets, carets and backslashes are not for free text.
    """

    ranges: tuple[str, ...]
    low: int
    high: int

    @property
    def klass(self) -> str:
        """The character class as every engine writes it, ``[a-z0-9-]``."""
        return "[" + "".join(r[0] if r[0] == r[1] else f"{r[0]}-{r[1]}" for r in self.ranges) + "]"


@dataclass(frozen=True)
class Seq:
    """All `parts`, one after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Alt:
    """One of `options`."""

    options: tuple[Node, ...]


Node = Lit | Chars | Seq | Alt


def seq(*parts: Node) -> Seq:
    """All `parts`, one after the other."""
    return Seq(parts)


def alt(*options: Node) -> Alt:
    """One of `options`."""
    return Alt(options)


def optional(node: Node) -> Alt:
    """`node` or nothing."""
    return Alt((node, Lit("")))


def up_to(item: Node, most: int, separator: str) -> Node:
    """From one to `most` of `item` with `separator` between them."""
    if most == 1:
        return item
    return seq(item, optional(seq(Lit(separator), up_to(item, most - 1, separator))))


def rising(count: int, most: int, separator: str, first: int = 1) -> Node:
    """From one to `most` different numbers out of `first`..`count`, in rising order, with `separator` between them.

    Rising order makes the encoding of a choice unique. `count` is at most 9: one character for each number.
    """
    options: list[Node] = []
    for number in range(first, count + 1):
        if most > 1 and number < count:
            rest = seq(Lit(separator), rising(count, most - 1, separator, number + 1))
            options.append(seq(Lit(str(number)), optional(rest)))
        else:
            options.append(Lit(str(number)))
    return Alt(tuple(options))


def regex(node: Node) -> str:
    """`node` as a regular expression without anchors or captures."""
    if isinstance(node, Lit):
        return "".join(f"\\{c}" if c in _REGEX_SPECIAL else c for c in node.text)
    if isinstance(node, Chars):
        return f"{node.klass}{{{node.low},{node.high}}}"
    if isinstance(node, Seq):
        return "".join(regex(part) for part in node.parts)
    return "(?:" + "|".join(regex(option) for option in node.options) + ")"


def gbnf(node: Node) -> str:
    """`node` as a whole GBNF grammar with one rule, ``root``."""
    return f"root ::= {_gbnf(node)}"


def _gbnf(node: Node) -> str:
    if isinstance(node, Lit):
        return '"' + node.text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(node, Chars):
        return f"{node.klass}{{{node.low},{node.high}}}"
    if isinstance(node, Seq):
        return " ".join(_gbnf(part) for part in node.parts)
    return "(" + " | ".join(_gbnf(option) for option in node.options) + ")"
