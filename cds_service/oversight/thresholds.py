"""Limits and recommendations as data: which figure, which end of its interval, beyond what, on how many at least."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cds_service.errors import ConfigurationError
from cds_service.oversight.figures import Figure
from cds_service.oversight.periods import Period

PACKAGED = Path(__file__).parent


class Threshold(BaseModel):
    """One line of data.

    `figure`: an id, or the beginning of ids with ``*`` at the end. `end`: the value, or the end of the interval that
    must lie beyond, so that chance alone does not break it. `least`: on how many the figure must rest.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,60}$")
    figure: str
    end: Literal["value", "low", "high"] = "value"
    above: float | None = None
    below: float | None = None
    least: int = Field(0, ge=0)
    period: Period = Period.WEEKLY
    words: str = Field(min_length=10)

    @model_validator(mode="after")
    def _one_bound(self) -> Threshold:
        if (self.above is None) == (self.below is None):
            raise ValueError("a threshold is either above or below something")
        return self

    @property
    def bound(self) -> float:
        """The number that may not be passed."""
        return self.above if self.above is not None else self.below or 0.0

    def among(self, figures: Iterable[Figure]) -> tuple[Figure, ...]:
        """The figures that it is about."""
        if self.figure.endswith("*"):
            return tuple(f for f in figures if f.id.startswith(self.figure[:-1]))
        return tuple(f for f in figures if f.id == self.figure)

    def passed_by(self, figure: Figure) -> bool:
        """Whether `figure` lies beyond, on enough cases."""
        number = getattr(figure, self.end)
        if number is None or figure.of < self.least:
            return False
        return bool(number > self.bound if self.above is not None else number < self.bound)


def read_thresholds(name: str, own: Path | None = None) -> tuple[Threshold, ...]:
    """The thresholds of a file of this package, or of the clinic's `own`. Raises ConfigurationError."""
    path = own or PACKAGED / name
    try:
        entries: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        made = tuple(Threshold(**entry) for entry in entries["threshold"])
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValidationError):
        raise ConfigurationError(f"{path} is no file of thresholds: see docs/how-to/monitor.md") from None
    if len({threshold.id for threshold in made}) != len(made):
        raise ConfigurationError(f"{path} names a threshold twice")
    return made
