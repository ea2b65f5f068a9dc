"""Requests that are wrong, incomplete or unusual (checklist D, E, K). A wrong one gets 4xx, never 200 and never 5xx."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator
from typing import Any

from cds_service.conformance.probe import Exchange, is_good
from cds_service.conformance.result import Result, failed, judged, not_applicable, passed, skipped
from cds_service.conformance.scene import Scene
from cds_service.sandbox.client import OK
from cds_service.sandbox.contexts import HOOKS

IDS = ("A4", "D1", "D2", "D3", "D4", "D6", "D7", "D8", "D9", "E3", "E4", "E5", "E11", "E12", "K1")
FAILED_DATA = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "exception", "diagnostics": "This query failed."}],
}
NO_SUCH_HOOK = "org.example.no-such-hook"
REFUSED = range(400, 500)


def check(scene: Scene) -> Iterator[Result]:
    """Send each kind of request to one service that answers good ones."""
    if not scene.works:
        for requirement in IDS:
            yield skipped(requirement, f"a good request was {scene.good[0].outcome}")
        return
    yield from _malformed(scene)
    yield from _unusual(scene)
    yield from _missing_data(scene)
    yield from _whose_data(scene)


def _malformed(scene: Scene) -> Iterator[Result]:
    yield _refused("D1", "a request without hook", scene.call(scene.changed(hook=None)))
    yield _refused("D1", "a hook that is no string", scene.call(scene.changed(hook=7)))
    yield _refused("D2", "a request without hookInstance", scene.call(scene.changed(hookInstance=None)))
    yield _refused("D2", "a hookInstance that is no UUID", scene.call(scene.changed(hookInstance="first")))
    yield _refused("D3", "a request without context", scene.call(scene.changed(context=None)))
    yield _refused("D3", "a context that is a string", scene.call(scene.changed(context="patient")))
    for name in HOOKS[scene.offer.hook].required if scene.offer.hook in HOOKS else ():
        context = {key: value for key, value in scene.body["context"].items() if key != name}
        yield _refused("D3", f"a context without {name}", scene.call(scene.changed(context=context)))
    authorization = {
        "access_token": "fictional", "token_type": "Bearer", "expires_in": 60, "scope": "patient/*.rs", "subject": "x",
    }  # fmt: skip
    exchange = scene.call(scene.changed(fhirAuthorization=authorization))
    yield _refused("D4", "fhirAuthorization without fhirServer", exchange)
    yield _refused("D7", "a hook that this id does not serve", scene.call(scene.changed(hook=NO_SUCH_HOOK)))
    yield _refused("D8", "half a JSON object", _raw(scene, b'{"hook": '))
    yield _refused("D8", "a JSON array", scene.call([scene.changed()]))
    plain = scene.call(scene.changed(), headers={"Content-Type": "text/plain"})
    yield judged("D8", None if plain.status == 415 else f"text/plain was {plain.outcome}, not 415")
    nowhere = scene.probe.client.url(f"no-such-service-{uuid.uuid4()}")
    unknown = scene.probe.post(nowhere, scene.changed())
    yield judged("D9", None if unknown.status == 404 else f"an unknown id was {unknown.outcome}, not 404")


def _unusual(scene: Scene) -> Iterator[Result]:
    """Requests that are good though unusual."""
    unknown = {"org.example.unknown": {"depth": {"list": [1, "two"]}}}
    yield _taken("D6", "an unknown extension", scene.call_good(extension=unknown))
    context = {**scene.body["context"], "addedInALaterVersion": True}
    yield _taken("D6", "an unknown context field", scene.call_good(context=context))
    with_charset = scene.call(scene.changed(), headers={"Content-Type": "application/json; charset=utf-8"})
    yield _taken("A4", "application/json with a charset", with_charset)


def _missing_data(scene: Scene) -> Iterator[Result]:
    searched = scene.searched()
    if searched:
        nothing: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": 0}
        for value, what in ((None, "null for every search"), (nothing, "an empty Bundle for every search")):
            sent = scene.call_good(prefetch=scene.prefetch | dict.fromkeys(searched, value))
            yield _taken("E3", what, sent)
        broken = scene.call(scene.changed(prefetch=scene.prefetch | dict.fromkeys(searched, FAILED_DATA)))
        known = broken.status in (OK, 412)
        yield judged("E4", None if known else f"OperationOutcome for every search was {broken.outcome}")
    else:
        yield not_applicable("E3", "no prefetch search")
        yield not_applicable("E4", "no prefetch search")
    if not scene.prefetch:
        yield not_applicable("E5", "no prefetch is asked for")
        yield not_applicable("K1", "no prefetch is asked for")
        return
    yield _without_data(scene.call(scene.changed(prefetch=None)))
    yield _not_silent(scene.call(scene.changed(prefetch=dict.fromkeys(scene.prefetch, FAILED_DATA))))


def _without_data(exchange: Exchange) -> Result:
    """E5: no prefetch and no FHIR server."""
    if exchange.status == 412:
        return passed("E5")
    if is_good(exchange) and exchange.content is not None and exchange.content.get("cards"):
        return not_applicable("E5", "cards came without any data: none are required")
    silent = "answered as if there were nothing to say" if exchange.status == OK else exchange.outcome
    return failed("E5", f"a request without any data was {silent}, not refused with 412")


def _not_silent(exchange: Exchange) -> Result:
    """K1: every query of the EHR failed, so an empty answer would read as "no problem"."""
    content = exchange.content or {}
    if exchange.status == OK and not content.get("cards") and not content.get("extension"):
        return failed("K1", "every prefetch query had failed, and the answer was an empty card list")
    if exchange.status is None or exchange.status >= 500:
        said = content.get("resourceType") == "OperationOutcome"
        return judged(
            "K1", None if said else f"with failed prefetch queries it {exchange.outcome}, and did not say why"
        )
    return passed("K1")


def _whose_data(scene: Scene) -> Iterator[Result]:
    context = dict(scene.body["context"])
    full = {**context, "patientId": f"Patient/{context['patientId']}"}
    yield _taken("E12", "context.patientId as Patient/id", scene.call_good(context=full))
    keys = scene.patient_keys()
    if not keys:
        yield not_applicable("E11", "no prefetch asks for the Patient")
        return
    prefetch = scene.prefetch
    for key in keys:
        prefetch[key] = {**copy.deepcopy(prefetch[key]), "id": "somebody-else"}
    exchange = scene.call(scene.changed(prefetch=prefetch))
    if exchange.status in REFUSED:
        yield passed("E11")
    elif is_good(exchange) and not (exchange.content or {}).get("cards"):
        yield skipped("E11", "another patient's resource got no cards; whether it was used cannot be seen")
    else:
        yield failed("E11", f"another patient's resource was {exchange.outcome}")


def _raw(scene: Scene, body: bytes) -> Exchange:
    return scene.probe.send("POST", scene.url, body)


def _refused(requirement: str, what: str, exchange: Exchange) -> Result:
    return judged(requirement, None if exchange.status in REFUSED else f"{what} was {exchange.outcome}, not 4xx")


def _taken(requirement: str, what: str, exchange: Exchange) -> Result:
    return judged(requirement, None if is_good(exchange) else f"{what} was {exchange.outcome}, not 200")
