"""The policy decides: what a line says is what comes out."""

import pytest

from anonymization.errors import PolicyError
from anonymization.policy import ALLOWED, PACKAGED, Action, Policy, packaged_policy
from anonymization.structured import structure

TEXT = PACKAGED.read_text(encoding="utf-8")


def with_line(path, line):
    """The packaged policy with the line of `path` replaced (or removed, for None)."""
    resource, _, element = path.partition(".")
    out, here = [], None
    replaced = False
    for row in TEXT.splitlines():
        if row.startswith("["):
            here = row.strip("[]")
        key = row.split(" = ")[0].strip('"')
        if here == resource and key == element:
            replaced = True
            if line is not None:
                out.append(f'"{element}" = {line}')
        else:
            out.append(row)
    assert replaced, f"no line for {path}"
    return Policy.parse("\n".join(out))


def seen(chart, policy):
    """Everything of the chart that the policy lets through, before the text is scrubbed."""
    done = structure(chart(), policy)
    return {
        "age": done.age,
        "sex": done.sex,
        "names": [f.name for f in done.facts],
        "texts": [f.text for f in done.facts],
        "codes": [c for f in done.facts for c in f.codes],
        "intervals": [f.interval for f in done.facts],
        "values": [f.value for f in done.facts],
    }


REMOVALS = [
    ("Patient.birthDate", "age"),
    ("Patient.gender", "sex"),
    ("Condition.code.coding.display", "names"),
    ("Condition.code.coding.code", "codes"),
    ("Condition.onset", "intervals"),
    ("Condition.recordedDate", "intervals"),
    ("Encounter.reasonCode.text", "names"),
    ("Encounter.period", "intervals"),
    ("Observation.value.quantity", "values"),
    ("Observation.value.unit", "values"),
    ("Observation.kind", "values"),
    ("Observation.effective", "intervals"),
    ("Observation.code.coding.display", "names"),
    ("Observation.code.coding.code", "codes"),
    ("Observation.value.text", "texts"),
    ("Observation.value.coding.code", "codes"),
    ("MedicationRequest.medication.text", "names"),
    ("MedicationRequest.medication.coding.code", "codes"),
    ("MedicationRequest.dosage.text", "texts"),
    ("MedicationRequest.authoredOn", "intervals"),
    ("AllergyIntolerance.code.text", "names"),
    ("AllergyIntolerance.reaction.manifestation", "texts"),
    ("AllergyIntolerance.criticality", "texts"),
    ("QuestionnaireResponse.item.text", "names"),
    ("QuestionnaireResponse.item.answer", "texts"),
    ("DocumentReference.content.attachment", "texts"),
    ("DocumentReference.content.attachment.title", "names"),
    ("DocumentReference.date", "intervals"),
]


@pytest.mark.parametrize(("path", "part"), REMOVALS)
def test_removing_a_line_drops_its_value(chart, path, part):
    before, after = seen(chart, packaged_policy()), seen(chart, with_line(path, None))
    assert after[part] != before[part]
    lost = [v for v in before[part] if v not in after[part]] if isinstance(before[part], list) else before[part]
    assert lost or len(after[part]) < len(before[part]) or after[part].count(None) > before[part].count(None)


def test_changing_a_line_changes_the_output(chart):
    replaced = with_line(
        "QuestionnaireResponse.item.answer", '{ action = "replace", clause = "A-R", why = "not needed" }'
    )
    assert "It hurts to breathe" in seen(chart, packaged_policy())["texts"]
    assert "It hurts to breathe" not in seen(chart, replaced)["texts"]
    assert "[REMOVED]" in seen(chart, replaced)["texts"]


def test_an_unnamed_path_is_dropped():
    assert packaged_policy().action("Condition.somethingNew") is Action.DROP


def test_every_path_that_a_field_is_built_from_has_a_line():
    assert set(ALLOWED) <= set(packaged_policy().lines)


def test_every_line_that_is_not_kept_gives_its_rule_and_its_reason():
    lines = packaged_policy().lines.values()
    assert all(line.clause and line.why for line in lines if line.action is not Action.KEEP)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("Patient.name", '{ action = "keep" }'),
        ("Patient.birthDate", '{ action = "keep" }'),
        ("DocumentReference.content.attachment", '{ action = "keep" }'),
        ("Condition.onset", '{ action = "scrub", clause = "C", why = "x" }'),
        ("Patient.name", '{ action = "drop", clause = "A" }'),
        ("Patient.name", '{ action = "drop", clause = "Z", why = "x" }'),
        ("Patient.name", '{ action = "forget", clause = "A", why = "x" }'),
        ("Patient.name", '{ action = "drop", clause = "A", why = "x", extra = "y" }'),
        ("Patient.name", '{ action = "drop", clause = "A-Z", why = "x" }'),
        ("Patient.name", '{ action = "drop", clause = "A B", why = "x" }'),
        ("Patient.name", '{ action = "drop", clause = 1, why = "x" }'),
        ("Patient.name", '"drop"'),
        ("Patient.address.postalCode", '{ action = "keep" }'),
        ("Any.meta.security", '{ action = "keep" }'),
    ],
)
def test_a_line_that_would_let_identifiers_through_or_explains_nothing_is_refused(path, line):
    with pytest.raises(PolicyError, match=path.replace(".", r"\.")):
        with_line(path, line)


def test_a_policy_without_a_version_is_refused():
    with pytest.raises(PolicyError, match="version"):
        Policy.parse('name = "x"')


HEAD = 'name = "x"\nversion = "1"\nbasis = "45 CFR 164.514(b)(2)(i)"\ndates = "interval"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[Patient]\nnmae = { action = "drop", clause = "A", why = "x" }', r"Patient\.nmae: no such path"),
        ('[Patiant]\nname = { action = "drop", clause = "A", why = "x" }', r"Patiant\.name: no such path"),
        ('[Condition]\n"code.txt" = { action = "scrub", clause = "A", why = "x" }', r"Condition\.code\.txt"),
        ('versoin = "2"', "versoin"),
        ("[[Patient]]\nname = 1", "versoin|means nothing"),
        ('[Patient.name]\nfamily = { action = "drop" }', r"Patient\.name"),
        ('[Patient]\nname = { action = "drop"', "TOML"),
        ('[determination]\nexpert = "x"', "determination"),
    ],
)
def test_what_stands_in_no_list_is_refused_with_its_place(text, message):
    with pytest.raises(PolicyError, match=message):
        Policy.parse(HEAD + text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('dates = "interval"', 'dates = "day"', "dates"),
        ('dates = "interval"', "", "dates"),
        ('dates = "interval"', 'dates = "shifted"', "expert determination"),
        ('basis = "45 CFR 164.514(b)(2)(i)"', 'basis = "trust us"', "basis"),
        ('version = "1"', "version = 1", "version"),
    ],
)
def test_a_head_that_says_the_wrong_thing_is_refused(old, new, message):
    with pytest.raises(PolicyError, match=message):
        Policy.parse(HEAD.replace(old, new))


def test_a_missing_policy_file_is_refused(tmp_path):
    with pytest.raises(PolicyError, match="cannot be read"):
        Policy.read(tmp_path / "none.toml")
