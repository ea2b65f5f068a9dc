"""How much memory this process holds (Linux ``/proc``)."""

from __future__ import annotations

import ctypes
import gc
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # man 5 proc: sets the peak resident set size back to what is resident now


class Growth:
    """By how much the resident memory grows from the making of this to its peak so far.

    Freed memory is given back first, so that a model that was closed is not taken for part of the beginning.
    """

    def __init__(self) -> None:
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        _CLEAR.write_text(_RESET_PEAK)
        self._began = _megabytes("VmRSS")

    def peak_mb(self) -> float:
        """Megabytes at the peak above the beginning."""
        return max(0.0, _megabytes("VmHWM") - self._began)


def _megabytes(name: str) -> float:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024
