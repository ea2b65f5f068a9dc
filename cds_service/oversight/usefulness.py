"""Figures of what people made of it: agreement, triage, cards, decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from cds_service.accounts.roles import Role
from cds_service.domain import Priority
from cds_service.ledger.records import CardKind, FeedbackOutcome
from cds_service.oversight.agreement import Pair, agreement
from cds_service.oversight.case_facts import DecisionFact
from cds_service.oversight.facts import CardFact, Facts
from cds_service.oversight.figures import Breakdown, Figure, Section, of_agreement, of_parts, of_share
from cds_service.oversight.small_cells import is_small
from cds_service.review.values import Verdict


def agreement_section(facts: Facts) -> Section:
    """Floor, model and clinician, two by two."""
    made = facts.reviews.decisions
    given = [d for d in made if d.given is not None]
    nurses = [d for d in given if d.role is Role.NURSE]
    return Section(
        id="agreement",
        title="Agreement",
        figures=(
            of_agreement("kappa.floor", "Floor and clinician", agreement(_pairs(given, lambda d: d.floor))),
            of_agreement("kappa.model", "Model and clinician", agreement(_pairs(given, lambda d: d.model))),
            of_agreement(
                "kappa.system", "Floor with model, and clinician", agreement(_pairs(given, lambda d: d.system))
            ),
            of_agreement("kappa.floor-nurse", "Floor and nurse", agreement(_pairs(nurses, lambda d: d.floor))),
            of_agreement("kappa.model-nurse", "Model and nurse", agreement(_pairs(nurses, lambda d: d.model))),
            of_agreement(
                "kappa.floor-model",
                "Floor and model",
                agreement([(d.floor, d.model) for d in made if d.model is not None]),
            ),
        ),
    )


def _pairs(made: Iterable[DecisionFact], rater: Callable[[DecisionFact], Priority | None]) -> list[Pair]:
    return [(grade, d.given) for d in made if (grade := rater(d)) is not None and d.given is not None]


def triage_section(facts: Facts) -> Section:
    """Too low and too high against the clinician. A dismissed case has no grade of theirs and is not in it."""
    given = [d for d in facts.reviews.decisions if d.given is not None]
    floor = _pairs(given, lambda d: d.floor)
    system = _pairs(given, lambda d: d.system)
    urgent = [d for d in given if d.given is not None and d.given >= Priority.HIGH]
    return Section(
        id="triage",
        title="Under- and over-triage",
        figures=(
            of_share("under-triage.floor", "Floor below the clinician", _count(floor, lambda a, b: a < b), len(floor)),
            of_share("over-triage.floor", "Floor above the clinician", _count(floor, lambda a, b: a > b), len(floor)),
            of_share(
                "under-triage.system",
                "Floor with model below the clinician",
                _count(system, lambda a, b: a < b),
                len(system),
            ),
            of_share(
                "over-triage.system",
                "Floor with model above the clinician",
                _count(system, lambda a, b: a > b),
                len(system),
            ),
            of_share(
                "missed-urgent.system",
                "High or Critical by the clinician, less by floor with model",
                sum(d.system < Priority.HIGH for d in urgent),
                len(urgent),
            ),
        ),
    )


def _count(pairs: Iterable[Pair], counts: Callable[[Priority, Priority], bool]) -> int:
    return sum(counts(first, second) for first, second in pairs)


USES = ("accepted", "overridden", "decided on the page", "no answer")


def cards_section(facts: Facts) -> Section:
    """What became of each card. No answer is no dismissal, and a decision on the page is told apart from both."""
    cards = [c for c in facts.cards if c.kind is not CardKind.NOTICE]
    used = Counter(_use(c) for c in cards)
    answered = used["accepted"] + used["overridden"]
    reasons = Counter(
        (c.kind.value, c.reason or "no reason given") for c in cards if c.outcome is FeedbackOutcome.OVERRIDDEN
    )
    return Section(
        id="cards",
        title="Cards",
        figures=(
            of_share("cards.answered", "Cards answered in the EHR", answered, len(cards)),
            of_share("cards.accepted", "Accepted, of those answered", used["accepted"], answered),
            of_share("cards.overridden", "Overridden, of those answered", used["overridden"], answered),
            *_by_rule(cards),
        ),
        breakdowns=(
            _uses("cards.by-kind", "Cards by kind", [(c.kind.value, c) for c in cards]),
            _uses("cards.by-rule", "Cards by rule", [(rule, c) for c in cards for rule in c.rules]),
            Breakdown(
                id="cards.reasons",
                title="Reasons to override, by kind of card",
                columns=("cards",),
                rows={f"{kind}: {reason}": (count,) for (kind, reason), count in reasons.most_common()},
            ),
        ),
    )


def _by_rule(cards: Sequence[CardFact]) -> list[Figure]:
    """For each rule whose cards were answered: how often accepted, how often overridden."""
    uses = Counter((rule, _use(c)) for c in cards for rule in c.rules)
    made: list[Figure] = []
    for rule in sorted({rule for rule, _ in uses}):
        answered = uses[rule, "accepted"] + uses[rule, "overridden"]
        made += [
            of_share(f"rule.{use}.{rule}", f"{rule}: {use}, of those answered", uses[rule, use], answered)
            for use in ("accepted", "overridden")
            if answered
        ]
    return made


def _use(card: CardFact) -> str:
    if card.outcome is not None:
        return card.outcome.value
    return "decided on the page" if card.decided else "no answer"


def _uses(id_: str, title: str, labelled: Sequence[tuple[str, CardFact]]) -> Breakdown:
    counts = Counter((label, _use(card)) for label, card in labelled)
    rows = {label: tuple(counts[label, use] for use in USES) for label in sorted({label for label, _ in labelled})}
    return Breakdown(id=id_, title=title, columns=USES, rows=rows)


def decisions_section(facts: Facts) -> Section:
    """What clinicians decided on the page."""
    made = facts.reviews.decisions
    verdicts = Counter(d.verdict for d in made)
    reasons = Counter(d.reason or "no reason given" for d in made if d.verdict is Verdict.DISMISS)
    cases = facts.reviews.cases
    asked = [c for c in cases if c.asked]
    told = [c for c in cases if c.told]
    parts = {f"decisions.{verdict.value}": f"Decisions: {verdict.value}" for verdict in Verdict}
    decided = dict(zip(Verdict, of_parts(parts, [verdicts[v] for v in Verdict], len(made)), strict=True))
    sum_tells = decided[Verdict.DISMISS].held_back and not is_small(verdicts[Verdict.DISMISS])
    return Section(
        id="decisions",
        title="Cases and decisions",
        figures=(
            of_share(
                "cases.decided", "Cases decided, of those to be reviewed", sum(c.decided for c in asked), len(asked)
            ),
            *decided.values(),
            of_share(
                "decisions.edited", "Assessment worded anew by the clinician", sum(d.edited for d in made), len(made)
            ),
            of_share("cases.told", "Cases of which a physician was told", len(told), len(cases)),
            of_share("cases.escalated", "Escalated, of those", sum(c.escalated for c in told), len(told)),
        ),
        breakdowns=(
            Breakdown(
                id="decisions.reasons",
                title="Reasons to dismiss a case",
                columns=("cases",),
                rows={} if sum_tells else {reason: (count,) for reason, count in reasons.most_common()},
            ),
        ),
    )
