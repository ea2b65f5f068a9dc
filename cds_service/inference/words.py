"""Chart words made safe to stand inside our template.

Past the gate a text holds no identifier, but it is still something that a stranger wrote: it may imitate the
template or address the model. `as_data` takes away every character the template is built from and every passage that
reads like an instruction, so that chart and guideline words can only be words.
"""

from __future__ import annotations

import re
import unicodedata

OMITTED = "(omitted)"

_OUTSIDE = re.compile(r"[^A-Za-z0-9 ,.'()/%+:;?!&=°µ²³À-ɏ-]")
_BRACKETS = str.maketrans("[]{}", "()()")
_NAMED = str.maketrans({"<": " below ", ">": " above ", "\u03bc": "u",
                        "\u2013": "-", "\u2014": "-", "\u2018": "'", "\u2019": "'", "\u2264": " at most ",
                        "\u2265": " at least ", '"': "'"})  # fmt: skip
_LABEL = re.compile(
    r"\b(priority|reason|concerns?|risks?|actions?|questions?|assessment|passages?|answer|case|guidelines?|patient|"
    r"example|instructions?|rules?|system|assistant|user|human|output|response)\s*[:=]",
    re.IGNORECASE,
)
_COMMANDS = re.compile(
    r"(?:\b(?:ignore|disregard|forget|override|bypass)\b[^.;!?]{0,60}?\b(?:instructions?|rules?|above|previous|prior|"
    r"prompts?|guidelines?|constraints?|safety|everything)\b"
    r"|\byou\s+(?:are\s+now|must|should|will|shall)\b(?=[^.;!?]{0,60}?\b(?:answer|output|reply|respond|say|state|write|"
    r"set|rate|mark|choose|classify|act|pretend|priority|assistant|model|ai)\b)"
    r"|\b(?:new|real|updated|hidden|system)\s+(?:instructions?|prompts?|rules?)\b"
    r"|\b(?:respond|reply|answer|output|write|print)\s+(?:only|with|exactly|as)\b"
    r"|\b(?:set|mark|rate|change|lower|raise|classify)\s+(?:the\s+|this\s+|patient'?s?\s+|as\s+)*"
    r"(?:triage\s+)?(?:priority|urgency|low|high|critical)\b"
    r"|\bpretend\s+(?:to|that|you)\b|\bact\s+as\b|\bas\s+an?\s+(?:ai|language\s+model)\b)[^.;!?]*",
    re.IGNORECASE,
)
_LINKS = re.compile(r"(?:\b(?:javascript|data)\s*:|\b\w+\s*:\s*//|\bwww\.)\S*", re.IGNORECASE)


def as_data(text: str, limit: int) -> str:
    """`text` on one line, at most `limit` characters, without the template's marks, labels or commands.

    Placeholders of the gate keep their word: ``[NAME]`` becomes ``(NAME)``. A cut text ends at a word.
    """
    line = unicodedata.normalize("NFKC", text[: 8 * limit]).translate(_NAMED).translate(_BRACKETS)
    line = " ".join(_OUTSIDE.sub(" ", line).split())
    line = _COMMANDS.sub(OMITTED, _LINKS.sub(OMITTED, line))
    line = _LABEL.sub(lambda match: match.group(1) + ",", line)
    return cut(line, limit)


def cut(text: str, limit: int) -> str:
    """`text`, or as many of its whole words as fit into `limit` characters."""
    if len(text) <= limit:
        return text
    head = text[: limit + 1].rsplit(" ", 1)[0] if " " in text[: limit + 1] else text[:limit]
    return head[:limit].rstrip(" ,.;:-(/+")
