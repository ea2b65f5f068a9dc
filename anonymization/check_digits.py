"""Check digits of public code systems, so that a number of the person does not pass for a code."""

from __future__ import annotations

# Verhoeff's scheme (J. Verhoeff, Error Detecting Decimal Codes, 1969): multiplication in the dihedral group of order
# ten, and the permutation applied at each place. SNOMED CT identifiers end in such a digit.
_TIMES = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_STEP = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)

_CONCEPT = frozenset({"00", "10"})
"""Partition identifiers of concepts (SNOMED CT Release File Specification 6.3): core, and extension with namespace."""


def is_concept_id(digits: str) -> bool:
    """Whether `digits` is written as a SNOMED CT concept identifier: partition of concepts, right check digit."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        for _ in range(place % 8):
            value = _STEP[value]
        check = _TIMES[check][value]
    return check == 0 and digits[-3:-1] in _CONCEPT


def is_loinc(code: str) -> bool:
    """Whether a LOINC code such as ``2160-0`` ends in its check digit (modulus 10, LOINC Users' Guide, appendix C)."""
    digits, _, last = code.partition("-")
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return (10 - total % 10) % 10 == int(last)
