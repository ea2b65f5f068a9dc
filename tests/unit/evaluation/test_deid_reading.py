"""Labelled texts of three formats, recognised by what they hold; what the law calls no identifier is neutral."""

import json

import pytest

from cds_service.evaluation.deid.gold import UnreadableGold
from cds_service.evaluation.deid.kinds import packaged_kinds
from cds_service.evaluation.deid.reading import read_gold

TEXT = "Ann Lee of Acme, MRN 4711, Tricare."
SPANS = [[0, 7, "NAME.k"], [11, 15, "FAC*"], [21, 25, "MRN.u"], [27, 34, "ORG.u"]]


@pytest.fixture
def written(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    return write


def marked(document):
    return [(document.text[i.start : i.end], i.kind) for i in document.identifiers]


def stands(document):
    return [document.text[start:end] for start, end in document.neutral]


def test_a_line_of_our_own_format_says_what_is_known_and_what_is_neutral(written):
    bundle = {"resourceType": "Bundle", "entry": []}
    lines = [json.dumps({"text": TEXT, "spans": SPANS, "bundle": bundle}), "", json.dumps({"text": "No fever."})]
    gold = read_gold(written("own.jsonl", "\n".join(lines)))
    note, free = gold.documents
    assert gold.form == "JSON lines"
    assert gold.name.endswith("/own")
    assert marked(note) == [("Ann Lee", "NAME"), ("4711", "ID")]
    assert [i.known for i in note.identifiers] == [True, False]
    assert (stands(note), note.bundle) == (["Acme", "Tricare"], bundle)
    assert (note.phi_free, free.phi_free) == (False, True)


def test_a_file_of_one_line_is_read_as_lines(written):
    assert len(read_gold(written("one.json", json.dumps({"text": TEXT, "spans": SPANS}))).documents) == 1


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '"text"', "{}", '{"text": 5}', '{"text": "x", "spans": [[0, 9, "NAME"]]}',
     '{"text": "x", "spans": [[0, 1]]}', '{"text": "x", "spans": [["0", 1, "NAME"]]}',
     '{"text": "x", "spans": [[0, 1, 7]]}', '{"text": "x", "spans": 7}'],
)  # fmt: skip
def test_a_wrong_line_is_named_by_its_number_and_not_by_its_words(written, line):
    path = written("secret.jsonl", '{"text": "fine"}\n' + line)
    with pytest.raises(UnreadableGold, match=r"^secret.jsonl: entry 2 is no labelled text"):
        read_gold(path)


@pytest.mark.parametrize(("name", "content"), [("empty.jsonl", ""), ("empty.json", "[]"), ("head.csv", "a,b\n")])
def test_a_file_without_texts_is_refused(written, name, content):
    written("head_metadata.csv", "encounter_id\n")
    with pytest.raises(UnreadableGold):
        read_gold(written(name, content))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "raw.jsonl").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(UnreadableGold, match="cannot be read"):
        read_gold(tmp_path / "raw.jsonl")


def entry(text, *spans):
    made = [
        {"entity_type": kind, "start_position": text.index(value), "end_position": text.index(value) + len(value)}
        for value, kind in spans
    ]
    return {"full_text": text, "spans": made}


def test_presidio_research_types_become_kinds_or_neutral(written):
    text = "Dr. Ann Lee, 42, a Swede of Acme, moved to Bergen on 3/4/2020; x@y.org"
    spans = [("Dr.", "TITLE"), ("Ann Lee", "PERSON"), ("42", "AGE"), ("Swede", "NRP"), ("Acme", "ORGANIZATION"),
             ("Bergen", "GPE"), ("3/4/2020", "DATE_TIME"), ("x@y.org", "EMAIL_ADDRESS")]  # fmt: skip
    gold = read_gold(
        written(
            "research.json",
            [
                entry(text, *spans),
                entry("In 1999 at 10:30 in Norway", ("1999", "DATE_TIME"), ("10:30", "DATE_TIME"), ("Norway", "GPE")),
            ],
        )
    )
    first, second = gold.documents
    assert gold.form == "presidio-research"
    assert marked(first) == [
        ("Ann Lee", "NAME"), ("Bergen", "PLACE"), ("3/4/2020", "DATE"), ("x@y.org", "EMAIL")
    ]  # fmt: skip
    assert stands(first) == ["Dr.", "42", "Swede", "Acme"]
    assert (second.phi_free, stands(second)) == (True, ["1999", "10:30", "Norway"])


def test_an_unlisted_presidio_research_type_is_refused_and_not_guessed(written):
    with pytest.raises(UnreadableGold, match="entry 1"):
        read_gold(written("new.json", [entry("x", ("x", "SHOE_SIZE"))]))


def test_states_and_countries_inside_an_address_may_stay(written):
    text = "12 Elm Road\nSpringfield\n, IL 62701\nUnited States"
    (document,) = read_gold(written("address.json", [entry(text, (text, "STREET_ADDRESS"))])).documents
    assert sorted(set(stands(document))) == ["IL", "United States"]


@pytest.mark.parametrize(("age", "kind"), [("89", None), ("90", "AGE"), ("104", "AGE"), ("old", None)])
def test_only_ages_over_89_are_identifiers(age, kind):
    assert packaged_kinds().of_entity("AGE", age) == kind


@pytest.mark.parametrize(
    ("place", "kind"), [("NY", None), ("ohio", None), ("Cyprus (Greek)", None), ("Ghent", "PLACE")]
)
def test_only_places_smaller_than_a_state_are_identifiers(place, kind):
    assert packaged_kinds().of_entity("GPE", place) == kind


META = "encounter_id,patient_firstname,patient_familyname,doctor_name\nE1,ann,walker,Dr. Miller\n"
NOTE = "Ann Walker uses a walker. Walker rails fixed. Ms. Walker met Dr. Miller and Dr. Stone on 3/4/2021, Ann said."


def test_aci_bench_names_are_found_where_they_are_names(written):
    written("visits_metadata.csv", META)
    path = written("visits.csv", f'encounter_id,note,dialogue\nE1,"{NOTE}","[doctor] hello ann\nAnn: hi"\n')
    gold = read_gold(path)
    (document,) = gold.documents
    assert gold.form == "ACI-Bench"
    assert [value for value, _ in marked(document)] == ["Ann Walker", "Walker", "Miller", "Ann"]
    assert document.text[: document.identifiers[1].start].endswith("Ms. ")
    assert stands(document) == ["Stone", "3/4/2021"]
    assert not document.phi_free
    assert not document.complete
    (talk,) = read_gold(path, dialogues=True).documents
    assert [value for value, _ in marked(talk)] == []  # "ann" is in small letters too, so "Ann" alone may be a word


def test_aci_bench_without_its_metadata_is_refused(written):
    path = written("alone.csv", "encounter_id,note\nE1,hello\n")
    with pytest.raises(UnreadableGold, match=r"alone_metadata.csv"):
        read_gold(path)
    written("alone_metadata.csv", META.replace("E1", "E2"))
    with pytest.raises(UnreadableGold, match="no line in the metadata"):
        read_gold(path)
    written("alone_metadata.csv", META)
    with pytest.raises(UnreadableGold, match="needs the columns"):
        read_gold(path, dialogues=True)
