"""Errors of the roll-out.

cds_service.errors.CdsError
└── RollOutRefused    a change that may not be made; the message says what to do and holds no value
    └── Stale         somebody changed the roll-out in between
"""

from __future__ import annotations

from cds_service.errors import CdsError


class RollOutRefused(CdsError):
    """A change of the roll-out that may not be made."""


class Stale(RollOutRefused):
    """Somebody else changed the roll-out after it was looked at."""
