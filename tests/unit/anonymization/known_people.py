"""Made-up people and the ways in which a note may write of them, for the tests of the matcher and of the leak check.

A variant is (name, mention, identifying part, context-free). The identifying part is what must be covered: of "the
Stones" the name, not the article. Context-free variants give the person away wherever they stand.
"""

# ruff: noqa: E501 - a variant is read in one line
from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from faker import Faker

from fhir_mappers.case import KnownIdentifier
from tests.support.fiction import GIVEN

FAMILY = ["Zorblatt", "Quillfeather", "Mockingham", "Fictiva", "Pseudonova", "Kanarienko", "O'Fakery", "McInvent",
          "van der Made", "Garcia-Lopez", "Müllerowa"]  # fmt: skip
STREETS = ["Schellington Mill Road", "N Wexbury Avenue", "Quarrybrook Lane", "Odenwald Street"]
TOWNS = ["Fakeville", "Inventburg", "Nowhereton", "Port Fabula"]
PLACES = ["Quaxton Health System", "Belvoria Memorial Hospital", "Saint Fabulus Medical Center"]

FRAMES = (
    "Seen today: {} with a cough.",
    "{} was here for a blood pressure check.",
    "SEEN BY NURSE. {} STABLE.",
    "pt is ok, see {} for more.",
    "Plan: metformin 500 mg daily. {}",
    "Follow-up ({}) in two weeks.",
    "- {}; no fever, BP 120/80, pain 3/10",
    "History given by the family, {}, is limited.",
    "Assessment\n{}\nKidney function is normal.",
    "note on {} reviewed",
    "Labs drawn; creatinine 1.1 mg/dL. Re: {}.",
    '"{}" was written on the form.',
)


@dataclass(frozen=True)
class Variant:
    """One way to write of a person."""

    name: str
    mention: str
    telling: str
    free: bool = True


@dataclass(frozen=True)
class Person:
    """A made-up person as a request holds them."""

    given: str
    family: str
    born: date
    phone: str
    mail: str
    mrn: str
    short_id: str
    ssn: str
    street: str
    town: str
    postcode: str
    place: str
    visit: date

    @property
    def identifiers(self):
        values = (
            ("name", f"{self.given} {self.family}"), ("given", self.given), ("family", self.family),
            ("birth-date", f"{self.born}"), ("date", f"{self.visit}"), ("phone", self.phone), ("email", self.mail),
            ("identifier", self.mrn), ("identifier", self.short_id), ("identifier", self.ssn),
            ("address-line", self.street), ("city", self.town), ("postal-code", self.postcode),
            ("organization", self.place),
        )  # fmt: skip
        return tuple(KnownIdentifier(kind=k, value=v) for k, v in values)


def person(seed: int) -> Person:
    """A person whose every part depends on `seed` alone: from the pools above, or with the names of Faker."""
    rng = random.Random(seed)
    fake = Faker("en_US")
    fake.seed_instance(seed)
    real = seed % 2
    digits = "".join(str(rng.randrange(10)) for _ in range(40))
    given = fake.first_name() if real else rng.choice(GIVEN)
    family = fake.last_name() if real else rng.choice(FAMILY)
    plain = "".join(c for c in family.lower() if c.isascii() and c.isalpha())
    return Person(
        given=given,
        family=family,
        born=date(1936, 1, 1) + timedelta(days=rng.randrange(30_000)),
        phone=f"({rng.randrange(201, 990)}) 555-{digits[:4]}",
        mail=f"{given[0].lower()}.{plain}{digits[4:6]}@mail{digits[6]}.example",
        mrn=f"MRN-00{rng.randrange(1, 10)}{digits[7:12]}",
        short_id=f"{rng.randrange(1001, 9999)}",
        ssn=f"9{digits[12:14]}-{digits[14:16]}-{digits[16:20]}",
        street=f"{rng.randrange(12, 990)} {rng.choice(STREETS)} Unit {rng.randrange(2, 60)}",
        town=rng.choice(TOWNS),
        postcode=f"0{rng.randrange(1000, 9999)}",
        place=rng.choice(PLACES),
        visit=date(2024, 1, 1) + timedelta(days=rng.randrange(700)),
    )


def misspelt(word: str, rng: random.Random) -> str:
    """`word` with one letter changed, added, lost or swapped, not the first."""
    at = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return word[:at] + rng.choice("qxzjk") + word[at + 1 :]
    if kind == 1:
        return word[:at] + rng.choice("qxzjk") + word[at:]
    if kind == 2:
        return word[:at] + word[at + 1 :]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def name_variants(who: Person, rng: random.Random, strong: set[str]) -> list[Variant]:
    """Names. `strong`: which of the parts "given" and "family" are no words of English."""
    g, f = who.given, who.family
    bare = f.replace("'", "").replace("-", "").replace(" ", "")
    made = [
        Variant("whole", f"{g} {f}", f"{g} {f}"),
        Variant("whole, capitals", f"{g} {f}".upper(), f"{g} {f}".upper()),
        Variant("whole, small", f"{g} {f}".lower(), f"{g} {f}".lower()),
        Variant("reversed", f"{f}, {g}", f"{f}, {g}"),
        Variant("reversed, no space", f"{f},{g}", f"{f},{g}"),
        Variant("over two lines", f"{g}\n{f}", f"{g}\n{f}"),
        Variant("middle initial", f"{g} Q. {f}", f"{g} Q. {f}"),
        Variant("titled", f"Mr. {f}", f, free="family" in strong),
        Variant("labelled", f"Patient: {f}", f, free="family" in strong),
        Variant("possessive", f"{g} {f}'s", f"{g} {f}"),
        Variant("initial first", f"{g[0]}. {f}", f"{g[0]}. {f}", free="family" in strong),
        Variant("initial last", f"{f}, {g[0]}.", f"{f}, {g[0]}.", free="family" in strong),
        Variant("glued", f"{g}{bare}", f"{g}{bare}", free=False),
        Variant("user name", f"{g.lower()}_{bare.lower()}7", f"{g.lower()}_{bare.lower()}7", free="given" in strong),
    ]
    for part, word in (("given", g), ("family", f)):
        if part not in strong:
            continue
        made += [
            Variant(f"{part}", word, word),
            Variant(f"{part}, capitals", word.upper(), word.upper()),
            Variant(f"{part}, small", word.lower(), word.lower()),
        ]
        if word.isalpha() and word.isascii() and len(word) > 5:
            made += [
                Variant(f"{part}, misspelt", wrong := misspelt(word, rng), wrong, free=False),
                Variant(f"{part}, spaced out", spaced := " ".join(word.upper()), spaced),
                Variant(f"{part}, hyphenated", broken := f"{word[:3]}-\n{word[3:]}", broken),
            ]
    if "family" in strong:
        made.append(Variant("plural", f"the {f}s", f))
        if bare != f:
            made += [Variant("joined", bare, bare), Variant("joined, small", bare.lower(), bare.lower())]
            apart = f.replace("'", " ").replace("-", " ")
            made.append(Variant("apart", apart, apart, free=False))
    return made


def date_variants(name: str, day: date) -> list[Variant]:
    """Whole dates in the writings of notes."""
    n, m, y = day.day, day.month, day.year
    th = "th" if 10 < n < 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    written = [
        f"{day}", f"{m}/{n}/{y}", f"{day:%m/%d/%Y}", f"{day:%m-%d-%y}", f"{n}.{m}.{y}", f"{day:%b} {n} {y}",
        f"{n}{th} of {day:%B} {y}", f"{day:%B} {n}{th}, {y}", f"{day:%B} {n}{th}, '{day:%y}", f"{day:%d%b%Y}".upper(),
        f"{n}-{day:%b}-{day:%y}", f"{m}/{n}/{day:%y}", f"{n}/{m}/{y}", f"{day:%A}, {day:%B} {n}, {y}",
        f"{n} {day:%b} {y}".lower(), f"{day:%Y%m%d}",
    ]  # fmt: skip
    return [Variant(f"{name}: {i}", w, w.split(", ", 1)[1] if "day," in w else w) for i, w in enumerate(written)] + [
        Variant(f"{name}: figures after a word", f"on {m}/{n}", f"{m}/{n}", free=False),
        Variant(f"{name}: day and month", f"on {day:%B} {n}", f"{day:%B} {n}", free=False),
    ]


def other_variants(who: Person) -> list[Variant]:
    """Numbers, addresses, places."""
    digits = "".join(c for c in who.phone if c.isdigit())
    local, _, _ = who.mail.partition("@")
    number, *street = who.street.split(" Unit ")[0].split(" ")
    core = next(w for w in street if len(w) > 1)
    mrn = who.mrn.removeprefix("MRN-")
    ssn = who.ssn.replace("-", "")
    spoken = who.mail.replace(".", " dot ").replace("@", " at ")
    made = {
        "phone": who.phone, "phone, digits": digits, "phone, dots": f"{digits[:3]}.{digits[3:6]}.{digits[6:]}",
        "phone, spaces": f"{digits[:3]} {digits[3:6]} {digits[6:]}", "phone, country": f"+44 {digits[:3]}-{digits[3:6]}-{digits[6:]}",
        "phone, last seven": f"{digits[3:6]}-{digits[6:]}", "mail": who.mail, "mail, capitals": who.mail.upper(),
        "mail, spoken": spoken, "mail, local": local, "mrn": who.mrn, "mrn, number": mrn, "mrn, apart": f"MRN {mrn[:4]} {mrn[4:]}",
        "ssn": who.ssn, "ssn, digits": ssn, "ssn, spaces": who.ssn.replace("-", " "), "zip": who.postcode, "zip+4": f"{who.postcode}-4321",
        "street": who.street, "street, no unit": who.street.split(" Unit ")[0], "street, capitals": who.street.upper(),
        "street, short": f"{number} {core}", "street, abbreviated": who.street.replace("Road", "Rd.").replace("Avenue", "Ave").replace("Lane", "Ln").replace("Street", "St"),
        "town": who.town, "town, capitals": who.town.upper(), "town and state": f"{who.town}, MA", "place": who.place,
        "place, capitals": who.place.upper(), "place, short": " ".join(who.place.split(" ")[:2]),
    }  # fmt: skip
    telling = {"town and state": who.town, "mrn, apart": f"{mrn[:4]} {mrn[4:]}"}
    context = {"mrn, number", "street, capitals"}
    return [
        *(Variant(n, m, telling.get(n, m), free=n not in context) for n, m in made.items()),
        Variant("street alone", f"lives on {core}", core, free=False),
        Variant("mrn, zeros dropped", f"MRN {mrn.lstrip('0')}", mrn.lstrip("0"), free=False),
        Variant("short id", f"MRN {who.short_id}", who.short_id),
        Variant("short id, visit", f"visit {who.short_id}", who.short_id),
        Variant("ssn, last four", f"SSN ending in {ssn[-4:]}", ssn[-4:]),
        Variant("ssn, crossed out", f"xxx-xx-{ssn[-4:]}", ssn[-4:]),
    ]


def variants(who: Person, seed: int, strong: set[str]) -> list[Variant]:
    """Every way in which a note may write of `who`."""
    rng = random.Random(seed)
    return [
        *name_variants(who, rng, strong), *date_variants("birth date", who.born), *date_variants("visit", who.visit),
        *other_variants(who),
    ]  # fmt: skip
