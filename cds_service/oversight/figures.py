"""What a report is made of: figures with their intervals, and counts by category. Both know how to be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from cds_service.oversight.agreement import Agreement
from cds_service.oversight.small_cells import HIDDEN, LEAST, hides, is_small, shown
from cds_service.shares import percentile, wilson

TOO_FEW = "not enough data"
SUPPRESSED = "small count, not shown"


class Unit(StrEnum):
    """What a figure is measured in."""

    SHARE = "share"
    KAPPA = "kappa"
    COUNT = "count"
    SECONDS = "seconds"
    MINUTES = "minutes"
    MILLISECONDS = "milliseconds"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure, as counted: nothing is hidden in it, so show it only through `public`.

    `id`: stable, ``under-triage.floor``. `hits`: of a share, what was counted. `of`: on how many it rests. `value` is
    None where too few were counted to say anything. `held_back`: hidden, since it would tell another that is hidden.
    """

    id: str
    title: str
    unit: Unit
    value: float | None
    of: int
    low: float | None = None
    high: float | None = None
    hits: int | None = None
    held_back: bool = False

    @property
    def hidden(self) -> bool:
        """Whether it must not be shown."""
        if self.held_back:
            return True
        if self.unit is Unit.COUNT:
            return is_small(self.of)
        return is_small(self.of) if self.hits is None else is_small(self.of) or hides(self.hits, self.of)

    @property
    def why_none(self) -> str:
        """Why no value is shown; empty when one is."""
        if self.hidden:
            return SUPPRESSED
        return TOO_FEW if self.value is None else ""

    def public(self) -> dict[str, object]:
        """For JSON: as much as may be shown."""
        hidden = self.hidden
        made: dict[str, object] = {"id": self.id, "title": self.title, "unit": self.unit.value}
        for name in ("value", "low", "high", "hits"):
            number = getattr(self, name)
            made[name] = None if hidden or number is None else round(number, 4)
        made["of"] = None if is_small(self.of) else self.of
        return made | {"note": self.why_none}

    @property
    def text(self) -> str:
        """The value, for people."""
        if self.hidden and self.hits is not None and is_small(self.hits):
            return HIDDEN
        if self.hidden or self.value is None:
            return HIDDEN if self.unit is Unit.COUNT and self.hidden else self.why_none
        return written(self.value, self.unit)

    @property
    def interval(self) -> str:
        """The 95 % interval, for people; empty where none is given."""
        if self.hidden or self.low is None or self.high is None:
            return ""
        return f"{written(self.low, self.unit)} to {written(self.high, self.unit)}"

    @property
    def basis(self) -> str:
        """On how many it rests, for people."""
        if is_small(self.of):
            return HIDDEN
        if self.hits is None:
            return str(self.of)
        if is_small(self.hits):
            return f"{HIDDEN} of {self.of}"
        return str(self.of) if self.hidden else f"{self.hits} of {self.of}"


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    """Counts by category, the same columns in each row. The total of a row is known, so complements are hidden too.

    `sums`: rows, by number, of which a figure tells the sum.
    """

    id: str
    title: str
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[int, ...]]
    sums: tuple[tuple[int, ...], ...] = ()

    def public(self) -> dict[str, object]:
        """For JSON: as much as may be shown."""
        rows = [{"label": label, "counts": list(counts)} for label, counts in self._shown()]
        return {"id": self.id, "title": self.title, "columns": list(self.columns), "rows": rows}

    @property
    def cells(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The rows for people."""
        return tuple((label, tuple(_cell(count) for count in counts)) for label, counts in self._shown())

    def _shown(self) -> list[tuple[str, tuple[int | None, ...]]]:
        return list(zip(self.rows, shown(list(self.rows.values()), self.sums), strict=True))


def _cell(count: int | None) -> str:
    return "not shown" if count is None else str(count)


def written(value: float, unit: Unit) -> str:
    """A number for people."""
    if unit is Unit.SHARE:
        return f"{value:.1%}".replace("%", " %")
    if unit is Unit.KAPPA:
        return f"{value:.2f}"
    if unit is Unit.COUNT:
        return f"{value:.0f}"
    words = {Unit.SECONDS: "s", Unit.MINUTES: "min", Unit.MILLISECONDS: "ms"}
    return f"{value:.0f} {words[unit]}" if value >= 10 else f"{value:.1f} {words[unit]}"


def of_share(id_: str, title: str, hits: int, of: int) -> Figure:
    """A share with Wilson's interval."""
    share = wilson(hits, of)
    return Figure(
        id=id_, title=title, unit=Unit.SHARE, value=share.value, low=share.low, high=share.high, hits=hits, of=of
    )


def of_parts(titles: Mapping[str, str], hits: Sequence[int], of: int) -> tuple[Figure, ...]:
    """The shares of parts of one whole, by id: where one alone would be hidden, the next smallest is held back."""
    open_ = shown([tuple(hits)])[0]
    return tuple(
        replace(of_share(id_, title, count, of), held_back=told is None)
        for (id_, title), count, told in zip(titles.items(), hits, open_, strict=True)
    )


def of_agreement(id_: str, title: str, found: Agreement) -> Figure:
    """A kappa."""
    return Figure(id=id_, title=title, unit=Unit.KAPPA, value=found.value, low=found.low, high=found.high, of=found.of)


def of_count(id_: str, title: str, count: int) -> Figure:
    """A plain count."""
    return Figure(id=id_, title=title, unit=Unit.COUNT, value=float(count), of=count)


def of_times(id_: str, title: str, unit: Unit, values: list[float]) -> tuple[Figure, Figure]:
    """Median and 90th percentile of what was measured; no value where fewer than five were."""
    return tuple(  # type: ignore[return-value]
        Figure(id=f"{id_}.{name}", title=f"{title}, {word}", unit=unit, value=quantile(values, q), of=len(values))
        for name, word, q in (("median", "median", 0.5), ("p90", "90th percentile", 0.9))
    )


def quantile(values: list[float], q: float) -> float | None:
    """None where fewer than five were measured."""
    return percentile(values, 100 * q) if len(values) >= LEAST else None


@dataclass(frozen=True, kw_only=True)
class Section:
    """Figures and counts about one matter."""

    id: str
    title: str
    figures: tuple[Figure, ...] = ()
    breakdowns: tuple[Breakdown, ...] = ()
