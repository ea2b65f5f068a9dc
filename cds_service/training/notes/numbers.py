"""Fictional dates, telephone numbers, e-mail and web addresses, and identifiers, in the forms that notes have."""

from __future__ import annotations

from datetime import date
from random import Random

from cds_service.training.notes.names import fold
from cds_service.training.notes.people import Person

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip
_DOMAINS = ("example.com", "example.org", "mail.example", "clinic.example", "hospital.local", "post.example.net")


def draw_date(rng: Random, first: int, last: int) -> date:
    """A day of the years `first` to `last`."""
    return date(rng.randint(first, last), rng.randint(1, 12), rng.randint(1, 28))


def written_date(rng: Random, day: date) -> str:
    """`day` in one of the usual forms; some forms leave out the year."""
    month = _MONTHS[day.month - 1]
    short = f"{day.year % 100:02d}"
    ordinal = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd"}.get(day.day, "th")
    forms = (
        f"{day.month}/{day.day}/{day.year}",
        f"{day.month:02d}/{day.day:02d}/{day.year}",
        f"{day.month}/{day.day}/{short}",
        f"{day.month}/{day.day}",
        f"{day.month}-{day.day}-{short}",
        day.isoformat(),
        f"{month} {day.day}, {day.year}",
        f"{month} {day.day}{ordinal}",
        f"{month} {day.day}",
        f"{month[:3]} {day.day}, {day.year}",
        f"{month[:3]} {day.day}",
        f"{day.day} {month[:3]} {day.year}",
        f"{day.day} {month} {day.year}",
        f"{day.day:02d}-{month[:3]}-{day.year}",
        f"{day.day:02d}.{day.month:02d}.{day.year}",
        f"{day.year}{day.month:02d}{day.day:02d}",
        f"the {day.day}{ordinal} of {month}",
    )
    return rng.choices(forms, (8, 8, 8, 6, 2, 6, 8, 4, 5, 4, 3, 3, 3, 3, 2, 1, 2))[0]


def full_date(rng: Random, day: date) -> str:
    """`day` with its year."""
    for _ in range(50):
        text = written_date(rng, day)
        if str(day.year) in text:
            return text
    return day.isoformat()


def month_of(rng: Random, day: date) -> str:
    """A month, mostly with its year."""
    month = _MONTHS[day.month - 1]
    return rng.choice((f"{month} {day.year}", month, f"{day.month}/{day.year}", f"{month[:3]} {day.year}"))


def draw_phone(rng: Random) -> str:
    """Ten digits of a North American number."""
    area, exchange = (f"{rng.randint(2, 9)}{rng.randint(0, 99):02d}" for _ in range(2))
    return f"{area}{exchange}{rng.randint(0, 9999):04d}"


def written_phone(rng: Random, digits: str) -> str:
    """`digits` with the usual punctuation."""
    a, b, c = digits[:3], digits[3:6], digits[6:]
    forms = (
        f"({a}) {b}-{c}",
        f"{a}-{b}-{c}",
        f"{a}.{b}.{c}",
        f"{a} {b} {c}",
        f"+1 {a} {b} {c}",
        f"1-{a}-{b}-{c}",
        f"{a}{b}{c}",
    )
    text = rng.choices(forms, (6, 8, 3, 3, 1, 1, 1))[0]
    return text + (f" x{rng.randint(10, 9999)}" if rng.random() < 0.06 else "")


def foreign_phone(rng: Random) -> str:
    """A number from elsewhere."""
    country = rng.choice((44, 49, 33, 52, 91, 63, 84))
    return f"+{country} {rng.randint(10, 999)} {rng.randint(100, 9999)} {rng.randint(1000, 9999)}"


def email_of(rng: Random, person: Person) -> str:
    """An address made of the person's name."""
    given, family = fold(person.given).split()[0], fold(person.family).split()[-1]
    user = rng.choice(
        (
            f"{given}.{family}",
            f"{given[0]}{family}",
            f"{given}{rng.randint(1, 99)}",
            f"{family}_{given}",
            f"{family}{given[0]}",
        )
    )
    return f"{''.join(c for c in user if c.isascii() and (c.isalnum() or c in '._-'))}@{rng.choice(_DOMAINS)}"


def url(rng: Random) -> str:
    """A web address."""
    host = rng.choice(("portal", "www", "mychart", "records", "images"))
    start = rng.choice(("https://", "http://", ""))
    path = rng.choice(("p", "chart", "visit", "u"))
    return f"{start}{host}.{rng.choice(_DOMAINS)}/{path}/{rng.randint(1000, 999999)}"


def mrn(rng: Random) -> str:
    """A medical record number."""
    n = rng.randint(100000, 99999999)
    return rng.choice(
        (f"{n}", f"{n}", f"{n:08d}", f"M{n}", f"{n // 1000}-{n % 1000:03d}", f"MR-{n}", f"E{n % 100000}", f"00{n}")
    )


def ssn(rng: Random) -> str:
    """A number in the form of a social security number."""
    a, b, c = rng.randint(1, 999), rng.randint(1, 99), rng.randint(1, 9999)
    return rng.choice(
        (f"{a:03d}-{b:02d}-{c:04d}", f"{a:03d} {b:02d} {c:04d}", f"xxx-xx-{c:04d}", f"{a:03d}{b:02d}{c:04d}")
    )


def identifier(rng: Random) -> str:
    """An account, policy, licence, claim or serial number."""
    n = rng.randint(10000, 999999999)
    letters = "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(rng.randint(1, 3)))
    return rng.choice(
        (f"{letters}{n}", f"{n}", f"{letters}-{n}", f"{n // 100}-{n % 100:02d}", f"{letters}{n % 10000}-{n % 97}")
    )
