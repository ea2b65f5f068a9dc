"""Synthetic clinical notes and clinician queries with gold spans of identifiers.

All people, places and numbers are made up. `generate` yields them; templates, vocabulary and names are data beside it.
"""

from cds_service.training.notes.generate import KINDS, Kind, generate, templates
from cds_service.training.notes.note import FAMILIES, GENERATOR_VERSION, LABELS, Family, SyntheticNote

__all__ = [
    "FAMILIES",
    "GENERATOR_VERSION",
    "KINDS",
    "LABELS",
    "Family",
    "Kind",
    "SyntheticNote",
    "generate",
    "templates",
]
