"""Writes synthetic cases to a file, one JSON object a line."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

from cds_service.settings import Setting
from cds_service.terminal import Show
from cds_service.training.synth.case import SyntheticCase
from cds_service.training.synth.generate import cases
from cds_service.training.synth.parts import Part
from cds_service.training.synth.requests import line
from cds_service.whole_file import whole_file

_STEP = 50


def write_cases(
    out: Path, *, count: int, seed: int, setting: Setting, part: Part | None, show: Show
) -> tuple[SyntheticCase, ...]:
    """Write `count` cases to `out`, which appears whole or not at all, and give them back. Raises OSError."""
    out.parent.mkdir(parents=True, exist_ok=True)
    written: list[SyntheticCase] = []
    with whole_file(out) as file:
        for case in islice(cases(seed, setting, part), count):
            file.write(json.dumps(line(case), ensure_ascii=False, separators=(",", ":")) + "\n")
            written.append(case)
            if len(written) % _STEP == 0 or len(written) == count:
                show("Writing cases", len(written) / count)
    return tuple(written)
