"""The policies as a page for people: what passes under which profile, and what serves each identifier of the rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from anonymization.coverage import CLAUSES, Coverage, coverage, packaged_recognizers
from anonymization.policy import PACKAGED, PROFILES, Dates, Line, Policy, UnknownWords, template
from anonymization.zip3 import vintages

_HEAD = """# De-identification policy

What may pass the gate, path by path. Anything that has no line here is dropped. `keep`: the value passes as it is;
`generalise`: a coarser value passes; `scrub`: free text passes after every identifier in it was replaced; `replace`: a
fixed word stands for it; `drop`: nothing passes. The clause names the identifiers of 45 CFR 164.514(b)(2)(i) that the
line deals with. Persons, relatives, household members, employers and clinicians are treated alike.
"""

_TIMES = {
    Dates.INTERVAL: "elapsed time back from the newest entry, whose own date is not told",
    Dates.YEAR: "the year, nothing finer and no interval",
    Dates.SHIFTED: "the date, moved by a random number of days that is the same for all dates of the person",
}

_WORDS = {
    UnknownWords.KEEP: "stay",
    UnknownWords.NOTES: "are masked in notes",
    UnknownWords.MASK: "are masked",
}

_AGES = """## Ages and years

- Ages are completed years; all over 89 are `90+`. Somebody whose partial birth date allows 90 counts as over 89.
- No birth date and no year of birth passes from a structured element. Ages at onset, as a number, range or words, are
  not read; a result that is an age over 89 is dropped, and every result that is an age when the person is over 89.
- Intervals end at "over a year before", so none tells of 89 years. Years of more than 89 years ago do not pass.
- Of a person over 89, years of more than 70 years ago do not pass: "measles, 1944" would bound the year of birth.
- A policy states intervals or years, never both: an entry of 2025 within seven days of one of 2026 would be dated to
  the last days of December.
- A year that stands alone in a *text* stays, which the rule allows, with two exceptions. Of a person over 89 the year
  of birth goes. And where a policy states intervals, so does every year within two of the newest entry's or of now, in
  all texts of the chart: with the interval of its note, "last visit of 2025" would date the visit to days. Two, because
  entries with an interval of up to a year are of two years, and their texts speak of the year before and after. An
  older year stands beside "over a year before" at most. What a text says in other words ("five years ago, in 2019")
  may still tell the year of the newest entry, and no more than the year. A text without a chart has no intervals, and
  keeps its years.
- An answer to an intake question that asks who somebody is (a name, number, address, clinician, pharmacy, employer) is
  dropped, and looked for in all texts as an identifier of the request. "Yes", "none" and "my wife" name nobody and
  stay.
"""

_LABELS = """## Labelled data

A resource with a restricting security label does not pass: confidentiality R or V, every code under any
system that is not known to be harmless (purposes of care and of running it, test data, integrity, steps of the life
cycle; so ETH, HIV, PSY, SDV, SUD, 42CFRPart2, a purpose that leaves care out, and what is not known), labels inside a
resource (DS4P), labels in `meta.tag`, and labels that are not written as FHIR writes them. With it go its copies,
what points to it (the diagnoses, results and notes of a labelled visit, and of visits within it), and what it holds
(the entries of a labelled List or Composition, the results of a labelled report). A labelled Patient or Bundle
withholds everything. The clinical rules still read these data, before the gate. A clinic that may pass them on, by
consent or by law, writes `"meta.security" = { action = "keep", why = "…" }` in its own policy and says by which right.

Resources with a modifier extension or implicit rules, at any depth, are not used at all.

**What labels cannot show.** An unlabelled note of a substance use programme looks like any other note, and an
unlabelled list of medicines tells of HIV to those who know the drugs. The gate withholds what is labelled, and trusts
the EHR to label what 42 CFR Part 2 and state law protect. Look at the labels of your EHR before you switch a model on.
"""


def policy_page() -> str:
    """Markdown: the profiles, what serves each clause, the rules for ages, places and labels, and every line."""
    return "\n".join([_HEAD, *_profiles(), *_coverage(), _AGES, *_zip3(), _LABELS, *_lines()])


def profile_page(policy: Policy) -> str:
    """Markdown that lists every line of one policy."""
    head = f"# {policy.name}, version {policy.version}\n\nBasis: {policy.basis}. Times: {_TIMES[policy.dates]}. "
    head += f"Words that no list explains {_WORDS[policy.unknown_words]}.\n"
    return "\n".join([head, *_table(policy.lines.values())])


def _profiles() -> Iterator[str]:
    yield "## Profiles\n"
    yield "| file | name | version | basis | time of events | place | words that no list explains |"
    yield "|---|---|---|---|---|---|---|"
    for key in PROFILES:
        policy = template(key)
        place = (
            "three digits of the ZIP code" if policy.action("Patient.address.postalCode") == "generalise" else "none"
        )
        yield (
            f"| `{key}` | {policy.name} | {policy.version} | {policy.basis} | {_TIMES[policy.dates]} | {place} "
            f"| {_WORDS[policy.unknown_words]} |"
        )
    yield (
        "\nThe first is the default. *Expert determination, date shift* is not Safe Harbor: it is a template, and\n"
        "runs only from a clinic's own copy that states who determined, when, by which method, and the risk found.\n"
        "Whoever releases data under Safe Harbor attests besides that they do not know of a way to identify the\n"
        "person with what is left: 45 CFR 164.514(b)(2)(ii). No software can do that.\n"
    )


def _coverage() -> Iterator[str]:
    rows = coverage(template("safe-harbor-prompts"), packaged_recognizers())
    yield "## The eighteen identifiers\n"
    yield f"Besides the lines named here, {rows[0].texts} lines of free text serve every clause: text is scrubbed by"
    yield "all recognizers, and by a matcher of what stands in the request's own resources.\n"
    yield "| clause | identifier | lines | recognizers of text | known from the request |"
    yield "|---|---|---|---|---|"
    yield from map(_coverage_row, rows)
    yield "\n(P) and (Q) have no form in text: images and recordings are never read.\n"


def _coverage_row(row: Coverage) -> str:
    lines = ", ".join(f"`{path}`" for path in row.lines)
    found = ", ".join(row.recognizers)
    return f"| ({row.letter}) | {CLAUSES[row.letter]} | {lines} | {found} | {', '.join(row.known)} |"


def _zip3() -> Iterator[str]:
    yield "## ZIP codes\n"
    yield "Where a profile keeps three digits of a ZIP code, `000` stands for those with 20,000 people or fewer by any"
    yield "of these counts. Codes that are cut short, foreign, military or of one organisation alone do not pass.\n"
    yield "| count | prefixes | source |"
    yield "|---|---|---|"
    for vintage in vintages():
        yield f"| {vintage.vintage} | {' '.join(sorted(vintage.prefixes))} | {vintage.source} |"
    yield ""


def _lines() -> Iterator[str]:
    first = template("safe-harbor-prompts")
    yield f"## Every line of *{first.name}*\n"
    yield from _table(first.lines.values())
    for key, path in PROFILES.items():
        if path == PACKAGED:
            continue
        policy = template(key)
        yield f"\n## Lines of *{policy.name}* that differ\n"
        yield from _table(line for p, line in policy.lines.items() if line != first.lines.get(p))


def _table(lines: Iterable[Line]) -> Iterator[str]:
    yield "| path | action | clause | why |"
    yield "|---|---|---|---|"
    yield from (f"| `{line.path}` | {line.action} | {line.clause} | {line.why} |" for line in lines)
