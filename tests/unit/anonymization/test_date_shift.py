"""Dates move by one number of whole weeks, keep their form, and never without an expert."""

from datetime import date

import pytest

from anonymization.date_shift import MAX_WEEKS, DateShift, random_offset_days
from anonymization.determination import Determination
from anonymization.errors import PolicyError
from anonymization.placeholders import Placeholders
from fhir_mappers.case import KnownIdentifier

TODAY = date(2026, 1, 2)
STATED = {"expert": "Statistician of the fictional clinic", "date": "2025-11-30", "method": "k-map", "threshold": 0.05}
DETERMINATION = Determination.of(STATED)


def shift(days=14):
    return DateShift(determination=DETERMINATION, offset_days=days, today=TODAY, others=Placeholders())


@pytest.mark.parametrize(
    ("true", "shifted"),
    [
        ("5/23/2016", "6/6/2016"),
        ("05/23/2016", "06/06/2016"),
        ("5/23/16", "6/6/16"),
        ("5-23-16", "6-6-16"),
        ("5.23.2016", "6.6.2016"),
        ("23/12/2016", "06/01/2017"),
        ("2016-05-23", "2016-06-06"),
        ("2016-05-23T10:00:00Z", "2016-06-06T10:00:00Z"),
        ("20160523", "20160606"),
        ("201605231030", "201606061030"),
        ("03041958", "03181958"),
        ("2016-05", "2016-05"),
        ("05/2016", "05/2016"),
        ("May 23, 2016", "June 6, 2016"),
        ("May 23rd, 2016", "June 6th, 2016"),
        ("MAY 20", "JUNE 3"),
        ("may 20th", "june 3rd"),
        ("May 23 at 10:30 am", "June 6 at 10:30 am"),
        ("Sept. 20, 2015", "Oct. 4, 2015"),
        ("Dec 31, 2015", "Jan 14, 2016"),
        ("23 May 2016", "6 June 2016"),
        ("23rd of May", "6th of June"),
        ("23-May-16", "06-Jun-16"),
        ("23MAY2016", "06JUN2016"),
        ("Feb 29, 2016", "Mar 14, 2016"),
        ("5/23", "6/6"),
        ("2/29", "3/14"),
        ("5/23-5/26/2016", "6/6-6/9/2016"),
        ("5/23/16 to 6/1/16", "6/6/16 to 6/15/16"),
    ],
)
def test_a_date_keeps_its_written_form(true, shifted):
    assert shift().of("DATE", true) == shifted


def test_backwards_over_the_new_year():
    assert shift(-14).of("DATE", "1/5/2016") == "12/22/2015"


def test_intervals_and_weekdays_survive():
    moved = [shift(-91).of("DATE", d) for d in ("2016-02-20", "2016-03-05")]
    first, second = (date.fromisoformat(m) for m in moved)
    assert (second - first).days == 14
    assert first.weekday() == date(2016, 2, 20).weekday()


@pytest.mark.parametrize(
    "odd", ["Christmas", "13/45/2016", "2016-02-30", "5/23/2016 or so", "Mayday 4", "1931-05-06", "9999"]
)
def test_what_is_not_understood_or_tells_an_age_becomes_a_placeholder(odd):
    assert shift().of("DATE", odd) == "[DATE_1]"


def test_other_identifiers_are_left_to_the_other_replacer():
    assert shift().of("PATIENT", "Stone") == "[PATIENT_1]"


def test_offsets_are_whole_weeks_within_the_range_and_never_none():
    drawn = {random_offset_days() for _ in range(3000)}
    assert all(d % 7 == 0 and 0 < abs(d) <= 7 * MAX_WEEKS for d in drawn)
    assert min(drawn) < 0 < max(drawn)
    assert len(drawn) > MAX_WEEKS, "one direction alone has no more than that"


@pytest.mark.parametrize("days", [0, 3, 7 * (MAX_WEEKS + 1)])
def test_another_offset_is_refused(days):
    with pytest.raises(ValueError, match="whole weeks"):
        shift(days)


@pytest.mark.parametrize(
    "change",
    [
        {"expert": " "},
        {"method": ""},
        {"threshold": 0},
        {"threshold": 1},
        {"threshold": True},
        {"date": "someday"},
        {"more": 1},
        {"expert": 3},
    ],
)
def test_a_determination_that_says_nothing_is_none(change):
    with pytest.raises(PolicyError):
        Determination.of(STATED | change)
    with pytest.raises(PolicyError):
        Determination.of(None)


def test_a_shift_needs_a_determination():
    with pytest.raises(TypeError):
        DateShift(offset_days=7, today=TODAY, others=Placeholders())


def test_the_gate_shifts_every_date_of_a_note(gate):
    note = "Admitted 5/23/2016, discharged May 30th, 2016. Next visit 06/2016. Ann Stone was born 1958-03-04."
    known = (KnownIdentifier(kind="birth-date", value="1958-03-04"), KnownIdentifier(kind="name", value="Ann Stone"))
    done = gate.scrub(note, known, replacer=shift(28))
    assert done.text == (
        "Admitted 6/20/2016, discharged June 27th, 2016. Next visit 07/2016. [PATIENT_1] was born 1958-04-01."
    )


def test_a_date_that_would_be_moved_over_the_rule_for_ages_becomes_a_placeholder():
    assert shift(-21).of("DATE", "1/5/1937") == "[DATE_1]"
    assert shift(21).of("DATE", "1/5/1937") == "1/26/1937"
