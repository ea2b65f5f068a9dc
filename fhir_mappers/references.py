"""Whose resource is it, and what does a reference point to: relative, absolute, urn, contained and logical ones."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from fhir_mappers.fields import Json, obj, objs, text
from fhir_mappers.received import Received


class Owner(Enum):
    """Whose a resource is."""

    PATIENT = "patient"
    OTHER = "other"
    UNSAID = "unsaid"


def bare_id(reference: str) -> str:
    """The id in ``123``, ``Patient/123``, ``https://…/Patient/123/_history/2`` or ``urn:uuid:123``."""
    reference = reference.strip().split("/_history/")[0]
    if reference.startswith(("urn:uuid:", "urn:oid:")):
        return reference.split(":", 2)[2]
    return reference.rsplit("/", 1)[-1]


def target_type(reference: Json) -> str | None:
    """The resource type that a Reference names, if it does."""
    if isinstance(reference.get("type"), str):
        return str(reference["type"])
    value = reference.get("reference")
    if not isinstance(value, str):
        return None
    parts = value.split("/_history/")[0].split("?", 1)[0].split("/")
    if "?" in value:
        return parts[-1]
    return parts[-2].rsplit(":", 1)[-1] if len(parts) > 1 else None


class Index:
    """The resources of one request by reference, and the patient's own names.

    `server`: base URL of the FHIR server of the call. Where it, or the URL under which the patient came, is known, an
    absolute reference counts only below one of them: another server's ``Patient/1`` is another person.
    """

    def __init__(self, entries: Iterable[Received], patient: Received, server: str | None = None) -> None:
        self._by_url: dict[str, Received] = {}
        self._contained: dict[int, tuple[Json, dict[str, Json]]] = {}
        self.unusable: frozenset[str] = frozenset()
        """Handles of resources that `resolve` does not follow: their meaning is not understood."""
        for entry in entries:
            if _is_true(entry):
                self._by_url.setdefault(str(entry.full_url), entry)
            if isinstance(entry.resource.get("id"), str):
                self._by_url.setdefault(entry.reference, entry)
        self._ids = {str(patient.resource.get("id"))}
        self._urls = {patient.full_url} if _is_true(patient) else set()
        self._bases = {_base(str(url)) for url in self._urls if str(url).startswith("http")}
        if server:
            self._bases.add(server.rstrip("/"))
        if patient.full_url and patient.full_url.startswith("urn:"):
            self._ids.add(bare_id(patient.full_url))
        self._identifiers = {
            (text(i, "system"), text(i, "value")) for i in objs(patient.resource, "identifier") if text(i, "value")
        }

    @property
    def patient_ids(self) -> frozenset[str]:
        """The ids that name the patient."""
        return frozenset(self._ids)

    def owner(self, reference: object) -> Owner:
        """Whether a subject or patient Reference names the patient."""
        if not isinstance(reference, dict):
            return Owner.UNSAID
        value = reference.get("reference")
        if not isinstance(value, str) or not value.strip():
            return self._logical_owner(obj(reference, "identifier"))
        value = value.strip()
        if value in self._urls:
            return Owner.PATIENT
        if value.startswith("#"):
            return Owner.UNSAID
        if "?" in value:
            return self._conditional_owner(value)
        if value.startswith("urn:"):
            return Owner.PATIENT if bare_id(value) in self._ids else Owner.OTHER
        if target_type({"reference": value}) != "Patient" or not self._is_here(value):
            return Owner.OTHER
        return Owner.PATIENT if bare_id(value) in self._ids else Owner.OTHER

    def _is_here(self, value: str) -> bool:
        """Whether a literal reference names something on the server of this chart."""
        if ":" not in value.split("/", 1)[0]:
            return True
        return value.startswith(("http://", "https://")) and (not self._bases or _base(value) in self._bases)

    def _logical_owner(self, identifier: Json) -> Owner:
        pair = (text(identifier, "system"), text(identifier, "value"))
        if pair[1] is None:
            return Owner.UNSAID
        if pair in self._identifiers:
            return Owner.PATIENT
        return Owner.OTHER if any(known == pair[0] for known, _ in self._identifiers) else Owner.UNSAID

    def _conditional_owner(self, value: str) -> Owner:
        """``Patient?identifier=system|value``, as transaction Bundles write it."""
        kind, query = value.split("?", 1)
        if kind.rsplit("/", 1)[-1] != "Patient" or not query.startswith("identifier="):
            return Owner.OTHER
        name, _, token = query.removeprefix("identifier=").partition("|")
        return self._logical_owner({"system": name, "value": token})

    def resolve(self, reference: object, holder: Json) -> Json | None:
        """The resource that `reference` inside `holder` points to, if the request holds it."""
        entry = self.resolve_entry(reference)
        if entry is not None:
            return None if entry.handle in self.unusable else entry.resource
        value = reference.get("reference") if isinstance(reference, dict) else None
        if isinstance(value, str) and value.startswith("#") and len(value) > 1:
            return self._contained_in(holder).get(value[1:])
        return None

    def _contained_in(self, holder: Json) -> dict[str, Json]:
        """The contained resources of `holder` by id, some of which are written with the ``#``. Made once a holder.

        The holder is kept beside them, so that no other object takes its identity.
        """
        known = self._contained.get(id(holder))
        if known is None:
            by_id: dict[str, Json] = {}
            for contained in objs(holder, "contained"):
                if isinstance(contained.get("id"), str):
                    by_id.setdefault(contained["id"].removeprefix("#"), contained)
            known = self._contained[id(holder)] = (holder, by_id)
        return known[1]

    def resolve_entry(self, reference: object) -> Received | None:
        """Like `resolve`, for resources that were sent by themselves."""
        value = reference.get("reference") if isinstance(reference, dict) else reference
        if not isinstance(value, str):
            return None
        value = value.strip().split("/_history/")[0]
        found = self._by_url.get(value)
        if found is None and "://" in value and self._is_here(value):
            found = self._by_url.get("/".join(value.rsplit("/", 2)[-2:]))
        return found


def _base(url: str) -> str:
    """The server's base URL in the URL of one of its resources."""
    return url.split("/_history/")[0].rsplit("/", 2)[0]


def _is_true(entry: Received) -> bool:
    """Whether a Bundle's URL for a resource may be believed: absolute, and not at odds with the resource's own id."""
    url = entry.full_url or ""
    if url.startswith("urn:"):
        return True
    own = isinstance(entry.resource.get("id"), str)
    return "://" in url and (not own or "/".join(url.split("/_history/")[0].rsplit("/", 2)[-2:]) == entry.reference)
