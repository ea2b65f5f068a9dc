"""UCUM units, by ucumvert and pint.

The unit registry takes about a second to build and lives as long as the process; call `warm_up` at start. Each pair of
units is worked out once: a conversion is a line, ``y = slope * x + intercept``.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from decimal import Context, Decimal
from functools import cache, lru_cache
from typing import Any

from ucumvert import PintUcumRegistry

ALIASES: Mapping[str, str] = {
    # What charts write instead of UCUM, in lower case without spaces.
    "mmhg": "mm[Hg]", "mm(hg)": "mm[Hg]", "torr": "mm[Hg]",
    "bpm": "/min", "beats/min": "/min", "beats/minute": "/min", "beatsperminute": "/min", "breaths/min": "/min",
    "breaths/minute": "/min", "breathsperminute": "/min", "1/min": "/min", "permin": "/min", "rpm": "/min",
    "f": "[degF]", "degf": "[degF]", "°f": "[degF]", "deg.f": "[degF]", "fahrenheit": "[degF]", "degreesf": "[degF]",
    "c": "Cel", "degc": "Cel", "°c": "Cel", "deg.c": "Cel", "celsius": "Cel", "degreesc": "Cel",
    "lb": "[lb_av]", "lbs": "[lb_av]", "pound": "[lb_av]", "pounds": "[lb_av]", "kgs": "kg", "oz": "[oz_av]",
    "in": "[in_i]", "inch": "[in_i]", "inches": "[in_i]", "ft": "[ft_i]", "feet": "[ft_i]",
    "kg/m^2": "kg/m2", "kg/m²": "kg/m2", "percent": "%", "pct": "%",
    "lpm": "L/min", "liters/min": "L/min", "litres/min": "L/min", "liter/min": "L/min", "l/m": "L/min",
    "k/ul": "10*3/uL", "k/mm3": "10*3/uL", "k/cumm": "10*3/uL", "thou/ul": "10*3/uL", "x10e3/ul": "10*3/uL",
    "x10*3/ul": "10*3/uL", "10^3/ul": "10*3/uL", "th/mm3": "10*3/uL", "x10*9/l": "10*9/L", "x10^9/l": "10*9/L",
    "x10e9/l": "10*9/L", "g/l": "g/L", "g/dl": "g/dL", "mg/dl": "mg/dL", "mmol/l": "mmol/L", "umol/l": "umol/L",
    "µmol/l": "umol/L", "μmol/l": "umol/L", "mcmol/l": "umol/L", "meq/l": "meq/L", "ng/l": "ng/L", "ng/ml": "ng/mL",
    "pg/ml": "pg/mL", "mcg/l": "ug/L", "mcg/ml": "ug/mL", "µg/l": "ug/L", "mg/l": "mg/L", "u/l": "U/L", "iu/l": "U/L",
    "miu/l": "m[IU]/L", "uiu/ml": "u[IU]/mL", "µiu/ml": "u[IU]/mL", "mu/l": "m[IU]/L", "msec": "ms",
    "ml/min/1.73m2": "mL/min/{1.73_m2}", "ml/min/1.73m^2": "mL/min/{1.73_m2}", "ml/min/1.73m²": "mL/min/{1.73_m2}",
    "ml/min/{1.73m2}": "mL/min/{1.73_m2}", "mcg/mg": "ug/mg", "ratio": "1", "inr": "1", "score": "{score}",
    "points": "{score}", "(score)": "{score}", "/10": "{score}", "ph": "[pH]", "phunits": "[pH]",
}  # fmt: skip

_MAX_UNIT = 40
_EQUIVALENTS = re.compile(r"(^|[^a-zA-Z])[munkp]?eq([^a-zA-Z]|$)")
_LOCK = threading.Lock()
_DIGITS = Context(prec=6)


def tidy(value: Decimal) -> Decimal:
    """`value` without an exponent and without trailing zeros."""
    value = value.normalize()
    exponent = value.as_tuple().exponent
    return value.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else value


def convert(
    value: Decimal, unit: str, to: str, *, molar_mass: Decimal | None = None, valence: int | None = None
) -> Decimal | None:
    """`value` of `unit` in UCUM unit `to`, None when there is no conversion.

    `molar_mass` (g/mol) lets amount and mass concentrations meet; `valence` does so for equivalents (``meq/L``).
    """
    line = _line(unit.strip(), to, molar_mass, valence)
    if line is None:
        return None
    slope, intercept = line
    if slope == 1 and intercept == 0:
        return value
    return tidy(_DIGITS.create_decimal(value * slope + intercept))


def is_ucum(unit: str) -> bool:
    """Whether `unit` is a UCUM unit as it stands."""
    return _quantity(unit) is not None


def warm_up() -> None:
    """Build the registry (about a second, once) so that no hook call waits for it."""
    convert(Decimal(1), "[degF]", "Cel")


@cache
def _registry() -> Any:
    return PintUcumRegistry()


@lru_cache(maxsize=2048)
def _quantity(unit: str) -> Any:
    """One `unit` as a pint quantity, None when it is not UCUM. Annotations alone (``{score}``) are dimensionless."""
    if not 0 < len(unit) <= _MAX_UNIT or not unit.isascii():
        return None
    if unit.startswith("{") and unit.endswith("}") and unit.count("{") == 1:
        unit = "1"
    with _LOCK:
        try:
            quantity = _registry().from_ucum(unit)
        except Exception:  # noqa: BLE001 - the parser raises many kinds; whatever it cannot read is no unit
            return None
    return quantity if hasattr(quantity, "units") else None


@lru_cache(maxsize=2048)
def _line(unit: str, to: str, molar_mass: Decimal | None, valence: int | None) -> tuple[Decimal, Decimal] | None:
    """Slope and intercept from `unit` as written, else as its alias, to `to`."""
    if unit == to:
        return Decimal(1), Decimal(0)
    target = _quantity(to)
    for spelling in (unit, ALIASES.get("".join(unit.lower().split()))):
        if spelling == to:
            return Decimal(1), Decimal(0)
        source = _quantity(spelling) if spelling else None
        if source is None or target is None or not spelling:
            continue
        equivalents = _EQUIVALENTS.search(spelling) is not None
        if equivalents and valence is None:
            continue  # how many mmol a meq is depends on the ion
        with _LOCK:
            ends = _ends(source, target) or _ends_by_mass(source, target, molar_mass)
        if ends is not None:
            low, high = ends
            slope = Decimal(f"{high - low:.9g}") / (valence if equivalents and valence else 1)
            return slope, Decimal(f"{low:.9g}")
    return None


def _ends(source: Any, target: Any) -> tuple[float, float] | None:
    """What 0 and 1 of `source` are in `target`, None when the dimensions differ."""
    try:
        low, high = (_registry().Quantity(x, source.units).to(target.units).magnitude for x in (0.0, source.magnitude))
    except Exception:  # noqa: BLE001 - pint raises many kinds; no conversion on this path
        return None
    return float(low) / float(target.magnitude), float(high) / float(target.magnitude)


def _ends_by_mass(source: Any, target: Any, molar_mass: Decimal | None) -> tuple[float, float] | None:
    """`_ends` through the molar mass: amount to mass, or mass to amount."""
    if molar_mass is None:
        return None
    mass = _registry().from_ucum("g/mol") * float(molar_mass)
    return _ends(source * mass, target) or _ends(source / mass, target)
