"""Errors of the sandbox.

SandboxError          something the person at the terminal can act on
├── BadAddress        the URL is refused before anything is sent
├── BadKey            the sandbox's signing key cannot be used
├── BadPatientData    the patient's data cannot be read, or leave a choice open
├── NothingForHook    the data hold nothing with which that hook could fire
├── CallFailed        the service gave no answer that can be used
│   ├── Unreachable   no connection, or no whole answer in time
│   └── UnknownClient 401: the service does not know this sandbox
└── BadAnswer         what the person answered to a card cannot be sent

Unlike everywhere else these messages may hold what the service or a file said, cleaned for a terminal: they are shown
to the person who runs the command and stored nowhere.
"""

from __future__ import annotations

from cds_service.errors import CdsError


class SandboxError(CdsError):
    """Base of the errors of the sandbox."""


class BadAddress(SandboxError):
    """The URL is refused before anything is sent."""


class BadKey(SandboxError):
    """The signing key cannot be used."""


class BadPatientData(SandboxError):
    """The patient's data cannot be read, or leave a choice open."""


class NothingForHook(SandboxError):
    """The data hold nothing with which that hook could fire."""


class CallFailed(SandboxError):
    """The service gave no answer that can be used."""


class Unreachable(CallFailed):
    """No connection, or no whole answer in time."""


class UnknownClient(CallFailed):
    """The service answered 401."""


class BadAnswer(SandboxError):
    """What the person answered to a card cannot be sent."""
