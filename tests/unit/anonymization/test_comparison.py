"""A configuration of the FHIR anonymizer beside our policy."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from anonymization.comparison import Configuration, Verdict, compare
from anonymization.comparison_page import comparison_page
from anonymization.errors import PolicyError
from anonymization.policy import packaged_policy
from cds_service.commands.deid_policy import policy as command

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "fhir-anonymizer-comparison.md"


def configuration(*rules, **parameters):
    rules = [{"path": path, "method": method} for path, method in rules]
    return json.dumps({"fhirVersion": "R4", "fhirPathRules": rules, "parameters": parameters})


OWN = configuration(
    ("nodesByType('HumanName')", "redact"),
    ("Organization.telecom", "keep"),
    ("Resource.id", "cryptoHash"),
    ("Condition.code.text", "redact"),
    ("Observation.value", "REDACT"),
    ("Observation.component.value", "redact"),
    ("nodesByType('dateTime')", "dateshift"),
    ("Condition.onset", "redact"),
    ("Condition.abatement as Age", "redact"),
    ("Invented.element", "redact"),
    ("Invented.other", "keep"),
    ("nodesByType('Money')", "redact"),
    ("Patient.name.where(use='old') | Patient.photo", "redact"),
    enablePartialDatesForRedact=True,
)


def verdicts(text, policy):
    return {row.rule.path: row.verdict for row in compare(Configuration.parse(text), policy)}


def test_every_rule_is_judged_by_what_is_left_of_the_value():
    assert verdicts(OWN, packaged_policy()) == {
        "nodesByType('HumanName')": Verdict.EQUAL,
        "Organization.telecom": Verdict.STRICTER,
        "Resource.id": Verdict.STRICTER,
        "Condition.code.text": Verdict.LOOSER,
        "Observation.value": Verdict.LOOSER,
        "Observation.component.value": Verdict.LOOSER,
        "nodesByType('dateTime')": Verdict.STRICTER,
        "Condition.onset": Verdict.DIFFERENT,
        "Condition.abatement as Age": Verdict.STRICTER,
        "Invented.element": Verdict.EQUAL,
        "Invented.other": Verdict.STRICTER,
        "nodesByType('Money')": Verdict.DIFFERENT,
        "Patient.name.where(use='old') | Patient.photo": Verdict.DIFFERENT,
    }


def test_what_is_looser_or_different_gives_a_reason():
    rows = compare(Configuration.parse(OWN), packaged_policy())
    assert all(bool(row.why) == (row.verdict in (Verdict.LOOSER, Verdict.DIFFERENT)) for row in rows)


def test_a_path_without_a_line_says_so_and_one_that_is_not_understood_claims_nothing():
    ours = {row.rule.path: row.ours for row in compare(Configuration.parse(OWN), packaged_policy())}
    assert ours["Invented.element"] == "dropped: no line"
    assert ours["nodesByType('Money')"] == "not compared"


def test_years_are_equal_to_the_years_that_redact_leaves():
    assert verdicts(OWN, packaged_policy("safe-harbor-exports"))["Condition.onset"] is Verdict.EQUAL


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"fhirPathRules": []}', '{"fhirPathRules": [{"path": "A.b"}]}', configuration(("A.b", "shred")),
     '{"fhirPathRules": [{"path": 1, "method": "redact"}]}', "[" * 100_000],
)  # fmt: skip
def test_what_is_no_configuration_is_refused(text):
    with pytest.raises(PolicyError, match="configuration"):
        Configuration.parse(text)


def test_the_commands_print_a_policy_and_a_comparison(tmp_path):
    file = tmp_path / "own.json"
    file.write_text(OWN, encoding="utf-8")
    compared = CliRunner().invoke(command, ["compare", str(file), "--source", "our own example"])
    assert compared.exit_code == 0
    assert "Compared: our own example." in compared.output
    assert (
        "| `Condition.onset` | redact, but the year stays | generalise: `Condition.onset` | different |"
        in compared.output
    )
    assert r"where(use='old') \| Patient.photo" in compared.output
    shown = CliRunner().invoke(command, ["show", "safe-harbor-exports"])
    assert shown.output.startswith("# Safe Harbor, exports")
    file.write_text("{}", encoding="utf-8")
    refused = CliRunner().invoke(command, ["compare", str(file)])
    assert refused.exit_code == 1
    assert "no configuration" in refused.output


def test_a_policy_of_the_clinic_is_checked_when_it_is_shown(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text('name = "x"', encoding="utf-8")
    refused = CliRunner().invoke(command, ["show", "--file", str(file)])
    assert refused.exit_code == 1
    assert "version" in refused.output


def test_the_committed_page_is_that_of_the_sample_configuration(shared_data):
    sample = shared_data / "deid" / "fhir_anonymizer_config" / "r4-configuration-sample.json"
    made = comparison_page(Configuration.read(sample), [packaged_policy(), packaged_policy("safe-harbor-exports")])
    assert PAGE.read_text(encoding="utf-8") == made, "write it anew: cds-service policy compare FILE"
