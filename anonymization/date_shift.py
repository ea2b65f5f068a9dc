"""Date shifting per patient: only under an expert determination, and never called Safe Harbor.

All dates of one person move by one random number of days, so that intervals survive. The number is whole weeks, from
one to `MAX_WEEKS` back or forth and never 0: weekdays stand in texts and in the rhythm of clinics, so any other number
would give its remainder modulo 7 away ("seen Monday 5/24") and contradict the text. The price is that weekdays stay
true and that there are only 104 numbers; the expert must weigh both. Times of day stay. A month or a year alone moves
with its middle, so a small number may leave it as it is.

The number is secret: who knows it has the true dates. The vault keeps it for each export and subject.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import date, timedelta

from anonymization.dates import OLDEST_STATED
from anonymization.determination import Determination
from anonymization.placeholders import Placeholders
from anonymization.replacer import Replacer
from anonymization.written_dates import WrittenDate, read, rewrite

MAX_WEEKS = 52
_MIDDLE_MONTH, _MIDDLE_DAY = 7, 15


def random_offset_days() -> int:
    """A random number of days: whole weeks, up to `MAX_WEEKS` back or forth, never 0."""
    weeks = 1 + secrets.randbelow(MAX_WEEKS)
    return 7 * (weeks if secrets.randbelow(2) else -weeks)


class DateShift:
    """A `Replacer` that shifts dates by `offset_days` and leaves every other identifier to `others`.

    `today`: the day of the export, by which two-digit years are read. A date that is not understood to its end, whose
    year may tell an age over 89, or that would leave the calendar becomes a placeholder.
    """

    def __init__(self, *, determination: Determination, offset_days: int, today: date, others: Replacer) -> None:
        if offset_days == 0 or offset_days % 7 or abs(offset_days) > 7 * MAX_WEEKS:
            raise ValueError("a date offset is whole weeks within the stated range, and not 0")
        self.determination = determination
        self._offset = timedelta(days=offset_days)
        self._today = today
        self._others = others
        self._refused = Placeholders()

    def of(self, label: str, value: str) -> str:
        """The shifted date in the form of the true one; any other label as `others` says."""
        if label != "DATE":
            return self._others.of(label, value)
        dates = read(value, self._today)
        if dates is not None and not any(map(self._tells_age, dates)):
            with suppress(OverflowError):
                shifted = rewrite(value, dates, self._shifted)
                if not any(map(self._tells_age, read(shifted, self._today) or ())):
                    return shifted
        return self._refused.of(label, value)

    def _shifted(self, written: WrittenDate) -> date:
        """The new date. What was not written is taken in the middle: the 15th, July, and the year of the export."""
        year = written.year or self._today.year
        month = written.month or _MIDDLE_MONTH
        day = written.day or _MIDDLE_DAY
        if written.year is None and (month, day) == (2, 29):
            day = 28  # the year of the export may have no leap day
        return date(year, month, day) + self._offset

    def _tells_age(self, written: WrittenDate) -> bool:
        return written.year is not None and self._today.year - written.year > OLDEST_STATED
