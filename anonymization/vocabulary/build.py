"""Build the word lists: ``python -m anonymization.vocabulary.build COMMON LARGE ICD10CM_TABULAR_XML``.

COMMON and LARGE are word lists of SCOWL, one word a line (Debian's packages ``wamerican`` and ``wamerican-large``); the
XML is the tabular list of ICD-10-CM (public domain, CDC/NCHS; in the package ``simple-icd-10-cm``). None is needed to
run the service.
"""

from __future__ import annotations

import importlib
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from anonymization.lexicon import bare, packaged_lexicon
from anonymization.normalise import fold
from anonymization.vocabulary import HERE

_LOCALES = ("en_US", "en_GB", "en_IN", "es_MX", "fr_FR", "de_DE", "it_IT", "pt_BR", "nl_NL", "sv_SE", "no_NO", "da_DK")
_WORD = re.compile(r"[^\W\d_]+(?:'s)?")


def english_words(path: Path) -> set[str]:
    """Words of two letters and more that the list writes small, ASCII alone."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {w for w in lines if len(w) > 1 and w.isascii() and w.isalpha() and w.islower()}


def frequent_names() -> set[str]:
    """Given and family names of many countries, folded."""
    names: set[str] = set()
    for locale in _LOCALES:
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for kind in ("first_names", "last_names", "first_names_male", "first_names_female"):
            names |= {fold(n) for n in getattr(provider, kind, ())}
    return names


def descriptions(path: Path) -> Iterator[str]:
    """The names and notes of all diseases."""
    for element in ET.parse(path).iter():  # noqa: S314 - a file of the maintainer
        if element.tag in ("desc", "note") and element.text:
            yield element.text


def build(common_words: Path, large: Path, icd: Path) -> dict[str, set[str]]:
    """The three lists by name."""
    common, names = english_words(common_words), frequent_names()
    small: Counter[str] = Counter()
    capital: set[str] = set()
    proper: set[str] = set()
    for text in descriptions(icd):
        for match in _WORD.finditer(text):
            word = match[0]
            if word.islower():
                small[bare(word)] += 1
            elif word[0].isupper() and word[1:].islower():
                capital.add(bare(word))
                if match.end() > match.start() and (word.endswith("'s") or _beside_a_name(text, match)):
                    proper.add(bare(word))
    lexicon = packaged_lexicon()
    known = common | set(small) | lexicon.words | lexicon.places
    clinical = {w for w in (set(small) | (capital - proper)) - common - names - proper if len(w) > 2 and w.isascii()}
    eponyms = {w for w in proper | (capital & names) if w not in known and len(w) > 2 and w.isascii()}
    return {"english": common | english_words(large), "clinical": clinical - eponyms, "eponyms": eponyms}


def _beside_a_name(text: str, match: re.Match[str]) -> bool:
    """Whether the word stands in a chain of capitalised words ("Waterhouse-Friderichsen")."""
    before, after = text[: match.start()], text[match.end() :]
    return bool(re.search(r"[A-Z][a-z]+[- ]$", before) or re.match(r"[- ][A-Z][a-z]+", after))


def write(name: str, words: Iterable[str]) -> None:
    """One list, in lines."""
    source = {
        "english": "SCOWL (Spell Checker Oriented Word Lists), Kevin Atkinson; see NOTICE.",
        "clinical": "ICD-10-CM tabular list, CDC/NCHS, public domain.",
        "eponyms": "ICD-10-CM tabular list, CDC/NCHS, public domain.",
    }[name]
    body = "\n".join(textwrap.wrap(" ".join(sorted(words)), 118, break_on_hyphens=False))
    text = f"# Source: {source} Built by anonymization/vocabulary/build.py.\n{body}\n"
    (HERE / f"{name}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for list_name, list_words in build(*map(Path, sys.argv[1:4])).items():
        write(list_name, list_words)
        sys.stdout.write(f"{list_name}: {len(list_words)} words\n")
