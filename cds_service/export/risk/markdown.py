"""The risk report to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

FIELDS = {
    "age_band": "age",
    "sex": "sex",
    "zip3": "first digits of the ZIP code",
    "year": "year of the visit",
    "conditions": "set of conditions",
}


def written(content: Mapping[str, Any]) -> str:
    """The report in Markdown."""
    parts = (_head, _risk, _contributions, _diversity, _generalisation, _words)
    return "\n".join(line for part in parts for line in part(content)).rstrip() + "\n"


def _head(content: Mapping[str, Any]) -> Iterator[str]:
    fields = ", ".join(FIELDS[name] for name in content["quasi_identifiers"])
    yield from ("# Risk of re-identification", "")
    if content["applied"]:
        yield "The export is as the plan says: everybody in it looks like at least "
        yield f"{content['threshold'] - 1} others in {fields}."
    else:
        yield f"The export is **as before**: nothing was generalised. Quasi-identifiers: {fields}. *After* is what "
        yield f"generalisation to at least {content['threshold']} people who look alike would do."
    if not content["reached"]:
        yield from ("", f"**Not reached**: fewer than {content['threshold']} people.")
    yield from ("", "Counts of one to four people are not told (`<5`); where one could be reckoned, `hidden`.", "")


def _risk(content: Mapping[str, Any]) -> Iterator[str]:
    before, after = content["before"], content["after"]
    rows = (
        ("People", "subjects", _plain),
        ("Classes", "classes", _plain),
        ("k, the smallest class", "k", _plain),
        ("Class of the median person", "median_class", _plain),
        ("People who are unique", "unique_share", _percent),
        (f"People in classes below {content['threshold']}", "share_in_classes_below_threshold", _percent),
        ("Prosecutor risk, highest", "prosecutor_highest", _percent),
        ("Prosecutor risk, mean", "prosecutor_mean", _percent),
        ("Marketer risk", "marketer", _percent),
    )
    yield from ("## Risk", "", "| figure | before | after |", "|---|---:|---:|")
    for name, key, told in rows:
        yield f"| {name} | {told(before[key])} | {told(after[key])} |"
    known = content["medicines_known_too"]
    shares = [_percent(known[when]["unique_share"]) for when in ("before", "after")]
    yield f"| People who are unique to one who knows their medicines too | {shares[0]} | {shares[1]} |"
    yield from ("", "| people in classes of | before | after |", "|---|---:|---:|")
    for size, people in before["subjects_by_class_size"].items():
        yield f"| {size} | {people} | {after['subjects_by_class_size'][size]} |"
    yield ""
    found = content["journalist"]
    if found["stated"]:
        yield f"Journalist risk against {found['population']} people, before: highest {_percent(found['highest'])}, "
        yield f"mean {_percent(found['mean'])}; marketer {_percent(found['marketer'])}."
    else:
        yield f"Journalist risk is not stated: {found['why']}."
    yield ""


def _contributions(content: Mapping[str, Any]) -> Iterator[str]:
    found = content["contributions"]
    yield from ("## What makes people stand out", "")
    yield "| before | classes by itself | unique by itself | classes without it | unique without it |"
    yield "|---|---:|---:|---:|---:|"
    for name, row in found["by_field"].items():
        alone, without = row["alone"], row["without"]
        yield (
            f"| {FIELDS[name]} | {alone['classes']} | {_percent(alone['unique_share'])} | {without['classes']} "
            f"| {_percent(without['unique_share'])} |"
        )
    if found["most"]:
        yield from ("", f"Most: {FIELDS[found['most']]}. Without it the fewest classes are left.")
    yield ""


def _diversity(content: Mapping[str, Any]) -> Iterator[str]:
    before, after = content["diversity"]["before"], content["diversity"]["after"]
    if not before:
        return
    yield from ("## Diversity of sensitive values", "")
    yield "| attribute | distinct l, before | after | entropy l, before | after | given away, before | after |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name, was in before.items():
        now = after.get(name, {})
        cells = [was["distinct_l"], now.get("distinct_l"), was["entropy_l"], now.get("entropy_l")]
        shares = [was["share_given_away"], now.get("share_given_away")]
        yield f"| {name} | {' | '.join(map(_plain, cells))} | {' | '.join(map(_percent, shares))} |"
    yield ""


def _generalisation(content: Mapping[str, Any]) -> Iterator[str]:
    found = content["generalisation"]
    yield from ("## What generalisation costs", "")
    yield "| field | told | |"
    yield "|---|---|---:|"
    for name, levels in found["people_by_level"].items():
        for level, share in levels.items():
            yield f"| {FIELDS[name]} | {level} | {_percent(share)} of people |"
    for level, share in found["condition_entries_share"].items():
        yield f"| conditions | {level} | {_percent(share)} of entries |"
    yield from ("", "| figure | |", "|---|---:|")
    yield f"| People left out | {found['suppressed']} ({_percent(found['suppressed_share'])}) |"
    yield f"| of those with a Critical or High priority | {_percent(found['suppressed_urgent']['suppressed_share'])} |"
    yield f"| of the others | {_percent(found['suppressed_not_urgent']['suppressed_share'])} |"
    for name, group in found["suppressed_by_priority"].items():
        yield f"| of {group['subjects']} with {name} | {_percent(group['suppressed_share'])} |"
    merged, level = found["condition_entries_merged_share"], found["mean_condition_level"]
    yield f"| Condition entries told once with others of the person | {_percent(merged)} |"
    yield f"| Mean level of conditions, of {found['highest_condition_level']} | {_plain(level)} |"
    yield f"| Rare medicines, allergies and tests removed | {_percent(found['other_facts_removed_share'])} |"
    yield f"| Precision | {_percent(found['precision'])} |"
    yield f"| Utility kept, weighted | {_percent(found['utility_kept'])} |"
    yield f"| Certainty penalty | {_percent(found['certainty_penalty'])} |"
    yield ""


def _words(_: Mapping[str, Any]) -> Iterator[str]:
    yield files(__package__ or "").joinpath("limits.md").read_text(encoding="utf-8")


def _plain(value: object) -> str:
    return "-" if value is None else str(value)


def _percent(value: object) -> str:
    return f"{100 * value:.1f} %" if isinstance(value, int | float) else _plain(value)
