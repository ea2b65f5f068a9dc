"""Two compliance officers, an order, and a writer that leaves real files without needing a chart."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cds_service.accounts.roles import Role
from cds_service.domain import Priority
from cds_service.export.errors import ExportStopped
from cds_service.export.ordered import ATTESTATIONS, Approving, Asked, Purpose
from cds_service.export.values import Counts, Preview, Profile, Scope, Written
from cds_service.review.values import Verdict

NOW = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WORDS = "Tune the clinic's own model on what its nurses decided; agreed by the data board."
ROWS = (
    {
        "messages": [
            {"role": "system", "content": "Write a preliminary assessment."},
            {"role": "user", "content": "[NAME_1], female, 60 to 69. Cough for [DATE_1]. Oxygen saturation 91 %."},
            {"role": "assistant", "content": "Possible pneumonia. Oxygen saturation is low."},
        ],
        "verdict": "change",
        "priority": "High",
    },
    {
        "messages": [
            {"role": "system", "content": "Write a preliminary assessment."},
            {"role": "user", "content": "Male, 40 to 49. Wants his tetanus booster."},
            {"role": "assistant", "content": "Routine care."},
        ],
        "verdict": "confirm",
        "priority": "Low",
    },
)


def officers(clinic):
    """The one who orders, and the one who decides."""
    from tests.support.site import a_member  # a process of a test has no use for the pages

    one = a_member(clinic, Role.COMPLIANCE, name="officer-1", shown="Ona Fictiva")
    return one, a_member(clinic, Role.COMPLIANCE, name="officer-2", shown="Bo Inventa")


def asked(now=NOW, *, profile=Profile.SAFE_HARBOR, words=WORDS, recipient="Model team of the clinic", until=None):
    """An order as an officer places it."""
    scope = Scope(
        since=now - 90 * DAY,
        until=until or now - DAY,
        verdicts=frozenset({Verdict.CONFIRM, Verdict.CHANGE}),
        priorities=frozenset({Priority.HIGH, Priority.LOW}),
    )
    return Asked(scope=scope, profile=profile, purpose=Purpose.MODEL_TRAINING, words=words, recipient=recipient)


def approving(ordered, member, **changed):
    """An approval of what stands there."""
    whole = {"seen": ordered.digest, "attested": frozenset(ATTESTATIONS[ordered.profile]), "signature": member.name}
    return Approving(**whole | changed)


class SmallWriter:
    """Writes `cases` lines one by one, and goes on behind those that are there. `at_line`: called before each."""

    def __init__(self, cases=4, *, at_line=lambda line: None, policy="1"):
        self.cases = cases
        self.versions = {"policy": policy}
        self.at_line = at_line
        self.seen = []

    def covers(self, seen, order, now):
        return self.taken <= set(seen.taken) and self.versions == seen.made_of

    @property
    def taken(self):
        return {f"case-{number}" for number in range(self.cases)}

    def counts(self):
        return Counts(
            cases=self.cases,
            subjects=max(1, self.cases // 2),
            by_priority={"High": self.cases // 3, "Low": self.cases - self.cases // 3},
            by_verdict={"confirm": self.cases // 2, "change": self.cases - self.cases // 2},
            left_out={"opted-out": 2, "labelled": 1},
        )

    def preview(self, order, *, now, actor):
        self.seen.append(order)
        figures = {"subjects": 66, "classes": 41, "k": 1, "unique_share": 0.45, "prosecutor_highest": 1.0}
        broader = figures | {"classes": 5, "k": 11, "unique_share": 0.0, "prosecutor_highest": 0.0909}
        expert = order.profile is Profile.EXPERT_DETERMINATION
        risk = {"threshold": 11, "applied": expert, "before": figures, "after": broader}
        return Preview(
            counts=self.counts(),
            rows=ROWS,
            risk=risk,
            made_at=now,
            taken=tuple(self.taken),
            made_of=self.versions,
            looked_at=self.cases,
            would_leave=self.cases - 1,
        )

    def run(self, order, folder, *, approvals, now, actor, show, stopped):
        self.seen.append(approvals)
        aside = folder.with_name(f".{folder.name}.part")
        aside.mkdir(parents=True, exist_ok=True)
        lines = aside / "train.jsonl"
        done = len(lines.read_text().splitlines()) if lines.exists() else 0
        for line in range(done, self.cases):
            if stopped():
                raise ExportStopped
            self.at_line(line)
            with lines.open("a") as out:
                out.write(f'{{"line": {line}}}\n')
            show("Writing rows", (line + 1) / self.cases)
        manifest = '{"files": {"train.jsonl": {"sha256": "' + sha256(lines.read_bytes()).hexdigest() + '"}}}'
        (aside / "manifest.json").write_text(manifest)
        (aside / "card.md").write_text("# Data card\n")
        aside.rename(folder)
        return Written(
            folder=folder.name,
            rows=self.cases,
            subjects=max(1, self.cases // 2),
            manifest=sha256(manifest.encode()).hexdigest(),
            left_out={"opted-out": 2},
        )
