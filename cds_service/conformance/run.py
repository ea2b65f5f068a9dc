"""All checks against one server, in order: discovery, then each service, then how the answers of the run looked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cds_service.conformance.checks import answers, browsers, discovery, feedback, manners, requests, templates, tokens
from cds_service.conformance.probe import Probe, is_good
from cds_service.conformance.result import Result, failed, skipped
from cds_service.conformance.scene import Scene
from cds_service.sample.chart import ENCOUNTER_ID, PATIENT_ID
from cds_service.sandbox.client import UNAUTHORIZED, CdsClient, Offered, offered
from cds_service.sandbox.contexts import HOOKS, Visit
from cds_service.sandbox.errors import NothingForHook, SandboxError
from cds_service.sandbox.fiction import USER, fictional_files
from cds_service.terminal_cards import line

MAX_SERVICES = 10


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a run established.

    `services`: those checked; `unchecked`: how many more discovery offers. `refused`: the server does not know
    this client and lets no one in without a token.
    """

    results: tuple[Result, ...]
    services: tuple[str, ...]
    unchecked: int
    refused: bool


def run(
    client: CdsClient,
    *,
    service: str | None,
    origin: str | None,
    probe: Probe | None = None,
    progress: Callable[[str], None],
) -> Run:
    """Check the server of `client`; nothing that it does makes this fail.

    `service` limits the run to one id: raises SandboxError where discovery has no such id.
    """
    probe = probe or Probe(client=client)
    files = fictional_files(client.now())
    visit = Visit(user_id=USER, patient_id=PATIENT_ID, encounter_id=ENCOUNTER_ID, source=files)
    progress("discovery")
    first = probe.get(client.url())
    results = list(_guarded(discovery.IDS, lambda: discovery.check(probe, first)))
    offers = _offers(first.content) if is_good(first) else []
    wanted = [offer for offer in offers if service in (None, offer.id)]
    if offers and not wanted:
        raise SandboxError(f"Discovery offers no such service, but: {line(', '.join(o.id for o in offers))}.")
    chosen = wanted[:MAX_SERVICES]
    scenes: list[Scene] = []
    for offer in chosen:
        name = f"{line(offer.id, 60)} on {line(offer.hook, 60)}"
        progress(name)
        of_service = _check_service(probe, offer, visit, origin, scenes)
        results += [replace(result, service=name) for result in of_service]
    results += _guarded(manners.IDS, lambda: manners.check(probe.exchanges))
    if not scenes:
        results += _nothing_called(
            "discovery offers no service that can be called" if not chosen else "no hook could fire"
        )
    works = any(scene.works for scene in scenes)
    refused = not works and any(e.status == UNAUTHORIZED for e in probe.exchanges)
    names = tuple(f"{line(o.id, 60)} on {line(o.hook, 60)}" for o in chosen)
    return Run(results=tuple(results), services=names, unchecked=len(wanted) - len(chosen), refused=refused)


def _offers(content: object) -> list[Offered]:
    services = content.get("services") if isinstance(content, dict) else None
    return [o for entry in services if (o := offered(entry))] if isinstance(services, list) else []


def _check_service(
    probe: Probe, offer: Offered, visit: Visit, origin: str | None, scenes: list[Scene]
) -> Iterator[Result]:
    yield from _guarded(templates.IDS, lambda: templates.check(offer))
    if offer.hook not in HOOKS:
        yield from _all_skipped("the hook is not in the CDS Hooks library, so no context for it is known")
        return
    try:
        scene = Scene.open(probe, offer, visit)
    except NothingForHook as error:
        yield from _all_skipped(str(error))
        return
    scenes.append(scene)
    yield from _guarded(requests.IDS, lambda: requests.check(scene))
    yield from _guarded(answers.IDS, lambda: answers.check(scene))
    yield from _guarded(feedback.IDS, lambda: feedback.check(scene))
    yield from _guarded(tokens.IDS, lambda: tokens.check(scene))
    yield from _guarded(browsers.IDS, lambda: browsers.check(scene, origin))


def _guarded(ids: Sequence[str], check: Callable[[], Iterable[Result]]) -> Iterator[Result]:
    """The results of one check; requirements on which it says nothing are skipped, also where the check breaks down."""
    said: set[str] = set()
    why = "not reached, because of what went wrong before"
    try:
        for result in check():
            said.add(result.id)
            yield result
    except Exception as error:  # noqa: BLE001 - an answer that nobody thought of must not end the run
        why = f"the answer could not be judged ({type(error).__name__})"
        said.update(ids)
        for requirement in ids:
            yield failed(requirement, why)
    for requirement in ids:
        if requirement not in said:
            yield skipped(requirement, why)


def _all_skipped(why: str) -> Iterator[Result]:
    for module in (requests, answers, feedback, tokens, browsers):
        yield from (skipped(requirement, why) for requirement in module.IDS)


def _nothing_called(why: str) -> Iterator[Result]:
    yield from (skipped(requirement, why) for requirement in templates.IDS)
    yield from _all_skipped(why)
