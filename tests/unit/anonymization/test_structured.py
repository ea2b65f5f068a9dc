"""The structured part of a chart past the gate."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

import pytest

from anonymization.deidentified import DeidentifiedCase
from anonymization.structured import MAX_ROUNDS
from anonymization.surrogates import Surrogates
from fhir_mappers.case import (
    Coding,
    Complaint,
    ComplaintOrigin,
    Concept,
    Demographics,
    Document,
    Immunization,
    IntakeAnswer,
    KnownIdentifier,
    LabSeries,
    Measurement,
    Precision,
    Problem,
    Procedure,
    Source,
    VitalsRound,
    When,
)


def passed(gate, case, **more):
    return gate.deidentify(case, subject="s-random", timeout_s=20, **more)


def names(case, kind):
    return [f.name for f in case.of_kind(kind)]


def test_codes_values_and_clinical_words_survive(gate, chart):
    case = passed(gate, chart())
    assert case.age == "67"
    assert case.sex == "male"
    assert names(case, "complaint") == ["Chest pain since this morning"]
    assert names(case, "problem") == ["Parkinson disease", "Essential hypertension"]
    problem = next(case.of_kind("problem"))
    assert problem.codes == ("http://snomed.info/sct|49049000",)
    assert problem.interval == "over a year before"
    medication = next(case.of_kind("medication"))
    assert (medication.name, medication.text) == ("metoprolol 50 mg", "1 tablet twice daily for 30 days")
    allergy = next(case.of_kind("allergy"))
    assert (allergy.name, allergy.text) == ("Penicillin", "Hives; criticality high")
    intake = next(case.of_kind("intake"))
    assert (intake.name, intake.text) == ("What brings you in?", "It hurts to breathe")
    note = next(case.of_kind("note"))
    assert note.text == "[PATIENT_1] was seen on [DATE_1]. Thomas test negative."


def test_vitals_come_by_round_newest_first(gate, chart):
    facts = list(passed(gate, chart()).of_kind("vital"))
    latest = {f.name: (f.value, f.unit) for f in facts if f.interval == "same day" and f.value is not None}
    assert latest == {"heart_rate": (104.0, "/min"), "systolic": (98.0, "mm[Hg]")}
    assert [(f.name, f.value) for f in facts if f.interval == "1 to 7 days before" and f.value] == [
        ("heart_rate", 80.0)
    ]
    assert next(f for f in facts if f.name == "consciousness").text == "Alert"


def test_at_most_three_rounds_and_two_results_per_lab_pass(gate, chart):
    base = chart()
    rounds = tuple(replace(base.vitals[0], when=base.vitals[0].when - timedelta(days=i)) for i in range(6))
    case = passed(gate, chart(vitals=rounds))
    assert len([f for f in case.of_kind("vital") if f.name == "heart_rate"]) == MAX_ROUNDS
    assert [f.value for f in case.of_kind("lab")] == [1.9, 1.4]
    assert case.removed["over limit"] == 3 * 2


def test_implausible_values_and_unknown_units_are_left_out(gate, chart):
    base = chart()
    wrong = replace(base.labs[0].results[0], plausible=False)
    odd = replace(base.labs[0].results[1], unit="Testpersons")
    case = passed(gate, chart(labs=(replace(base.labs[0], results=(wrong, odd)),)))
    assert list(case.of_kind("lab")) == []
    assert (case.removed["implausible value"], case.removed["unit"]) == (1, 1)


def test_a_comparator_is_said_in_words(gate, chart):
    base = chart()
    low = replace(base.labs[0].results[0], comparator="<")
    case = passed(gate, chart(labs=(replace(base.labs[0], results=(low,)),)))
    assert next(case.of_kind("lab")).text == "reported as <"


def test_restricted_resources_do_not_pass_and_are_counted(gate, chart):
    case = passed(gate, chart(sensitive=frozenset({"cond-1", "doc-1", "obs-1"})))
    assert names(case, "problem") == ["Essential hypertension"]
    assert list(case.of_kind("note")) == []
    assert all(f.source not in ("cond-1", "doc-1", "obs-1") for f in case.facts)
    assert case.removed["restricted"] == 4  # one problem, one note, two values of the round


def test_local_codes_and_demographics_that_no_line_keeps_are_dropped_and_counted(gate, chart):
    case = passed(gate, chart())
    assert "QT-1958" not in case.to_json()
    for kind in ("local code", "race", "ethnicity", "language", "address", "identifier", "phone", "name", "date"):
        assert case.removed[kind] >= 1
    assert "White" not in case.to_json()


def test_no_true_date_passes(gate, chart):
    text = passed(gate, chart()).to_json()
    for year in ("1958", "2019", "2025", "2026"):
        assert year not in text


def test_the_output_is_the_same_minutes_later(gate, chart):
    first = passed(gate, chart())
    later = passed(gate, chart(now=chart().now + timedelta(minutes=7)))
    assert first.to_json() == later.to_json()


def test_moving_the_whole_chart_across_a_new_year_changes_nothing(gate, chart):
    def shifted(case, by):
        problem = replace(case.problems[1], recorded=When(start=case.problems[1].recorded.start + by))
        rounds = tuple(replace(r, when=r.when + by) for r in case.vitals)
        return replace(
            case, now=case.now + by, problems=(problem,), vitals=rounds, complaints=(), labs=(), medications=(),
            documents=(), demographics=Demographics(sex="male"),
        )  # fmt: skip

    here = passed(gate, shifted(chart(), timedelta(0)))
    there = passed(gate, shifted(chart(), timedelta(days=-20)))
    assert here.to_json() == there.to_json()


def test_a_report_and_a_statement_are_asked_for_by_their_own_paths(gate, chart):
    sources = MappingProxyType(
        {"doc-1": Source(handle="doc-1", reference="DiagnosticReport/9", resource_type="DiagnosticReport")}
    )
    assert next(passed(gate, chart(sources=sources)).of_kind("note")).text.startswith("[PATIENT_1] was seen")


@pytest.mark.parametrize("origin", list(ComplaintOrigin))
def test_the_complaint_passes_from_every_origin(gate, chart, origin):
    complaint = Complaint(concept=Concept(text="Short of breath"), origin=origin, source="c-1")
    assert names(passed(gate, chart(complaints=(complaint,))), "complaint") == ["Short of breath"]


def test_a_code_without_words_passes_as_a_code(gate, chart):
    coded = Problem(
        concept=Concept(codings=(Coding(system="http://snomed.info/sct", code="840539006"),)), source="cond-9"
    )
    (problem,) = passed(gate, chart(problems=(coded,))).of_kind("problem")
    assert (problem.name, problem.codes) == ("problem", ("http://snomed.info/sct|840539006",))


def test_a_public_code_that_is_a_number_of_the_person_is_dropped(gate, chart):
    coded = Problem(
        concept=Concept(text="Cough", codings=(Coding(system="http://snomed.info/sct", code="5550107788"),)),
        source="cond-9",
    )
    (problem,) = passed(gate, chart(problems=(coded,))).of_kind("problem")
    assert (problem.name, problem.codes) == ("Cough", ())


def test_text_beyond_the_limit_is_left_out_whole_lines_first(gate, chart):
    long = "First line is kept.\n" + "Second line is far too long. " * 40
    base = chart()
    case = passed(gate, chart(documents=(replace(base.documents[0], text=long),)), max_text_chars=400)
    (note,) = case.of_kind("note")
    assert note.text.startswith("First line is kept.")
    assert len(note.text) < 400
    assert note.text.endswith(".")
    assert case.removed["text over limit"] == 1


def test_the_case_survives_its_own_json(gate, chart):
    case = passed(gate, chart())
    assert DeidentifiedCase.from_json(case.to_json()) == case
    assert case.policy_version == gate.policy.version


def test_a_child_has_months(gate, chart):
    born = When(start=datetime(2025, 5, 20, tzinfo=UTC), precision=Precision.DAY)
    assert passed(gate, chart(demographics=Demographics(birth=born))).age == "7 months"


def test_the_birth_year_of_somebody_over_89_does_not_stay_in_text(gate, chart):
    old = chart(
        demographics=Demographics(birth=When(start=datetime(1931, 3, 4, tzinfo=UTC), precision=Precision.DAY)),
        identifiers=(KnownIdentifier(kind="birth-date", value="1931-03-04"),),
        documents=(Document(title="Note", text="Came to town in 1931. Stroke in 2001.", source="doc-1"),),
    )
    case = passed(gate, old)
    assert case.age == "90+"
    assert next(case.of_kind("note")).text == "Came to town in [DATE_1]. Stroke in 2001."


def test_an_unreadable_round_kind_does_not_pass(gate, chart):
    odd = Measurement(kind="Quentin T", value=1, unit="/min", when=None, as_written="", source="obs-1")
    rounds = (VitalsRound(when=chart().now, values={"Quentin T": odd}),)
    assert list(passed(gate, chart(vitals=rounds)).of_kind("vital")) == []


def test_a_lab_without_a_name_is_called_by_its_code(gate, chart):
    base = chart().labs[0]
    (first, _) = passed(gate, chart(labs=(LabSeries(loinc="2160-0", label="", results=base.results),))).of_kind("lab")
    assert (first.name, first.codes) == ("2160-0", ("http://loinc.org|2160-0",))


def test_an_answer_that_says_who_somebody_is_does_not_pass(gate, chart):
    asked = {"Doctor": "Small", "ZIP": "81623", "Pharmacy": "city market", "PIN": "4410", "Any doctor at home?": "yes"}
    items = tuple(
        IntakeAnswer(link_id=str(n), question=q, answer=a, source="qr-1") for n, (q, a) in enumerate(asked.items())
    )
    case = gate.deidentify(chart(intake=items), subject="s-1", timeout_s=60)
    assert [(f.name, f.text) for f in case.of_kind("intake")] == [("Any doctor at home?", "yes")]
    assert case.removed["identifying answer"] == 4


@pytest.mark.parametrize(
    ("question", "answer", "told"),
    [
        ("Since when?", "Since 5/23/2016.", ("Since when?", "Since [DATE_1].")),
        ("Seen by Quentin Testperson:", "naïve, no", ("Seen by [PATIENT_1]", "naïve, no")),
        ("Ｐａｉｎ", "10: bad", ("Pain", "10: bad")),
        ("Was Testperson well", "at 5/23/2016: yes", ("Was [PATIENT_1] well", "at [DATE_1]: yes")),
    ],
)
def test_question_and_answer_are_read_together_and_come_out_apart(gate, chart, question, answer, told):
    item = IntakeAnswer(link_id="1", question=question, answer=answer, source="qr-1")
    case = gate.deidentify(chart(intake=(item,), documents=()), subject="s-1", timeout_s=60)
    assert [(f.name, f.text) for f in case.of_kind("intake")] == [told]
    false = gate.deidentify(
        chart(intake=(item,), documents=()), subject="s-1", timeout_s=60, replacer=Surrogates(today=case_day())
    )
    assert [f.text.startswith(told[1][:2]) for f in false.of_kind("intake")] == [True]


def case_day():
    return date(2026, 1, 2)


def test_procedures_and_vaccinations_do_not_pass(gate, chart):
    """The rules read them before the gate; what was done, when and with which code stays inside."""
    when = When(start=datetime(2019, 5, 6, tzinfo=UTC))
    knee = Concept(text="Zzyzx knee replacement", codings=(Coding(system="http://snomed.info/sct", code="609588000"),))
    vaccine = Concept(text="Zzyzx vaccine", codings=(Coding(system="http://hl7.org/fhir/sid/cvx", code="140"),))
    full = replace(
        chart(),
        procedures=(Procedure(concept=knee, when=when, source="proc-1"),),
        immunizations=(Immunization(concept=vaccine, when=when, source="imm-1"),),
    )
    out = passed(gate, full).to_json()
    for word in ("Zzyzx", "609588000", "cvx", "proc-1", "imm-1", "2019"):
        assert word not in out
    assert out == passed(gate, chart()).to_json()
