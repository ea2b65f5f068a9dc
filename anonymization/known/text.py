"""One text as the finders read it: its words, what stands between them, and how its lines are written."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import pairwise

from anonymization.normalise import fold

_WORD = re.compile(r"[^\W\d_]+")
_ALNUM = re.compile(r"[^\W_]+")
_CLAUSE_END = ".!?:;\n•*"  # what a new sentence, list item or value follows
NAME_GAP = re.compile(r"[\s,.'_-]{1,3}")  # between two parts of one name


class Text:
    """A normalised text. Words are runs of letters; `words` holds them folded, positions are those of the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.folded = fold(text)
        self.spans = [m.span() for m in _WORD.finditer(self.folded)]
        self.words = [self.folded[s:e] for s, e in self.spans]
        self._lines: dict[int, tuple[int, int, str]] = {}

    def word(self, i: int) -> str:
        """The folded word at `i`, empty beyond the text."""
        return self.words[i] if 0 <= i < len(self.words) else ""

    def raw(self, i: int) -> str:
        """The word at `i` as written."""
        start, end = self.spans[i]
        return self.text[start:end]

    def gap(self, i: int, j: int) -> str:
        """What stands between word `i` and a later word `j`."""
        return self.text[self.spans[i][1] : self.spans[j][0]]

    def gap_before(self, i: int) -> str:
        """What stands before word `i`, back to the word before it or the beginning of the text."""
        return self.text[(self.spans[i - 1][1] if i else 0) : self.spans[i][0]]

    def gap_after(self, i: int) -> str:
        """What stands after word `i`, up to the next word or the end of the text."""
        return self.text[self.spans[i][1] : (self.spans[i + 1][0] if i + 1 < len(self.spans) else len(self.text))]

    def touching(self, i: int, j: int) -> bool:
        """Whether words `i` < `j` can be parts of one name by what stands between them."""
        gap = self.gap(i, j)
        if not NAME_GAP.fullmatch(gap) or "\n\n" in gap:
            return False
        return not ("." in gap and gap[-1].isspace() and self.spans[i][1] - self.spans[i][0] > 2)  # a sentence ends

    def starts_clause(self, i: int) -> bool:
        """Whether word `i` is the first of a sentence, a line or a value."""
        before = self.gap_before(i).rstrip(" \t\"'(-")
        return (not before and i == 0) or before[-1:] in tuple(_CLAUSE_END) or "\n" in self.gap_before(i)

    def style(self, i: int) -> str:
        """How the line of word `i` is written: "upper", "lower" (a capital begins sentences at most) or "mixed"."""
        return self._line(i)[2]

    def alone(self, i: int, last: int | None = None) -> bool:
        """Whether word `i`, or the words from `i` to `last`, are all that their line holds."""
        left, right, _ = self._line(i)
        end = self.spans[i if last is None else last][1]
        return self.text[left:right].strip(" ,.;:-") == self.text[self.spans[i][0] : end]

    def _line(self, i: int) -> tuple[int, int, str]:
        start, end = self.spans[i]
        left = self.text.rfind("\n", 0, start) + 1
        if left not in self._lines:
            right = self.text.find("\n", end)
            right = len(self.text) if right < 0 else right
            self._lines[left] = (left, right, self._style_of(left, right))
        return self._lines[left]

    def _style_of(self, left: int, right: int) -> str:
        line = self.text[left:right]
        if line.isupper():
            return "upper"
        if line.islower():
            return "lower"
        inner = (b for a, b in pairwise(_WORD.finditer(line)) if line[a.end() : b.start()].rstrip()[-1:] not in ".!?:")
        return "mixed" if any(m[0][0].isupper() for m in inner) else "lower"

    @cached_property
    def squashed(self) -> tuple[str, list[int]]:
        """Letters and digits alone, and the place of each in the text."""
        runs = [m.span() for m in _ALNUM.finditer(self.folded)]
        return "".join([self.folded[s:e] for s, e in runs]), [i for run in runs for i in range(*run)]
