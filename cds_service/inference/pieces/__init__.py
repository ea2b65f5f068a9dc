"""Which pieces of the default model's vocabulary it serves with: see `cds_service.inference.trimmed`."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
FILE = HERE / "gemma3.txt"


def kept_pieces(file: Path = FILE) -> list[int]:
    """The numbers of the pieces in `file`, rising. Lines are runs, ``first`` or ``first-last``; ``#`` is a comment."""
    kept: list[int] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        for run in line.partition("#")[0].split():
            first, _, last = run.partition("-")
            kept.extend(range(int(first), int(last or first) + 1))
    return kept


def as_runs(numbers: list[int]) -> list[str]:
    """Rising `numbers` as `kept_pieces` reads them."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return [str(first) if first == last else f"{first}-{last}" for first, last in runs]
