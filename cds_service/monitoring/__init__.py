"""What the service counts about itself. No patient data, no free text in a label."""

from collections.abc import Callable

Probe = Callable[[], str | None]
"""Answers None when its part is ready, else a static word that says what is wrong."""
