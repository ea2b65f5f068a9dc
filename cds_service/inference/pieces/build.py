"""Choose the pieces of the default model's vocabulary that it serves with.

    python -m cds_service.inference.pieces.build TOKENIZER_JSON EXAMPLES.jsonl…

TOKENIZER_JSON lies in the transformers folder of the default model; EXAMPLES are training sets of `data build`. Kept
are every control, byte and layout piece and, in Latin letters and the marks of English, which alone reach a prompt or a
draft: single characters; the first `_FREQUENT` pieces, which stand in the order of their frequency; every piece that
the examples and the packaged clinical texts need, each word of them also with another first letter and without the
space before it; and every piece on the way to one of these, so that a text that needs no other piece is cut exactly as
by the whole vocabulary. The texts of `evaluation` are left out: what the figures rest on has no say in this. So are the
word lists of `training/notes`, which are of any English.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from tokenizers import Tokenizer

from anonymization.vocabulary import HERE as VOCABULARY
from cds_service.inference.pieces import FILE, as_runs
from cds_service.inference.prompt import prefix

_FREQUENT = 30_000
_PACKAGE = Path(__file__).parents[2]
_WORD = re.compile(r"[^\W\d_]+")
_NOT_READ = {"evaluation", "notes"}
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
_UNUSED = re.compile(r"<unused\d+>|\[multimodal\]")


def choose(tokenizer_json: Path, texts: Iterable[str], *, frequent: int = _FREQUENT) -> list[int]:
    """The numbers of the pieces to keep, rising."""
    model = json.loads(tokenizer_json.read_text(encoding="utf-8"))
    vocabulary: dict[str, int] = model["model"]["vocab"]
    special = {t["content"]: t["id"] for t in model["added_tokens"]}
    ranks = {tuple(pair): rank for rank, pair in enumerate(model["model"]["merges"])}
    used = _used(Tokenizer.from_file(str(tokenizer_json)), texts)
    kept = {number for piece, number in special.items() if not _UNUSED.fullmatch(piece)}
    for piece, number in vocabulary.items():
        if piece in special:
            continue
        needed = len(piece) == 1 or number < frequent or number in used
        if _BYTE.fullmatch(piece) or (needed and all(_latin(c) for c in piece)):
            kept.add(number)
            kept.update(vocabulary[part] for part in _on_the_way(piece, ranks))
    return sorted(kept)


def _latin(character: str) -> bool:
    """Other characters reach no prompt (`inference.words.as_data`) and no draft (the contract's grammar)."""
    return character < "\u0250" or character == "▁"


def _used(tokenizer: Tokenizer, texts: Iterable[str]) -> set[int]:
    used: set[int] = set()
    words: set[str] = set()
    for text in texts:
        used.update(tokenizer.encode(text, add_special_tokens=False).ids)
        words.update(_WORD.findall(text))
    forms = {form for w in words for form in (w, w.lower(), w.capitalize())}
    for form in forms:
        used.update(tokenizer.encode(form, add_special_tokens=False).ids)
        used.update(tokenizer.encode(f" {form}", add_special_tokens=False).ids)
    return used


def _on_the_way(piece: str, ranks: dict[tuple[str, ...], int]) -> Iterator[str]:
    """What byte-pair merging of `piece` alone passes through."""
    parts = [*piece]
    while len(parts) > 1:
        rank, at = min((ranks.get((a, b), sys.maxsize), i) for i, (a, b) in enumerate(pairwise(parts)))
        if rank == sys.maxsize:
            return
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
        yield parts[at]


def _texts(examples: list[Path]) -> Iterator[str]:
    from cds_service.inference.contract import Encoding
    from cds_service.inference.style import Style

    yield from (prefix(encoding, style) for encoding in Encoding for style in Style)
    for file in examples:
        for line in file.read_text(encoding="utf-8").splitlines():
            yield "".join(m["content"] for m in json.loads(line)["messages"])
    for name in ("clinical.txt", "charts.txt"):
        yield (VOCABULARY / name).read_text(encoding="utf-8")
    for file in sorted([*_PACKAGE.rglob("*.toml"), *_PACKAGE.rglob("*.md")]):
        if not _NOT_READ.intersection(file.relative_to(_PACKAGE).parts):
            yield file.read_text(encoding="utf-8")


if __name__ == "__main__":
    chosen = choose(Path(sys.argv[1]), _texts([Path(argument) for argument in sys.argv[2:]]))
    head = "# Pieces of Gemma 3's vocabulary, by number. Built by cds_service/inference/pieces/build.py."
    runs = textwrap.wrap(" ".join(as_runs(chosen)), 120, break_on_hyphens=False)
    FILE.write_text("\n".join([head, *runs, ""]), encoding="utf-8")
    print(f"{len(chosen)} pieces")  # noqa: T201
