"""False numbers: the shape of the true one, out of ranges that nobody was ever given.

Telephone   555-0100 to 555-0199, set aside for fiction (North American Numbering Plan, 555 line assignments).
Abroad      +999, a country code that no country has (ITU-T E.164).
Place       coordinates around 48° S, 123° W, the point of the ocean that is farthest from land.
SSN         area 900 to 999, which the Social Security Administration never issues (SSN randomization, 2011), with
            group 01 to 49, which the Internal Revenue Service does not use for taxpayer numbers that begin with 9.
IP          192.0.2.0/24 (RFC 5737) and 2001:db8::/32 (RFC 3849), for documentation.
E-mail, URL example.org, .com and .net (RFC 2606).
ZIP         001 to 004: the lowest in use is 00501.
Any other   letters for letters and digits for digits, drawn again until no check digit and no published format fits:
            SSN, NPI and payment cards (Luhn), DEA, VIN, Medicare Beneficiary Identifier.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from anonymization.fiction import Fiction
from anonymization.lexicon import words
from anonymization.recognizers.npi import luhn

_TRIES = 1000
_RUN = re.compile(r"[^\W\d_]+|\d")
_LABELS = words("mrn ssn npi dea mbi vin id no nr num acct account ext x fax tel ph lic pid csn har urn oid uuid")
_MBI = re.compile(
    r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d[AC-HJKMNP-RT-Y]{2}\d\d"
)
_ISSUED_SSN = re.compile(r"(?!000|666|9)\d{3}(?!00)\d\d(?!0000)\d{4}")
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_VIN_VALUES = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_DIGITS = {word: str(n) for n, word in enumerate(_WORDS)} | {"oh": "0"}
_MASKED = re.compile(r"x{2,}")  # digits that the text itself hides: xxx-xx-6789
_ABROAD = re.compile(r"\W*(?:\+(?!\W?1\b)(?!1\d{10}\b)|(?:011|00)(?=[\s.-]?[2-9]))\W*")
_SHORTEST_ABROAD = 8
_NOBODYS_COUNTRY = "999"
_COORDINATE = re.compile(r"[-+]?\d{1,3}\.(?P<decimals>\d{3,8})(?P<mark>\s?°?\s?)(?P<side>[NSEWnsew]?)")
_COORDINATES = re.compile(
    r"[-+]?\d{1,3}\.\d{3,8}\s?°?\s?[NS]?\s?[,;/ ]\s?[-+]?\d{1,3}\.\d{3,8}\s?°?\s?[EW]?", re.IGNORECASE
)
_TOP = ("org", "com", "net")


class FalseNumbers:
    """The false numbers of one record: one true value has one false value, whatever its punctuation."""

    def __init__(self, fiction: Fiction) -> None:
        self._fiction = fiction
        self._drawn: dict[tuple[str, str], str] = {}

    def phone(self, value: str) -> str:
        """A number of fiction; what is too short for an exchange and a line is drawn digit by digit."""
        abroad = _ABROAD.match(value)
        if abroad and sum(c.isdigit() for c in value) >= _SHORTEST_ABROAD:
            return abroad[0] + self._laid("ABROAD", value[abroad.end() :], self._abroad_digits)
        return self._laid("PHONE", value, self._phone_digits)

    def ssn(self, value: str) -> str:
        """A number that was never issued; a part of one is drawn digit by digit."""
        return self._laid("SSN", value, self._ssn_digits)

    def zip_code(self, value: str) -> str:
        """A ZIP code that is not assigned; with four digits more where the true one has them."""
        return self._laid("ZIP", value, self._zip_digits)

    def shaped(self, label: str, value: str) -> str:
        """A number of the same shape that no check digit confirms; coordinates are of the open sea."""
        if are_coordinates(value):
            return self._once(label, value, lambda: _COORDINATE.sub(self._at_sea, value))
        return self._laid(label, value, self._unreal)

    def email(self, value: str) -> str:
        """An address at a domain of documentation."""
        return self._once("EMAIL", value, lambda: f"{self._word(8)}@example.{self._fiction.choice(*_TOP)}")

    def url(self, value: str) -> str:
        """An address at a domain of documentation, with scheme, ``www`` and a path where the true one has them."""
        scheme, _, rest = value.rpartition("://")
        start = (f"{scheme}://" if scheme else "") + ("www." if rest.lower().startswith("www.") else "")
        path = "/" + self._word(8) if "/" in rest.rstrip("/") else ""
        return self._once("URL", value, lambda: f"{start}example.{self._fiction.choice(*_TOP)}{path}")

    def ip(self, value: str) -> str:
        """An address of documentation."""
        if value.count(":") > 1:
            return self._once("IP", value, lambda: f"2001:db8::{self._fiction.below(0x10000, least=1):x}")
        return self._once("IP", value, lambda: f"192.0.2.{self._fiction.below(255, least=1)}")

    # -- inside -------------------------------------------------------------------------------------------------
    def _once(self, label: str, value: str, draw: Callable[[], str]) -> str:
        key = (label, value.casefold())
        if key not in self._drawn:
            self._drawn[key] = draw()
        return self._drawn[key]

    def _laid(self, label: str, value: str, draw: Callable[[str], str]) -> str:
        """What is drawn for the letters and digits of `value`, laid over them; label words and punctuation stay.

        Digits that are written as words are drawn as digits and written as words. In a value of label words alone these
        are drawn as well.
        """
        places = list(_places(value)) or [(i, i + 1) for i, c in enumerate(value) if c.isalnum()]
        squashed = "".join(_squashed(value[start:end]) for start, end in places)
        drawn = self._once(label, squashed, lambda: draw(squashed))
        out, at = [], 0
        for (start, end), char in zip(places, drawn, strict=True):
            out += [value[at:start], _in_the_style_of(value[start:end], char)]
            at = end
        return "".join(out) + value[at:]

    def _digits(self, like: str) -> str:
        """A letter for each letter and a digit for each digit; not `like` itself, which a single character may be."""
        for _ in range(_TRIES):
            drawn = "".join(self._fiction.digit() if c.isdigit() else self._fiction.letter().upper() for c in like)
            if drawn != like or not like:
                return drawn
        return like[::-1]

    def _phone_digits(self, true: str) -> str:
        if not true.isdigit() or len(true) < 7:
            return self._digits(true)
        country = "1" if true[0] == "1" and len(true) > 10 else ""
        number = true[len(country) :]
        if len(number) < 10:
            return country + self._digits(number[:-7]) + self._once("LINE", number[-7:], self._line)
        area = self._once("AREA", number[:3], self._area)
        return country + area + self._once("LINE", number[3:10], self._line) + self._digits(number[10:])

    def _abroad_digits(self, true: str) -> str:
        return _NOBODYS_COUNTRY + self._digits(true[len(_NOBODYS_COUNTRY) :])

    def _at_sea(self, true: re.Match[str]) -> str:
        """A latitude or longitude with as many decimals and the same signs or letters of the compass."""
        north = true.start() == 0 or not any(c.isdigit() for c in true.string[: true.start()])
        whole = "48" if north else "123"
        sign = "" if true["side"] else "-"
        side = ("S" if north else "W") if true["side"] else ""
        return f"{sign}{whole}.{''.join(self._fiction.digit() for _ in true['decimals'])}{true['mark']}{side}"

    def _area(self) -> str:
        return self._fiction.choice(*"23456789") + self._fiction.choice(*"012345678") + self._fiction.digit()

    def _line(self) -> str:
        return f"55501{self._fiction.below(100):02d}"

    def _ssn_digits(self, true: str) -> str:
        if not true.isdigit() or len(true) != 9:
            return self._digits(true)
        below = self._fiction.below
        return f"{below(1000, least=900)}{below(50, least=1):02d}{below(10_000, least=1):04d}"

    def _zip_digits(self, true: str) -> str:
        if not true.isdigit() or len(true) not in (5, 9):
            return self._digits(true)
        return f"{self._fiction.below(500, least=100):05d}" + self._digits(true[5:])

    def _unreal(self, true: str) -> str:
        for _ in range(_TRIES):
            drawn = self._digits(true)
            if not is_real(drawn):
                return drawn
        return "0" * len(true)

    def _word(self, length: int) -> str:
        return "".join(self._fiction.letter() for _ in range(length))


def _places(value: str) -> Iterator[tuple[int, int]]:
    """Where the letters and digits of `value` stand that are drawn anew, each for itself, a digit in words as one."""
    for run in _RUN.finditer(value):
        word = run[0].lower()
        if word in _DIGITS:
            yield run.span()
        elif word not in _LABELS and not _MASKED.fullmatch(word):
            yield from ((i, i + 1) for i in range(*run.span()))


def _squashed(char: str) -> str:
    return _DIGITS.get(char.lower(), char.upper())


def _in_the_style_of(true: str, char: str) -> str:
    if len(true) > 1 and true.lower() in _DIGITS:
        char = _WORDS[int(char)].upper() if true.isupper() else _WORDS[int(char)]
        return char.capitalize() if true.istitle() else char
    return char.lower() if true.islower() else char


def are_coordinates(value: str) -> bool:
    """Whether `value` is a latitude and a longitude."""
    return _COORDINATES.fullmatch(value) is not None


def is_real(squashed: str) -> bool:
    """Whether capital letters and digits pass the check of a real registry, so that they may be somebody's."""
    if squashed.isdigit():
        npi = len(squashed) == 10 and luhn("80840" + squashed)
        card = 13 <= len(squashed) <= 19 and luhn(squashed)
        return npi or card or _ISSUED_SSN.fullmatch(squashed) is not None
    return bool(_MBI.fullmatch(squashed)) or _is_dea(squashed) or _is_vin(squashed)


def _is_dea(squashed: str) -> bool:
    """The sum of digits 1, 3, 5 and twice the digits 2, 4, 6 ends in digit 7 (Drug Enforcement Administration)."""
    if not re.fullmatch(r"[A-Z][A-Z9]\d{7}", squashed):
        return False
    d = [int(c) for c in squashed[2:]]
    return (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]


def _is_vin(squashed: str) -> bool:
    """The check digit in the ninth place (49 CFR 565.15)."""
    if not _VIN.fullmatch(squashed):
        return False
    total = sum(w * (int(c) if c.isdigit() else _VIN_VALUES[c]) for c, w in zip(squashed, _VIN_WEIGHTS, strict=True))
    return squashed[8] == ("X" if total % 11 == 10 else str(total % 11))
