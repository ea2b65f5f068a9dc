"""Word lists that are too long to be read in a TOML file, and the tool that builds them.

english.txt     words of everyday English in small letters, from SCOWL (`NOTICE` holds its terms)
clinical.txt    words of ICD-10-CM that everyday English lacks ("pyelonephritis"), no word that is also a name
eponyms.txt     proper names of ICD-10-CM that stand in the name of a disease ("Whitmore's disease")
word_names.txt  frequent given and family names that are English words too ("Strong", "Winter")
hardly_words.txt  those of them that charts use as names nearly always, written small as well ("benjamin", "nancy")
charts.txt      words of the project's own clinical texts that no list above has, and usual abbreviations (`other_…`)
given_names.txt, family_names.txt  names of many countries; with what `other_…` adds, of the countries faker lacks

`english` only says that a word *can* be plain language: many are names too ("Stone", "Winters"). No list here lets a
capitalised word of English pass; that is left to `lexicon.toml`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@cache
def listed(name: str) -> frozenset[str]:
    """The words of ``<name>.txt``, and of ``other_<name>.txt`` where there is one. Lines with # are comments."""
    files = [path for path in (HERE / f"{name}.txt", HERE / f"other_{name}.txt") if path.exists()]
    lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
