"""The terms of a base model, which go with every adapter that was trained on it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from cds_service.inference.registry.errors import AdapterRefused

_PACKAGED = {"gemma": ("Gemma Terms of Use", "gemma.md")}
"""By the beginning of an architecture's name: the licence's name and the file with its notice."""

UNKNOWN = "not stated"

_MAX_CHARS = 200_000


def packaged_licence(model_id: str) -> str:
    """The name of the licence of a packaged model, by its alias."""
    return _PACKAGED["gemma"][0] if model_id == "default" else UNKNOWN


def licence_for(architecture: str, given: Path | None, *, any_licence: bool = False) -> tuple[str, str]:
    """Name and text of the licence of a base model: `given`, a text file whose first line names it, or a known one.

    Raises AdapterRefused where neither is there, unless `any_licence` is enough.
    """
    if given is not None:
        return _read(given)
    for beginning, (name, file) in _PACKAGED.items():
        if architecture.lower().startswith(beginning):
            return name, (files(__package__) / "licences" / file).read_text(encoding="utf-8")
    if any_licence:
        return UNKNOWN, "The licence of the base model was not stated.\n"
    raise AdapterRefused("the base model's licence is not known: give its text with --licence FILE")


def _read(path: Path) -> tuple[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise AdapterRefused("the licence file cannot be read as text") from None
    name = next((line.strip("# \t") for line in text.splitlines() if line.strip("# \t")), "")
    if not name or len(text) > _MAX_CHARS:
        raise AdapterRefused("the licence file is empty or too long")
    return "".join(c for c in name if c.isprintable())[:80], text
