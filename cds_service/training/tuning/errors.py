"""Errors of training.

CdsError
├── ConfigurationError
│   ├── BadRun               a run file, or the folder that a run should write, is wrong
│   └── BadData              the training data are wrong: file, line and what is wrong, never what stands there
└── BackendError
    └── CheckpointFailed     the disk refused a checkpoint; the ones before it are whole
"""

from __future__ import annotations

from collections.abc import Sequence

from cds_service.errors import BackendError, ConfigurationError

_SHOWN = 20
"""Most problems that one error lists."""


class BadRun(ConfigurationError):
    """A run file, or the folder that a run should write, is wrong."""


class BadData(ConfigurationError):
    """Training data are wrong. The message names file and line and never quotes them."""

    @classmethod
    def listing(cls, head: str, problems: Sequence[str]) -> BadData:
        """The error with the first problems, one a line, and the number of the others."""
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        return cls("\n  ".join([f"{head}:", *problems[:_SHOWN], *more]))


class CheckpointFailed(BackendError):
    """A checkpoint could not be written; earlier ones are whole."""
