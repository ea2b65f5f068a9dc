"""What stands behind the pages for people: built once a process, safe for threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cds_service.recorder import Recorder
from cds_service.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Clinic:
    """The parts. `now`: the clock."""

    settings: Settings
    recorder: Recorder
    now: Callable[[], datetime]
