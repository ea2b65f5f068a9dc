"""Build the word lists.

    python -m anonymization.vocabulary.build COMMON LARGE ICD10CM_TABULAR_XML
    python -m anonymization.vocabulary.build charts TEXT…

COMMON and LARGE are word lists of SCOWL, one word a line (Debian's packages ``wamerican`` and ``wamerican-large``); the
XML is the tabular list of ICD-10-CM (public domain, CDC/NCHS; in the package ``simple-icd-10-cm``). None is needed to
run the service. TEXT are clinical texts of this project (guidelines, conditions, medicines): what they write small and
no other list knows becomes ``charts.txt``.
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

_LATIN = (
    "en_US",
    "en",
    "en_GB",
    "en_IE",
    "en_IN",
    "en_KE",
    "en_NZ",
    "en_PK",
    "es_MX",
    "es_ES",
    "es_CO",
    "pt_BR",
    "pt_PT",
    "fr_FR",
    "fr_CA",
    "de_DE",
    "de_AT",
    "it_IT",
    "nl_NL",
    "pl_PL",
    "sv_SE",
    "da_DK",
    "no_NO",
    "fi_FI",
    "tr_TR",
    "vi_VN",
    "ro_RO",
    "hu_HU",
    "cs_CZ",
    "hr_HR",
    "id_ID",
    "az_AZ",
    "yo_NG",
    "zu_ZA",
    "tw_GH",
    "ga_IE",
    "et_EE",
    "lt_LT",
    "lv_LV",
    "sk_SK",
    "sl_SI",
)
_LOCALES = ("en_US", "en_GB", "en_IN", "es_MX", "fr_FR", "de_DE", "it_IT", "pt_BR", "nl_NL", "sv_SE", "no_NO", "da_DK")
_WORD = re.compile(r"[^\W\d_]+(?:'s)?")


def english_words(path: Path) -> set[str]:
    """Words of two letters and more that the list writes small, ASCII alone."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {w for w in lines if len(w) > 1 and w.isascii() and w.isalpha() and w.islower()}


def frequent_names(locales: Iterable[str] = _LOCALES, kinds: Iterable[str] = ("first", "last")) -> set[str]:
    """Given and family names of many countries, folded, one word each."""
    names: set[str] = set()
    for locale in locales:
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for kind in kinds:
            for attribute in (f"{kind}_names", f"{kind}_names_male", f"{kind}_names_female"):
                listed = getattr(provider, attribute, ())
                names |= {
                    w
                    for n in ([] if isinstance(listed, property) else listed)
                    for w in re.findall(r"[^\W\d_]{2,}", fold(n))
                }
    return names


def descriptions(path: Path) -> Iterator[str]:
    """The names and notes of all diseases."""
    for element in ET.parse(path).iter():  # noqa: S314 - a file of the maintainer
        if element.tag in ("desc", "note") and element.text:
            yield element.text


def build(common_words: Path, large: Path, icd: Path) -> dict[str, set[str]]:
    """The lists by name."""
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
    english = common | english_words(large)
    return {
        "english": english, "clinical": clinical - eponyms, "eponyms": eponyms, "word_names": names & english,
        "given_names": frequent_names(_LATIN, ("first",)), "family_names": frequent_names(_LATIN, ("last",)),
    }  # fmt: skip


def chart_words(texts: Iterable[str]) -> set[str]:
    """Words that `texts` write small, and never with a capital, that are no names and that no list knows."""
    lexicon = packaged_lexicon()
    written = {word for text in texts for word in re.findall(r"[^\W\d_]{4,}", text)}
    capital = {fold(word) for word in written if word.istitle()}
    return {
        w for w in written
        if w.islower() and w.isascii() and w not in capital
        and w not in lexicon.english | lexicon.words | lexicon.drugs | lexicon.places and not lexicon.is_listed_name(w)
    }  # fmt: skip


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
        "given_names": "given names of the package faker (MIT licence), 41 locales in Latin letters.",
        "family_names": "family names of the package faker (MIT licence), 41 locales in Latin letters.",
        "charts": "clinical texts of this project.",
        "word_names": "names of the package faker (MIT licence) that SCOWL lists as words.",
    }[name]
    body = "\n".join(textwrap.wrap(" ".join(sorted(words)), 118, break_on_hyphens=False))
    text = f"# Source: {source} Built by anonymization/vocabulary/build.py.\n{body}\n"
    (HERE / f"{name}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    first, *others = sys.argv[1:]
    made = (
        {"charts": chart_words(Path(path).read_text(encoding="utf-8") for path in others)}
        if first == "charts"
        else build(*map(Path, sys.argv[1:4]))
    )
    for list_name, list_words in made.items():
        write(list_name, list_words)
        sys.stdout.write(f"{list_name}: {len(list_words)} words\n")
