"""What a span is called: its placeholder label, and the word under which the removal is counted and shown."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# label of the span -> kind in `DeidentifiedCase.removed`
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "PATIENT": "name",
        "RELATIVE": "name",
        "CLINICIAN": "name",
        "PERSON": "name",
        "DATE": "date",
        "AGE": "age over 89",
        "PHONE": "phone",
        "EMAIL": "email",
        "URL": "url",
        "IP": "ip address",
        "SSN": "social security number",
        "ID": "identifier",
        "ENCODED": "encoded data",
        "PLAN": "health plan number",
        "ACCOUNT": "account number",
        "LICENCE": "licence number",
        "NPI": "licence number",
        "VEHICLE": "vehicle number",
        "DEVICE": "device number",
        "ADDRESS": "address",
        "ZIP": "address",
        "LOCATION": "address",
        "FACILITY": "facility",
        "ORGANIZATION": "organization",
        "WORD": "unknown word",
    }
)

ROLE_LABELS: Mapping[str, str] = MappingProxyType(
    {"patient": "PATIENT", "relative": "RELATIVE", "practitioner": "CLINICIAN"}
)  # whose name it is -> label; any other role is PERSON

NAME_LABELS = frozenset({"PATIENT", "RELATIVE", "CLINICIAN", "PERSON"})

OLD_AGE = "90+"  # what stands for an age over 89
