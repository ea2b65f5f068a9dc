"""Errors of the registry.

cds_service.errors.BackendError
└── RegistryError                an adapter or the registry cannot be used; the message says why and what to do
    ├── AdapterRefused           a folder is not an adapter that this service takes
    └── PromotionRefused         the adapter may not serve, or there is nothing to go back to
"""

from __future__ import annotations

from cds_service.errors import BackendError


class RegistryError(BackendError):
    """An adapter or the registry cannot be used."""


class AdapterRefused(RegistryError):
    """A folder is not whole, not safe, or not of the kind that this service takes."""


class PromotionRefused(RegistryError):
    """An adapter may not serve."""
