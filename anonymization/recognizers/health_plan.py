"""Health plan beneficiary numbers: 45 CFR 164.514(b)(2)(i)(I)."""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

from anonymization.lexicon import words
from anonymization.recognizers.base import FLAGS, IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer
from anonymization.recognizers.labelled import labelled

_LABELS = (
    r"(?:health\s?plan|insurance|insurer|member(?:ship)?|subscriber|beneficiary|policy(?:\s?holder)?|group|payer|medicare|medicaid|"
    r"tricare|hmo|ppo|plan)\s?(?:#|id\b|number|num\b|no\b\.?)|mbi|hicn|hic\s?#"
)


class HealthPlanRecognizer(StrictPatternRecognizer):
    """Labelled plan numbers and the Medicare Beneficiary Identifier by its shape (CMS, MBI format)."""

    entity = "PLAN"
    forms = (
        Form(
            "labelled",
            labelled(_LABELS),
            IGNORE_CASE,
            0.92,
            words(
                "plan healthplan insurance insurer member membership subscriber beneficiary policy policyholder group payer medicare medicaid tricare hmo ppo mbi hicn hic"
            ),
        ),
        Form(
            "insurer",
            rf"{LEFT}(?i:bcbs|blue[ ](?:cross|shield)|anthem|aetna|cigna|humana|uhc|united[ ]?healthcare|kaiser|molina|tricare|medicare|medicaid)[ :#]{{1,3}}(?:(?i:id)[ :#]{{1,3}})?(?P<v>(?=(?:[A-Z]{{0,6}}\d){{5}})[A-Z0-9]{{6,16}}){RIGHT}",
            FLAGS,
            0.9,
            words(
                "bcbs blue anthem aetna cigna humana uhc united unitedhealthcare kaiser molina tricare medicare medicaid"
            ),
        ),
        Form(
            "mbi",
            rf"{LEFT}[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]{{2}}\d{{2}}{RIGHT}",
            FLAGS,
            0.92,
        ),
    )
