"""Errors of the ledger.

cds_service.errors.StoreError    the database refused a read or a write
└── VaultError                   a sealed value is gone, or cannot be opened with these keys
"""

from __future__ import annotations

from cds_service.errors import StoreError


class VaultError(StoreError):
    """A sealed value does not exist, is past its retention, was altered, or was sealed with other keys."""
