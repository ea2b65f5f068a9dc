"""Ages and places told more and more coarsely. Each level is nested in the one above it, so classes only ever merge.

The ten-year groups and the four stages are those in which the US National Center for Health Statistics tabulates; the
first digit of a ZIP code is the national area of the US Postal Service (a group of states).
"""

from __future__ import annotations

import re
from itertools import pairwise

_FIRST_YEARS = (
    (0, 2, 6, 12, 18, 25, 35, 45, 55, 65, 75, 85),
    (0, 18, 45, 65),
    (0, 18),
)
"""The first year of each band, for the levels 1, 2 and 3. The last band is open."""

AGE_LEVELS = ("as stated", "ten-year group", "child, younger, middle or older adult", "child or adult", "not told")
PLACE_LEVELS = ("three digits", "one digit", "not told")
_NUMBER = re.compile(r"\d{1,3}", re.ASCII)


def age_at(age: str | None, level: int) -> str | None:
    """`age` at a level of `AGE_LEVELS`; None where it is unknown, not told, or reaches over a band."""
    if level == 0 or age is None:
        return age
    if level == len(AGE_LEVELS) - 1:
        return None
    found = [_years(n, age) for n in _NUMBER.findall(age)]
    bands = {_band(years, level) for years in found}
    return bands.pop() if len(bands) == 1 else None


def place_at(zip3: str | None, level: int) -> str | None:
    """`zip3` at a level of `PLACE_LEVELS`. ``000``, which stands for many places, has no area."""
    if level == 0 or zip3 is None:
        return zip3
    return f"{zip3[0]}xx" if level == 1 and zip3 != "000" and zip3[:1].isdigit() else None


def _years(number: str, age: str) -> int:
    """Completed years. An age in months is one below two years; "under 2 years" is read as 1."""
    return 0 if "month" in age else int(number) - age.startswith("under")


def _band(years: int, level: int) -> str:
    first = _FIRST_YEARS[level - 1]
    if years >= first[-1]:
        return f"{first[-1]} and over"
    low, high = next((a, b) for a, b in pairwise(first) if a <= years < b)
    return f"under {high}" if low == 0 else f"{low} to {high - 1}"
