"""Errors of imports. Their messages are plain words and hold nothing of a record.

CdsError
└── ImportRefused    the import cannot begin, or cannot go on, as things stand: the message says what to do
"""

from __future__ import annotations

from cds_service.errors import CdsError


class ImportRefused(CdsError):
    """The import cannot be made as it was asked for."""
