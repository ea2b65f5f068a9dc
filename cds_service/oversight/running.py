"""Figures of how the service ran: what was answered, what the model was kept from saying, how long things took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from cds_service.domain import Priority
from cds_service.oversight.facts import Facts
from cds_service.oversight.figures import Breakdown, Section, Unit, of_count, of_share, of_times

OTHER_CHECK = "other"
_ENDS = ("ready", "withheld", "failed", "shed")
_BUDGET_MS = 500
"""The hook's budget (CDS Hooks: answer within half a second)."""


def volume_section(facts: Facts) -> Section:
    """How much was answered."""
    live = [a for a in facts.answers if not a.shadow]
    visits = facts.visits
    floors = Counter(a.floor for a in visits)
    return Section(
        id="volume",
        title="Answers",
        figures=(
            of_count("answers.all", "Answers", len(live)),
            of_count(
                "answers.shadow",
                "Answers in shadow (computed, not shown, in no other figure)",
                len(facts.answers) - len(live),
            ),
            of_count("answers.charts", "Charts, each once a day", len(visits)),
            of_share(
                "answers.urgent",
                "Charts with a High or Critical floor",
                sum(a.floor >= Priority.HIGH for a in visits),
                len(visits),
            ),
            of_count("answers.unreadable", "Rows that could not be read", facts.unreadable),
        ),
        breakdowns=(
            Breakdown(
                id="answers.floor",
                title="Charts by floor",
                columns=("charts",),
                rows={p.label: (floors[p],) for p in reversed(Priority)},
                sums=((0, 1), (2, 3)),
            ),
        ),
    )


def model_section(facts: Facts, checks: Mapping[str, str]) -> Section:
    """What became of drafts. `checks`: the safety check by each of its fixed reasons."""
    ends = Counter(j.state for j in facts.jobs)
    drafts = ends["ready"] + ends["withheld"]
    withheld = [j for j in facts.jobs if j.state == "withheld"]
    failed_checks = [{checks.get(reason, OTHER_CHECK) for reason in j.reasons} for j in withheld]
    by_reason = Counter(reason for j in withheld for reason in dict.fromkeys(j.reasons))
    return Section(
        id="model",
        title="AI assessments: safety and bias findings",
        figures=(
            of_share("model.withheld", "Drafts withheld by a safety check", ends["withheld"], drafts),
            of_share(
                "model.bias", "Drafts withheld for a finding of bias", sum("bias" in c for c in failed_checks), drafts
            ),
            of_share(
                "model.unavailable", "Jobs that failed or were shed", ends["failed"] + ends["shed"], len(facts.jobs)
            ),
        ),
        breakdowns=(
            Breakdown(
                id="model.ends",
                title="Jobs by end",
                columns=("jobs",),
                rows={e: (ends[e],) for e in _ENDS},
                sums=((0, 1), (2, 3)),
            ),
            Breakdown(
                id="model.checks",
                title="Withheld drafts by safety check",
                columns=("drafts",),
                rows={c: (n,) for c, n in Counter(c for found in failed_checks for c in found).most_common()},
            ),
            Breakdown(
                id="model.reasons",
                title="Withheld drafts by reason",
                columns=("drafts",),
                rows={reason: (count,) for reason, count in by_reason.most_common()},
            ),
        ),
    )


def times_section(facts: Facts) -> Section:
    """How long things took, as measured."""
    made, cases = facts.reviews.decisions, facts.reviews.cases
    reviews = [d.review_s for d in made if d.review_s is not None]
    turns = [d.turn_round_s / 60 for d in made if d.turn_round_s is not None]
    urgent = [d.turn_round_s / 60 for d in made if d.turn_round_s is not None and d.system >= Priority.HIGH]
    answered = [c.answered_s / 60 for c in cases if c.answered_s is not None]
    hooks = [a.total_ms for a in facts.answers if a.total_ms is not None and not a.shadow]
    jobs = [j.seconds for j in facts.jobs if j.state in {"ready", "withheld"}]
    return Section(
        id="times",
        title="Times",
        figures=(
            *of_times("time.review", "Time per review", Unit.SECONDS, reviews),
            *of_times("time.turn-round", "Turn-round, opened to decided", Unit.MINUTES, turns),
            *of_times("time.turn-round-urgent", "Turn-round of High and Critical", Unit.MINUTES, urgent),
            *of_times("time.physician", "Physician told to physician answers", Unit.MINUTES, answered),
            *of_times("time.hook", "Answer to a hook", Unit.MILLISECONDS, hooks),
            of_share("time.hook-late", "Answers over 500 ms", sum(ms > _BUDGET_MS for ms in hooks), len(hooks)),
            *of_times("time.queue", "Assessment, asked for to finished", Unit.SECONDS, jobs),
        ),
    )
