"""What the EHR sent, as a flat list of resources sorted by type, and what it did not send.

Values are sorted by resource type, whatever the prefetch key: an EHR may answer one key with another's data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fhir_mappers import r4
from fhir_mappers.case import Missing, Refused
from fhir_mappers.fields import Json, obj, objs
from fhir_mappers.inspection import labelled_sensitive
from fhir_mappers.limits import Limits

UNDECLARED = "other"
NOT_SENT = "not sent by the EHR"
FAILED = "the EHR reported an error instead of the data"
UNREADABLE = "what the EHR sent is not a FHIR resource"
FIRST_PAGE = "the EHR sent only a part of it"
TOO_MANY = "more resources than are read"
PARTLY_REFUSED = "a part of it could not be used"

HANDLES: Mapping[str, str] = {
    "Patient": "patient", "Encounter": "enc", "AllergyIntolerance": "alg", "Condition": "cond",
    "MedicationRequest": "med", "MedicationStatement": "med", "Medication": "drug", "QuestionnaireResponse": "qr",
    "Observation": "obs", "DiagnosticReport": "rep", "DocumentReference": "doc", "Procedure": "proc",
    "Immunization": "imm",
}  # fmt: skip

SUPPORTING_TYPES = frozenset({
    # Read for names and references only; never refused.
    "Practitioner", "PractitionerRole", "Organization", "Location", "RelatedPerson", "Person", "CareTeam", "Binary",
    "HealthcareService",
})  # fmt: skip

_COMPLETE = frozenset({
    "Condition", "AllergyIntolerance", "MedicationRequest", "MedicationStatement", "Immunization",
})  # fmt: skip
"""Types of which a part is not enough; of the others we ask for the newest ones only, so more pages are expected."""

_NESTING = 5
_ORDER = {name: rank for rank, name in enumerate(r4.READ_TYPES)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """One resource as it came: `handle` is unique in the request, `labelled` when its Bundle restricts it."""

    handle: str
    resource: Json
    resource_type: str
    key: str
    full_url: str | None = None
    labelled: bool = False

    @property
    def reference(self) -> str:
        """Relative reference (``Observation/123``), else the Bundle's URL, else the bare type."""
        resource_id = self.resource.get("id")
        if isinstance(resource_id, str) and resource_id:
            return f"{self.resource_type}/{resource_id}"
        return self.full_url or self.resource_type


@dataclass(kw_only=True)
class Request:
    """All resources of one request, in reading order, and what is missing or no resource.

    `unread` is what stood where a resource belongs and is none. No fact is read from it, but it may hold names.
    """

    entries: list[Received] = field(default_factory=list)
    unread: list[Received] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    first_pages: set[str] = field(default_factory=set)
    """Keys of which the EHR holds more than it sent."""

    def miss(self, key: str, reason: str) -> None:
        """Note once that `key` could not be evaluated."""
        note = Missing(what=key, reason=reason)
        if note not in self.missing:
            self.missing.append(note)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Raw:
    key: str
    resource: Json
    full_url: str | None = None
    labelled: bool = False


def receive(
    prefetch: Mapping[str, object], declared: tuple[str, ...], absent: Mapping[str, str], limits: Limits
) -> Request:
    """Unpack `prefetch`: resources, Bundles of any kind, lists, None (known to be empty), OperationOutcomes."""
    request = Request()
    for key, reason in absent.items():
        request.miss(key, reason)
    raws: list[_Raw] = []
    for key, value in prefetch.items():
        raws.extend(_unpack(value, _Raw(key=_key(key, declared), resource={}), request))
    raws.sort(key=lambda raw: _rank(raw))
    if len(raws) > limits.max_entries:
        for raw in raws[limits.max_entries :]:
            request.refused.append(Refused(resource_type=_type(raw.resource), reason="too-many"))
            request.miss(raw.key, TOO_MANY)
        del raws[limits.max_entries :]
    numbers: Counter[str] = Counter()
    for raw in raws:
        resource_type = _type(raw.resource)
        prefix = HANDLES.get(resource_type, "other")
        numbers[prefix] += 1
        request.entries.append(
            Received(
                handle=f"{prefix}-{numbers[prefix]}",
                resource=raw.resource,
                resource_type=resource_type,
                key=raw.key,
                full_url=raw.full_url,
                labelled=raw.labelled,
            )
        )
    return request


def _key(key: object, declared: tuple[str, ...]) -> str:
    """`key` as reports name it: a key that the service did not declare is the client's own word and not repeated."""
    return str(key)[:64] if not declared or key in declared else UNDECLARED


def _type(resource: Json) -> str:
    return r4.known_type(resource.get("resourceType"))


def _rank(raw: _Raw) -> tuple[int, int]:
    """Reading order: by type, and what came under ``patient`` or ``encounter`` before other copies of it."""
    return _ORDER.get(_type(raw.resource), len(_ORDER)), int(raw.key not in ("patient", "encounter"))


def _unpack(value: object, around: _Raw, request: Request, depth: int = 0) -> Iterator[_Raw]:
    """The resources in one value; `around` carries key, URL and label of what holds it."""
    if value is None:
        return
    if depth > _NESTING:
        _not_a_resource(around.key, value, request)
    elif isinstance(value, list):
        for item in value:
            yield from _unpack(item, around, request, depth + 1)
    elif not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        _not_a_resource(around.key, value, request)
    elif value["resourceType"] == "Bundle":
        yield from _unbundle(value, around, request, depth)
    elif value["resourceType"] == "OperationOutcome":
        if depth == 0 or _is_error(value):
            _failed(around.key, request)
    else:
        yield _Raw(key=around.key, resource=value, full_url=around.full_url, labelled=around.labelled)


def _unbundle(bundle: Json, around: _Raw, request: Request, depth: int) -> Iterator[_Raw]:
    labelled = around.labelled or labelled_sensitive(bundle)
    entries = bundle.get("entry")
    if entries is not None and not isinstance(entries, list):
        _not_a_resource(around.key, entries, request)
        return
    types = set()
    for entry in entries or ():
        if not isinstance(entry, dict):
            _not_a_resource(around.key, entry, request)
            continue
        url = entry.get("fullUrl")
        inner = _Raw(
            key=around.key,
            resource={},
            full_url=url.strip()[:500] if isinstance(url, str) and url.strip() else None,
            labelled=labelled,
        )
        _check_response(entry, around.key, request)
        if "resource" not in entry:
            _keep_for_names(around.key, entry, request)
        for raw in _unpack(entry.get("resource"), inner, request, depth + 1):
            types.add(raw.resource.get("resourceType"))
            yield raw
    more = any(link.get("relation") == "next" for link in objs(bundle, "link"))
    total = bundle.get("total")
    hidden = not entries and isinstance(total, int) and not isinstance(total, bool) and total > 0
    if more:
        request.first_pages.add(around.key)
    if hidden or (more and not _COMPLETE.isdisjoint(types)):
        request.miss(around.key, FIRST_PAGE)


def _check_response(entry: Json, key: str, request: Request) -> None:
    """A batch answers each part by itself: a 4xx or 5xx part is data that did not come."""
    response = obj(entry, "response")
    status = response.get("status")
    if isinstance(status, str) and status[:1] in ("4", "5"):
        _failed(key, request)


def _is_error(outcome: Json) -> bool:
    return any(issue.get("severity") in ("error", "fatal") for issue in objs(outcome, "issue"))


def _failed(key: str, request: Request) -> None:
    request.refused.append(Refused(resource_type="OperationOutcome", reason="operation-outcome"))
    request.miss(key, FAILED)


def _not_a_resource(key: str, value: object, request: Request) -> None:
    _keep_for_names(key, value, request)
    request.refused.append(Refused(resource_type="unknown", reason="not-a-resource"))
    request.miss(key, UNREADABLE)


def _keep_for_names(key: str, value: object, request: Request) -> None:
    holder = value if isinstance(value, dict) else {"value": value}
    request.unread.append(
        Received(handle=f"unread-{len(request.unread) + 1}", resource=holder, resource_type=_type(holder), key=key)
    )
