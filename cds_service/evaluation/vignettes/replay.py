"""The vignettes down the road of the hook, part by part."""

from __future__ import annotations

from collections.abc import Callable

from cds_service.evaluation.triage.replay import Outcome, replay
from cds_service.evaluation.triage.visits import Visit, hook_call, label_of
from cds_service.evaluation.vignettes.reading import Part, Vignette, packaged
from cds_service.evaluation.vignettes.requests import NOW, request_for
from cds_service.settings import Setting

ALL = "all"


def replay_vignettes(part: str, setting: Setting, show: Callable[[float], None]) -> dict[str, list[Outcome]]:
    """Outcomes of the vignettes of `part` (``all`` first and each part beside it, for ``all``)."""
    chosen = list(Part) if part == ALL else [Part(part)]
    parts: dict[str, list[Outcome]] = {}
    for name in chosen:
        visits = [_visit(v, setting) for v in packaged(name)]
        outcomes, problems = replay(visits, setting, lambda _: NOW, show)
        if problems:
            raise RuntimeError("a packaged vignette makes no chart")
        parts[name.value] = outcomes
    return parts if len(chosen) == 1 else {ALL: [o for outcomes in parts.values() for o in outcomes], **parts}


def _visit(vignette: Vignette, setting: Setting) -> Visit:
    return Visit(
        id=vignette.id, call=hook_call(request_for(vignette, setting)), gold=label_of(vignette.priorities[setting])
    )
