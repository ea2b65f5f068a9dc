"""What the pages of exports say: states and reasons in words, what a preview shows, figures of risk explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from cds_service.export.ordered import Ordered
from cds_service.export.required import REFUSALS
from cds_service.export.states import State
from cds_service.export.values import Profile

PROFILES: Mapping[Profile, tuple[str, str]] = {
    Profile.SAFE_HARBOR: (
        "Safe Harbor",
        (
            "Every identifier of 45 CFR 164.514(b)(2) is taken out: of dates the year stays, of ages over 89 nothing "
            "but “90 or over”. The risk of re-identification is reported."
        ),
    ),
    Profile.EXPERT_DETERMINATION: (
        "Expert determination",
        (
            "Dates are shifted by a secret number of days for each person, so that the time between events stays. The "
            "clinic needs an expert's written determination (45 CFR 164.514(b)(1)), and an export above the risk "
            "threshold is refused."
        ),
    ),
}

_STATES: Mapping[State, tuple[str, str, str]] = {
    State.PREVIEWING: ("hourglass_empty", "Preview to be made", ""),
    State.AWAITING: ("people", "Waits for a second officer", ""),
    State.APPROVED: ("hourglass_empty", "Approved, to be written", ""),
    State.DONE: ("check_circle", "Written", "good"),
    State.STOPPED: ("warning", "Stopped", "bad"),
    State.FAILED: ("error", "Not possible", "bad"),
    State.REFUSED: ("cancel", "Refused", "bad"),
    State.WITHDRAWN: ("remove_circle", "Withdrawn", ""),
}
_AT_WORK = {State.PREVIEWING: "Preview is being made", State.APPROVED: "Being written", State.STOPPED: "Stopping"}

WHY: Mapping[str, str] = {
    "ordered": "ordered",
    "nothing-to-export": "nothing was decided in the period, or all of it was left out: order another period",
    "risk-too-few-subjects": "fewer people than the threshold: no one could stand among enough others",
    "no-determination": "no policy with an expert's determination is set (CDS_EXPORT_POLICY_FILE)",
    "begun": "work begun",
    "taken-up-again": "taken up again after the process had ended",
    "left": "given back: the process was told to stop",
    "previewed": "preview made",
    "asked-again": "a new preview was asked for",
    "approved": "approved",
    "written": "written and signed",
    "withdrawn": "withdrawn",
    "goes-on": "goes on",
    "by-a-person": "stopped by an officer. It goes on where it was when you say so.",
    "crashed": "the process failed on it several times. The operator finds the cause in the log; then let it go on.",
    "disk-full": "the disk is full. What is written stays. Make room, then let it go on.",
    "folder-not-writable": "the export folder cannot be written. Tell the operator, then let it go on.",
    "database-refused": "the database refused. Tell the operator, then let it go on.",
    "configuration": "a setting is wrong or the index is missing. Tell the operator, then let it go on.",
    "clock-moved-back": "the clock of the machine was set back. Tell the operator, then let it go on.",
    "approval-expired": "the approval had run out: a new preview and another approval are needed",
    "not-as-approved": "other cases or versions than in the preview that was approved: it is previewed again",
    **{code: words[0].lower() + words[1:] for code, words in REFUSALS.items()},
}
"""Why an order is where it is, for people."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where an order is, as word, picture and tone."""

    icon: str
    words: str
    tone: str
    share: float | None
    stage: str


def standing(ordered: Ordered, now: datetime) -> Standing:
    """Where `ordered` is."""
    picture, words, tone = _STATES[ordered.state]
    busy = ordered.busy(now)
    return Standing(
        icon=picture,
        words=_AT_WORK.get(ordered.state, words) if busy else words,
        tone=tone,
        share=ordered.share if busy and ordered.state is State.APPROVED else None,
        stage=ordered.stage if busy else "",
    )


def why(code: str | None) -> str:
    """A reason in words; a code that has none as it is."""
    return "" if code is None else WHY.get(code, code.replace("-", " "))


def sentence(code: str | None) -> str:
    """The same as a sentence."""
    words = why(code)
    return words[:1].upper() + words[1:] + ("" if words.endswith(".") else ".")


SPEAKERS = {
    "system": "Instruction to the model",
    "user": "What the model is given: the chart without identifiers, and guideline passages",
    "assistant": "What it shall learn to answer: what the clinician signed",
}


def speeches(row: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The texts of one row of a training set, each with what it is."""
    messages = row.get("messages")
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, Mapping):
            role = str(message.get("role", ""))
            yield SPEAKERS.get(role, role), str(message.get("content", ""))


def others(row: Mapping[str, object]) -> list[tuple[str, str]]:
    """The other fields of a row, in words."""
    return [(_said(name), _value(value)) for name, value in row.items() if name != "messages"]


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{_said(str(name))}: {_value(item)}" for name, item in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value)) or "none"
    return "none" if value is None or value == "" else str(value)


def _said(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").capitalize()


RISKS: Mapping[str, tuple[str, str]] = {
    "k": (
        "Smallest group",
        "People who share all of these facts form a group. One person in the smallest means: somebody stands alone.",
    ),
    "unique_share": ("Share who stand alone", "People whom nobody else in the export resembles by these facts."),
    "prosecutor_highest": (
        "Highest risk of one person",
        "Somebody who knows that a person is in the export guesses which rows are theirs: how often that is right.",
    ),
    "prosecutor_mean": ("Average risk", "The same, over everybody in the export."),
    "classes": ("Groups", "How many different groups there are."),
    "subjects": ("People", "Everybody whose rows the figures are about."),
}
"""Figures of `RiskReport.short`, by name: what they are called, and what they mean."""


@dataclass(frozen=True, kw_only=True)
class RiskRow:
    """One figure of the risk: as the rows are, and once rare facts are made broader and people left out."""

    title: str
    means: str
    before: str
    after: str


def risk(found: Mapping[str, object]) -> list[RiskRow]:
    """The figures of a risk summary, before and after."""
    before, after = found.get("before"), found.get("after")
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return []
    return [
        RiskRow(title=title, means=means, before=_figure(before[name]), after=_figure(after.get(name)))
        for name, (title, means) in RISKS.items()
        if name in before
    ]


def _figure(value: object) -> str:
    """A share in percent, anything else as it is."""
    return f"{value:.1%}".replace("%", " %") if isinstance(value, float) else _value(value)
