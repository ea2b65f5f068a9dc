"""Errors of training.

CdsError
├── ConfigurationError
│   ├── BadRun               a run file, or the folder that a run should write, is wrong
│   └── BadData              the training data are wrong: file, line and what is wrong, never what stands there
└── BackendError
    └── CheckpointFailed     the disk refused a checkpoint; the ones before it are whole
"""

from __future__ import annotations

from cds_service.errors import BackendError, ConfigurationError


class BadRun(ConfigurationError):
    """A run file, or the folder that a run should write, is wrong."""


class BadData(ConfigurationError):
    """Training data are wrong. The message names file and line and never quotes them."""


class CheckpointFailed(BackendError):
    """A checkpoint could not be written; earlier ones are whole."""
