"""The common shape of "label, then a number": shared by the recognizers of record, plan, account and other numbers."""

from __future__ import annotations

from anonymization.recognizers.base import RIGHT

# A value with at least one digit: letters, digits and inner separators.
_DIGIT_AHEAD = r"(?=[A-Za-z\-]{0,6}\d)"
_VALUE = r"[A-Za-z0-9](?:[\-/.]?[A-Za-z0-9]){1,24}"
_NUMBER_WORD = r"(?:\s{0,2}(?:number|num|no|nr|id|code)\b\.?)?"
_JOIN = r"\s{0,2}(?:#|:|=|is|are|was|-|\(|\s){0,4}\s{0,2}"


def labelled(label: str) -> str:
    """A pattern (ignore case) for the value behind `label`, an optional "number" and a joint.

    Written from the value back to the label: few words hold a digit, so the long list of labels is rarely compared.
    """
    return rf"(?<![^\W_]){_DIGIT_AHEAD}(?<=(?<![^\W_]|/)(?:{label}){_NUMBER_WORD}{_JOIN}){_VALUE}{RIGHT}"
