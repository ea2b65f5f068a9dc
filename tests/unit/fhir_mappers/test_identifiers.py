"""Every identifying string of a request is collected, refused resources included."""

# ruff: noqa: E501 - a case is read in one line
import pytest

from tests.support.fhir_values import LOINC, ME, condition, encounter, intake, observation, patient

PERSON = patient(
    id="mrn0012345",
    name=[{"prefix": ["Dr."], "given": ["Zeddy", "Quill"], "family": "Fictional", "suffix": ["Jr."], "text": "Zed F."}],
    telecom=[{"system": "phone", "value": "555-0100"}, {"system": "email", "value": "zed@example.org"}],
    address=[{"line": ["1 Nowhere Lane"], "city": "Inventville", "district": "Made County", "postalCode": "00000"}],
    identifier=[{"system": "urn:mrn", "value": "MRN-77-001"}],
    contact=[
        {"name": {"given": ["Mumsy"], "family": "Pretend"}, "telecom": [{"system": "phone", "value": "555-0101"}]}
    ],
    generalPractitioner=[{"reference": "Practitioner/d1", "display": "Dr. Ima Gina"}],
    managingOrganization={"display": "Castle-in-the-Air Clinic"},
    photo=[{"url": "https://example.org/zed.png"}],
    extension=[
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "valueString": "Mythic"},
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": {"city": "Fabletown"}},
    ],
)


def found(case):
    return {(i.kind, i.value, i.role) for i in case.identifiers}


@pytest.mark.parametrize(
    "expected",
    [
        ("identifier", "mrn0012345", "patient"),
        ("name", "Zeddy Quill Fictional", "patient"),
        ("name", "Zed F.", "patient"),
        ("given", "Zeddy", "patient"),
        ("given", "Quill", "patient"),
        ("family", "Fictional", "patient"),
        ("prefix", "Dr.", "patient"),
        ("prefix", "Jr.", "patient"),
        ("phone", "555-0100", "patient"),
        ("email", "zed@example.org", "patient"),
        ("address-line", "1 Nowhere Lane", "patient"),
        ("city", "Inventville", "patient"),
        ("county", "Made County", "patient"),
        ("postal-code", "00000", "patient"),
        ("identifier", "MRN-77-001", "patient"),
        ("birth-date", "1960-02-03", "patient"),
        ("photo", "https://example.org/zed.png", "patient"),
        ("family", "Pretend", "relative"),
        ("phone", "555-0101", "relative"),
        ("family", "Mythic", "relative"),
        ("city", "Fabletown", "patient"),
        ("name", "Dr. Ima Gina", "practitioner"),
        ("organization", "Castle-in-the-Air Clinic", "organization"),
    ],
)
def test_the_patient_is_known_by(chart, expected):
    from fhir_mappers.mapping import map_case
    from tests.support.fhir_values import NOW

    case = map_case({"patient": PERSON}, patient_id=PERSON["id"], encounter_id=None, now=NOW)
    assert expected in found(case)


def test_people_and_places_of_other_resources_are_known(chart):
    case = chart(
        {"resourceType": "RelatedPerson", "name": [{"family": "Kinfolk"}]},
        {"resourceType": "Practitioner", "id": "d1", "name": [{"family": "Curewell"}]},
        {"resourceType": "Organization", "name": "Utopia Health", "alias": ["UH"]},
        {"resourceType": "Location", "name": "Ward Elsewhere"},
        encounter(participant=[{"individual": {"display": "Nurse Nobody"}}], period={"start": "2031-05-06T11:00:00Z"}),
        condition(
            recorder={"display": "Dr. Phantom"},
            contained=[{"resourceType": "Practitioner", "name": [{"family": "Boxed"}]}],
        ),
    )
    assert {
        ("family", "Kinfolk", "relative"), ("family", "Curewell", "practitioner"), ("family", "Boxed", "practitioner"),
        ("organization", "Utopia Health", "organization"), ("organization", "UH", "organization"),
        ("location", "Ward Elsewhere", "location"), ("name", "Nurse Nobody", "practitioner"),
        ("name", "Dr. Phantom", "practitioner"), ("date", "2031-05-06", "encounter"),
    } <= found(case)  # fmt: skip


def test_names_of_a_refused_resource_are_known(chart):
    case = chart(condition(subject={"reference": "Patient/p2", "display": "Otto Other"}, recorder=5))
    assert case.problems == ()
    assert ("name", "Otto Other", "patient") in found(case)


def test_answers_that_identify_are_known_and_others_are_not(chart):
    case = chart(
        intake(
            {"linkId": "1", "text": "What is your full name?", "answer": [{"valueString": "Zelda Fable"}]},
            {"linkId": "homeAddress", "answer": [{"valueString": "2 Nowhere Lane"}]},
            {"linkId": "3", "text": "Who is your employer?", "answer": [{"valueString": "Chimera Ltd"}]},
            {"linkId": "4", "text": "Name of your medicine?", "answer": [{"valueString": "Inventedol"}]},
        ),
        observation("56799-0", valueString="3 Nowhere Lane"),
    )
    values = {i.value for i in case.identifiers}
    assert {"Zelda Fable", "2 Nowhere Lane", "Chimera Ltd", "3 Nowhere Lane"} <= values
    assert "Inventedol" not in values


def test_clinical_words_are_not_identifiers(chart):
    case = chart(
        condition(
            code={"coding": [{"system": LOINC, "code": "1", "display": "Asthma"}]},
            evidence=[{"detail": [{"display": "Wheeze"}]}],
        ),
        {"resourceType": "MedicationRequest", "status": "active", "intent": "order", "subject": ME,
         "medicationReference": {"reference": "Medication/m", "display": "Inventedol"}},
    )  # fmt: skip
    assert {"Asthma", "Wheeze", "Inventedol"}.isdisjoint(i.value for i in case.identifiers)


EXTENDED = [
    ({"resourceType": "Coverage", "subscriberId": "SUB-88120", "payor": [{"display": "Chimera Mutual"}],
      "subscriber": {"display": "Zeddy Policyholder"}, "period": {"start": "2029-02-03"},
      "class": [{"value": "GRP-5521"}, {"name": "gold"}]},
     [("identifier", "SUB-88120", "patient"), ("organization", "Chimera Mutual", "organization"),
      ("name", "Zeddy Policyholder", "patient"), ("date", "2029-02-03", "encounter"),
      ("identifier", "GRP-5521", "patient")]),
    ({"resourceType": "Account", "name": "Account of Zeddy", "identifier": [{"value": "ACC-7"}],
      "owner": {"display": "Hippogriff Billing"}, "servicePeriod": {"end": "2030-07-08T10:00:00Z"}},
     [("identifier", "ACC-7", "patient"), ("organization", "Hippogriff Billing", "organization"),
      ("date", "2030-07-08", "encounter")]),
    ({"resourceType": "Device", "serialNumber": "SN-90031X", "udiCarrier": [{"carrierHRF": "(01)0999(21)A1"}]},
     [("identifier", "SN-90031X", "patient"), ("identifier", "(01)0999(21)A1", "patient")]),
    ({"resourceType": "Appointment", "start": "2031-06-01T09:00:00Z", "participant": [{"actor": {"display": "Ada Slot"}}]},
     [("date", "2031-06-01", "encounter"), ("name", "Ada Slot", "practitioner")]),
    ({"resourceType": "PractitionerRole", "practitioner": {"display": "Dr. Rolf Role"},
      "healthcareService": [{"display": "Griffin Eye Unit"}], "telecom": [{"system": "phone", "value": "555-0144"}]},
     [("name", "Dr. Rolf Role", "practitioner"), ("organization", "Griffin Eye Unit", "organization"),
      ("phone", "555-0144", "practitioner")]),
    ({"resourceType": "Practitioner", "qualification": [{"identifier": [{"value": "LIC-4432"}],
      "issuer": {"display": "Board of Nowhere"}}]},
     [("identifier", "LIC-4432", "practitioner"), ("organization", "Board of Nowhere", "organization")]),
    ({"resourceType": "RelatedPerson", "birthDate": "1990-10-11", "period": {"start": "2021-03-04"}},
     [("birth-date", "1990-10-11", "relative"), ("date", "2021-03-04", "encounter")]),
    ({"resourceType": "Person", "name": [{"family": "Doppel", "period": {"end": "2018-09"}}],
      "managingOrganization": {"display": "Minotaur Registry"}},
     [("family", "Doppel", "relative"), ("date", "2018-09", "encounter"),
      ("organization", "Minotaur Registry", "organization")]),
    ({"resourceType": "Organization", "contact": [{"name": {"text": "Olga Orgperson"},
      "telecom": [{"system": "email", "value": "olga@utopia.example"}], "address": {"line": ["9 Desk Row"]}}],
      "partOf": {"display": "Leviathan Group"}},
     [("name", "Olga Orgperson", "organization"), ("email", "olga@utopia.example", "organization"),
      ("address-line", "9 Desk Row", "organization"), ("organization", "Leviathan Group", "organization")]),
    ({"resourceType": "Location", "name": "Cyclops Tower", "alias": ["The Eye"], "address": {"city": "Atlantis"},
      "managingOrganization": {"display": "Sphinx Care"}},
     [("location", "Cyclops Tower", "location"), ("location", "The Eye", "location"), ("city", "Atlantis", "location"),
      ("organization", "Sphinx Care", "organization")]),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "expected"), EXTENDED, ids=[r["resourceType"] for r, _ in EXTENDED])
def test_each_type_that_names_people_or_places_is_read(chart, resource, expected):
    assert set(expected) <= found(chart(resource))


def test_all_that_an_encounter_tells_is_known(chart):
    case = chart(
        encounter(
            identifier=[{"value": "A12"}],
            account=[{"display": "Kraken Fund"}],
            period={"start": "2031-05-06T11:00:00Z", "end": "2031-05-07"},
            statusHistory=[{"status": "arrived", "period": {"start": "2031-05-05"}}],
            location=[{"location": {"display": "Bay Hydra 4"}, "period": {"start": "2031-05-04T01:00:00Z"}}],
            hospitalization={"origin": {"display": "Gorgon House"}, "preAdmissionIdentifier": {"value": "PRE-9"}},
            serviceProvider={"display": "Utopia Health"},
        )
    )
    assert {
        ("identifier", "A12", "encounter"), ("organization", "Kraken Fund", "organization"),
        ("date", "2031-05-06", "encounter"), ("date", "2031-05-07", "encounter"), ("date", "2031-05-05", "encounter"),
        ("date", "2031-05-04", "encounter"), ("location", "Bay Hydra 4", "location"),
        ("location", "Gorgon House", "location"), ("identifier", "PRE-9", "encounter"),
        ("organization", "Utopia Health", "organization"),
    } <= found(case)  # fmt: skip


def test_a_patient_is_known_by_employer_birthplace_aliases_and_periods():
    from fhir_mappers.mapping import map_case
    from tests.support.fhir_values import NOW

    base = "http://example.org/StructureDefinition/"
    person = patient(
        name=[{"text": "Zed Fable", "period": {"start": "2001-02-03"}}, {"use": "maiden", "family": "Erstwhile"}],
        address=[{"city": "Fableton", "period": {"end": "2019-04-05"}}],
        deceasedDateTime="2030-12-24T03:00:00Z",
        contact=[{"organization": {"display": "Contact Guild"}, "name": {"text": "Kin Person"}}],
        link=[{"other": {"display": "Zed Twin"}}],
        contained=[
            {"resourceType": "RelatedPerson", "name": [{"family": "Inner"}]},
            {"resourceType": "Encounter", "period": {"start": "2028-08-09"}},
        ],
        extension=[
            {"url": base + "patient-employer", "valueString": "Basilisk Works"},
            {"url": base + "employer", "valueReference": {"display": "Wyvern Mill"}},
            {"url": base + "birthPlace", "valueString": "Old Fableton"},
            {"url": base + "preferred-name", "valueString": "Zeddy"},
        ],
    )
    case = map_case({"patient": person}, patient_id=person["id"], encounter_id=None, now=NOW)
    assert {
        ("family", "Erstwhile", "patient"), ("date", "2001-02-03", "encounter"), ("date", "2019-04-05", "encounter"),
        ("date", "2030-12-24", "encounter"), ("organization", "Contact Guild", "organization"),
        ("name", "Kin Person", "relative"), ("name", "Zed Twin", "relative"), ("family", "Inner", "relative"),
        ("date", "2028-08-09", "encounter"), ("organization", "Basilisk Works", "organization"),
        ("organization", "Wyvern Mill", "organization"), ("city", "Old Fableton", "patient"),
        ("name", "Zeddy", "patient"),
    } <= found(case)  # fmt: skip


def test_the_dates_of_findings_are_known_and_those_of_the_system_and_words_of_coverage_are_not(chart):
    case = chart(
        condition(onsetPeriod={"start": "2020-01-02"}, recordedDate="2020-03", meta={"lastUpdated": "2020-04-05"}),
        {"resourceType": "Coverage", "class": [{"name": "gold", "value": "gold"}]},
    )
    values = {i.value for i in case.identifiers}
    assert {"2020-01-02", "2020-03"} <= values
    assert {"2020-04-05", "gold"}.isdisjoint(values)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"telecom": [{"system": "other", "value": "zeddy.chat"}]}, ("url", "zeddy.chat", "patient")),
        ({"telecom": [{"value": "555-010-0199"}]}, ("phone", "555-010-0199", "patient")),
        ({"telecom": [{"value": "zed@example.org"}]}, ("email", "zed@example.org", "patient")),
        ({"identifier": [{"value": 771820}]}, ("identifier", "771820", "patient")),
        (
            {"photo": [{"url": "https://example.org/z.png", "title": "zed_face.jpg"}]},
            ("photo", "zed_face.jpg", "patient"),
        ),
        (
            {
                "address": [
                    {
                        "_line": [
                            {
                                "extension": [
                                    {
                                        "url": "http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-streetName",
                                        "valueString": "Quarrybrook",
                                    }
                                ]
                            }
                        ]
                    }
                ]
            },
            ("address-line", "Quarrybrook", "patient"),
        ),
    ],
)
def test_contacts_numbers_and_address_parts_of_odd_kinds_are_known(resource, expected):
    from fhir_mappers.mapping import map_case
    from tests.support.fhir_values import NOW

    case = map_case({"patient": PERSON | resource}, patient_id=PERSON["id"], encounter_id=None, now=NOW)
    assert expected in found(case)


def test_the_numbers_inside_a_barcode_and_lots_are_known(chart):
    device = {
        "resourceType": "Device",
        "lotNumber": "LQ99127",
        "udiCarrier": [{"carrierHRF": "(01)00844588(21)SN88127"}],
    }
    values = {value for kind, value, _ in found(chart(device)) if kind == "identifier"}
    assert {"LQ99127", "SN88127"} <= values
    assert "00844588" not in values
