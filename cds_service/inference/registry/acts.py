"""What an operator, or the first preparation, does with the registry: each act checked, judged and audited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import structlog

from cds_service.errors import BackendError
from cds_service.inference.registry.errors import PromotionRefused, RegistryError
from cds_service.inference.registry.gates import Verdict, judge
from cds_service.inference.registry.manifest import MANIFEST, Adapter, read_adapter
from cds_service.inference.registry.pack import Packing
from cds_service.inference.registry.store import Entry, Registry
from cds_service.ledger.audit import AuditEvent, EventKind, Scalar

log = structlog.get_logger()

SHIPPED = Path(str(files("cds_service.inference") / "shipped"))
"""The adapter that comes with the service, if it comes with one."""

FIRST_USE = "first use of the adapter that comes with the service"
PREPARE = "prepare"

CheckBase = Callable[[Adapter], object]
"""Raises BackendError when an adapter does not belong to the model that is configured."""


def check_reason(reason: str) -> str:
    """`reason` as the audit chain takes it. Raises RegistryError."""
    try:
        AuditEvent(kind=EventKind.MODEL_PROMOTE, actor=PREPARE, detail={"reason": reason})
    except ValueError:
        reason = ""
    if not reason.strip():
        raise RegistryError("a reason is 1 to 200 plain ASCII characters and names no patient")
    return reason.strip()


def promote(
    registry: Registry, adapter_id: str, *, reason: str, check_base: CheckBase, now: datetime, actor: str
) -> tuple[Verdict, ...]:
    """Judge the newest adapter of that id and let it serve if every gate lets it.

    Returns the verdicts; where one failed, the refusal is audited and what serves is as it was. Raises RegistryError
    where it cannot be judged, also audited once the adapter is known.
    """
    reason = check_reason(reason)
    entry, since = registry.find(adapter_id), registry.head()
    if since.entry is not None and since.entry.digest == entry.digest:
        raise PromotionRefused("that adapter serves already")
    try:
        adapter = registry.read(entry)
        check_base(adapter)
        verdicts = judge(adapter, since.entry.identity if since.entry else None)
    except BackendError:
        registry.refuse(entry, reason=reason, details={"cause": "files"}, now=now, actor=actor)
        raise
    details = _details(verdicts, since.entry)
    if all(v.passed for v in verdicts):
        registry.promote(entry, since=since, reason=reason, details=details, now=now, actor=actor)
    else:
        registry.refuse(entry, reason=reason, details={"cause": "gates", **details}, now=now, actor=actor)
    return verdicts


def first_use(
    registry: Registry, packing: Packing, *, belongs: CheckBase, check_base: CheckBase, now: datetime
) -> None:
    """Take the adapter that comes with the service into the registry, and let it serve where nothing ever did.

    Files of it that were damaged or lost are put back. It passes the same gates as any other. Where it cannot be used
    the model serves alone, and the log says why; it also says when what was promoted cannot be used. `belongs` looks at
    the base model alone, since the adapter is not converted yet.
    """
    if (SHIPPED / MANIFEST).is_file():
        try:
            _take_shipped(registry, packing, belongs=belongs, check_base=check_base, now=now)
        except BackendError as error:
            log.error("shipped-adapter-unusable", reason=str(error))
    promoted = registry.head().entry
    if promoted is not None:
        try:
            registry.read(promoted)
        except BackendError as error:
            log.error("promoted-adapter-unusable", reason=str(error))


def _take_shipped(
    registry: Registry, packing: Packing, *, belongs: CheckBase, check_base: CheckBase, now: datetime
) -> None:
    shipped = read_adapter(SHIPPED)
    belongs(shipped)
    identity = shipped.manifest.identity
    if not any(entry.identity == identity and registry.is_whole(entry) for entry in registry.all()):
        registry.add(SHIPPED, packing, actor=PREPARE)
    if registry.head().seq or registry.was_judged(identity):
        return
    verdicts = promote(registry, shipped.manifest.id, reason=FIRST_USE, check_base=check_base, now=now, actor=PREPARE)
    if failed := [v.figure for v in verdicts if not v.passed]:
        log.warning("shipped-adapter-not-promoted", figures=failed)


def _details(verdicts: Sequence[Verdict], serving: Entry | None) -> dict[str, Scalar]:
    failed = " ".join(dict.fromkeys(v.gate for v in verdicts if not v.passed))
    return {
        "against": serving.id if serving else "none",
        "figures": len(verdicts),
        "failed": sum(not v.passed for v in verdicts),
        "failed_gates": failed[:200],
    }
