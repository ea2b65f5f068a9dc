"""The data card of a training set, in Markdown, made of its manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def card(manifest: Mapping[str, Any]) -> str:
    """The card."""
    return "\n".join(_lines(manifest)) + "\n"


def _lines(m: Mapping[str, Any]) -> Iterator[str]:
    yield "# Data card"
    yield ""
    yield (
        f"Made {m['made']} by `cds-service data build` {m['versions']['service']}. Prompts are those of serving: style "
        f"{m['prompt']['style']}, version {m['prompt']['version']}. The completion of a synthetic case was written by "
        f"the project from the case and its authored gold, and passes the safety checks (version "
        f"{m['versions']['safety']}); those of clinic records and public questions are as they came."
    )
    yield ""
    yield "| file | examples | of them twins | families | patients | sources | Critical / High / Medium / Low |"
    yield "|---|---|---|---|---|---|---|"
    for name, counted in m["files"].items():
        sources = ", ".join(f"{source} {count}" for source, count in counted["sources"].items())
        priorities = " / ".join(str(count) for count in counted["priorities"].values())
        yield (
            f"| `{name}` | {counted['examples']} | {counted['twins']} | {counted['families']} | "
            f"{counted['patients']} | {sources} | {priorities} |"
        )
    yield ""
    yield "**Inputs**"
    yield ""
    yield from (f"- {i['source']}: `{i['name']}`, SHA-256 `{i['sha256'][:16]}`" for i in m["inputs"])
    yield ""
    shares = ", ".join(f"{source} {share:.0%}" for source, share in m["shares"].items())
    yield f"**Mix asked for**: {shares}. A missing source gives its share to the others; the table tells what came."
    yield ""
    yield from _table("Set aside to keep the mix, or the bound on a part", m["set_aside"])
    yield "**Parts**: no patient, condition family or prompt stands in two of them (checked when the set was written)."
    yield ""
    yield from _table("What became of the synthetic cases", m["cases"])
    yield from _table("What became of their counterfactual twins", m["twins"])
    yield f"**Left out**: {len(m['left_out'])} lines or examples; the manifest names each with the reason."
    yield ""
    yield (
        "**Intended use**: tuning models of this service. **Limits**: synthetic cases are no patients; priorities are "
        "those that the authors of a condition gave it, from the sources that stand there, and no clinician has signed "
        "them. Questions of public sets are the publishers' own, under their licences."
    )


def _table(title: str, counted: Mapping[str, int]) -> Iterator[str]:
    if counted:
        yield f"**{title}**: " + "; ".join(f"{what} {count}" for what, count in counted.items()) + "."
        yield ""
