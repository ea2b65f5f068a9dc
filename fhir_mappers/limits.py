"""How much of one request the mapper reads. Beyond a limit, data are refused and reported, never silently cut."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Caps of one call.

    `max_entries`: resources. `max_note_chars`: characters of one note or answer after decoding. `max_text_chars`:
    characters of all notes together, newest first (complaints and intake answers are not counted: they are short and
    come first). `max_attachment_bytes`: bytes of one attachment after base64. `max_nodes` and `max_depth`: JSON values
    in, and nesting of, one resource. `max_total_nodes`: JSON values in all resources that are read (each takes some 20
    microseconds to validate). `max_string_chars`: characters of one string (FHIR R4, 2.24.0.1), but of base64 `data`,
    which `max_attachment_bytes` bounds where it is read. `max_units`: spellings of units (each new one takes
    milliseconds to understand).
    """

    max_entries: int = 3000
    max_note_chars: int = 4000
    max_text_chars: int = 12_000
    max_attachment_bytes: int = 2_000_000
    max_nodes: int = 20_000
    max_depth: int = 40
    max_total_nodes: int = 200_000
    max_string_chars: int = 1_048_576
    max_units: int = 200
