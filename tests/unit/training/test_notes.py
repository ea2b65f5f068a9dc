"""The generator of synthetic notes."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter

import pytest
from rapidfuzz.distance import OSA

from cds_service.training.notes import FAMILIES, GENERATOR_VERSION, KINDS, LABELS, generate, templates
from cds_service.training.notes.clinical import is_clinical, terms
from cds_service.training.notes.names import belongs, fold, name_words, pools
from cds_service.training.notes.note import SyntheticNote, assemble, disassemble
from cds_service.training.notes.people import FORMS
from cds_service.training.notes.styles import bare, lower, unaccented, upper


@pytest.fixture(scope="module", params=FAMILIES)
def some(request: pytest.FixtureRequest) -> list[SyntheticNote]:
    return list(generate(400, seed=11, family=request.param))


def plain(label: str) -> str:
    return label.split(".")[0]


def test_spans_are_sorted_disjoint_tight_and_labelled(some):
    for note in some:
        last = 0
        for start, end, label in note.spans:
            assert last <= start < end <= len(note.text)
            assert note.text[start:end] == note.text[start:end].strip()
            assert plain(label) in LABELS
            last = end


def test_every_label_occurs_and_every_kind(some):
    assert {plain(label) for note in some for _, _, label in note.spans} == set(LABELS)
    assert {note.kind for note in some} == {"note", "query", "sentence"}


def test_nothing_is_left_unfilled(some):
    for note in some:
        assert not re.search(r"\{@?[a-z]+\d?[.}]|\[[^\[\]\n]*\|[^\[\]\n]*\]", note.text)


def test_a_value_marked_once_is_marked_wherever_it_stands(some):
    """Only names that are no words of medicine or of the templates can be looked for in the text."""
    words = {
        w for family in FAMILIES for group in templates(family).groups.values() for w in fold(" ".join(group)).split()
    }
    words |= {
        w for family in FAMILIES for _, t in templates(family).by_kind["note"] for w in re.findall("[a-z]+", fold(t))
    }
    clinical = re.findall("[a-z]+", fold(" ".join(t for name in CLINICAL for t in terms(name))))
    ordinary = {re.sub("[^a-z]", "", w) for w in words} | set(clinical) | set(fold(" ".join(pools_of_words())).split())
    looked_for = 0
    for note in some:
        covered = {at for start, end, _ in note.spans for at in range(start, end)}
        parts = {
            part
            for start, end, label in note.spans
            if plain(label) == "NAME"
            for part in re.findall(r"[^\W\d_]{5,}", note.text[start:end])
            if fold(part) not in ordinary
        }
        for part in parts:
            for match in re.finditer(rf"(?<!\w){re.escape(part)}(?!\w)", note.text):
                looked_for += 1
                eponym = re.match(r"(?:'?s)?[ -][\w-]+", note.text[match.end() :])
                assert match.start() in covered or eponym, note.template
    assert looked_for > 500


CLINICAL = ("conditions", "drugs", "brands", "eponyms", "signs", "scores", "tests", "devices", "anatomy", "procedures",
            "trials", "organisms", "bodies", "brands_other", "headings", "specialties", "symptoms")  # fmt: skip


def pools_of_words() -> list[str]:
    return [n for f in FAMILIES for p in pools(f) if p.origin == "words" for n in (*p.first, *p.last)]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    def lines(seed: int) -> list[str]:
        return [note.to_json() for note in generate(40, seed=seed, family="held-out")]

    assert lines(3) == lines(3)
    assert lines(3) != lines(4)


# Of 100 mixed notes of either family with seed 1. Other bytes need another version, and a model trained on them.
DIGESTS = {"2": "1e05eb0b80f42e50"}


def test_other_bytes_need_another_generator_version():
    digest = hashlib.blake2s(digest_size=8)
    for family in FAMILIES:
        for note in generate(100, seed=1, family=family):
            digest.update(note.to_json().encode())
    assert DIGESTS[GENERATOR_VERSION] == digest.hexdigest()


def test_the_families_share_no_template_and_no_group_line():
    def all_lines(family: str) -> set[str]:
        found = templates(family)
        documents = (line for kind in found.by_kind.values() for _, text in kind for line in text.splitlines())
        lines = {line.strip() for line in (*documents, *(line for group in found.groups.values() for line in group))}
        return {line for line in lines if len(re.sub(r"\{[^{}]*\}", "", line).split()) > 1}

    assert not all_lines("train") & all_lines("held-out")
    assert len(templates("train").by_kind["query"]) >= 40


def test_the_families_share_no_name_and_both_know_many_origins():
    train, held_out = ({fold(n) for p in pools(f) for n in (*p.first, *p.last)} for f in FAMILIES)
    assert not train & held_out
    assert len(train) > 10_000
    assert len(held_out) > 2_000
    assert min(len(pools(f)) for f in FAMILIES) >= 40


@pytest.mark.parametrize("family", FAMILIES)
def test_names_in_text_stay_in_their_family(family):
    other = next(f for f in FAMILIES if f != family)
    seen = Counter(
        belongs(word, other)
        for note in generate(200, seed=5, family=family)
        for start, end, label in note.spans
        if plain(label) == "NAME"
        for word in name_words(note.text[start:end])
    )
    assert seen[False] > 300
    assert seen[True] <= 0.02 * seen[False]  # "O'" and the like, run together with a name when typed in a hurry


@pytest.mark.parametrize("family", FAMILIES)
def test_phi_free_texts_have_no_spans_beside_insurers_and_ages(family):
    labels = {label for note in generate(500, seed=2, family=family, kind="phi-free") for _, _, label in note.spans}
    assert labels <= {"ORG", "AGE"}


def test_the_vocabulary_is_broad():
    assert len(terms("conditions")) >= 300
    assert len(terms("drugs")) + len(terms("brands")) >= 600
    assert len(terms("eponyms")) + len(terms("signs")) + len(terms("scores")) >= 400
    assert len(terms("tests")) + len(terms("devices")) >= 200
    assert is_clinical("cond")


def test_kinds_yield_what_they_say():
    for kind in KINDS:
        kinds = {note.kind for note in generate(60, seed=1, family="train", kind=kind)}
        assert kinds <= {"note": {"note"}, "query": {"query", "sentence"}}.get(kind, {"note", "query", "sentence"})


# -- bundles ----------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def with_bundle() -> list[SyntheticNote]:
    return [n for n in generate(120, seed=9, family="held-out", kind="note") if n.bundle]


def test_half_of_the_held_out_notes_have_a_bundle_with_known_and_unknown_mentions(with_bundle):
    assert 40 <= len(with_bundle) <= 80
    ends = Counter(label[-2:] for note in with_bundle for _, _, label in note.spans)
    assert set(ends) == {".k", ".u"}
    assert min(ends.values()) > 100
    assert all("." not in label for n in generate(50, seed=9, family="train", kind="note") for _, _, label in n.spans)
    assert json.loads(with_bundle[0].to_json())["bundle"]["resourceType"] == "Bundle"


def test_known_names_stand_in_the_bundle_in_some_form(with_bundle):
    for note in with_bundle:
        parts = {w for r in resources(note) for n in r.get("name", []) if isinstance(n, dict)
                 for text in (n["family"], *n["given"], *n.get("suffix", [])) for w in words(text)}  # fmt: skip
        for text in known(note, "NAME"):
            for word in words(text):
                close = any(OSA.distance(word, part) <= 1 for part in parts)
                joined = any(part and part in word for part in parts)
                initial = len(word) <= 2 and any(part.startswith(word[0]) for part in parts)
                assert close or joined or initial or is_nickname(word, parts), note.template


def test_known_numbers_dates_and_places_stand_in_the_bundle(with_bundle):
    for note in with_bundle:
        everything = fold(json.dumps(note.bundle, ensure_ascii=False))
        digits = re.sub(r"\D", "", everything)
        for text in (*known(note, "PHONE"), *known(note, "ID")):
            bare_number = re.sub(r"\D", "", re.sub(r" [xX]\d+$", "", text))
            assert bare_number in digits or bare_number.removeprefix("1") in digits
        for label in ("LOC", "FACILITY", "EMAIL"):
            for text in known(note, label):
                assert squeezed(text) in squeezed(everything)
        days = set(re.findall(r"\d{4}-\d\d-\d\d", everything))
        for text in known(note, "DATE"):
            numbers = {int(x) for x in re.findall(r"\d+", text)}
            assert any(int(d[8:]) in numbers or d.replace("-", "") in text for d in days), note.template


def resources(note: SyntheticNote) -> list[dict]:
    return [entry["resource"] for entry in note.bundle["entry"]]


def known(note: SyntheticNote, label: str) -> list[str]:
    return [note.text[start:end] for start, end, found in note.spans if found == f"{label}.k"]


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", fold(text).replace("'", ""))


def squeezed(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(text))


def is_nickname(word: str, parts: set[str]) -> bool:
    from nicknames import NickNamer

    return any(word in {fold(n) for n in NickNamer().nicknames_of(part)} for part in parts)


# -- pieces, forms and styles -----------------------------------------------------------------------------------------
def test_pieces_survive_taking_apart_and_putting_together():
    for note in generate(30, seed=6, family="train", kind="note"):
        text, spans = assemble(disassemble(note.text, note.spans))
        assert text == note.text
        assert tuple((s, e, label) for s, e, label, _ in spans) == note.spans


def test_styles_change_case_punctuation_and_accents_and_keep_the_spans():
    from random import Random

    from cds_service.training.notes.note import Piece

    pieces = [Piece("Seen by Dr. "), Piece("Müller, José", "NAME"), Piece(", on "), Piece("1/2/20", "DATE"), Piece(".")]
    for style, wanted in (
        (lower, "seen by dr. müller, josé, on 1/2/20."),
        (upper, "SEEN BY DR. MÜLLER, JOSÉ, ON 1/2/20."),
        (bare, "Seen by Dr Müller José on 1/2/20"),
        (unaccented, "Seen by Dr. Muller, Jose, on 1/2/20."),
    ):
        text, spans = assemble(style(pieces, Random(1)))
        assert text == wanted
        assert fold(text[slice(*spans[0][:2])]).replace(",", "") == "muller jose"
        assert text[slice(*spans[1][:2])] == "1/2/20"


def test_every_form_of_a_name_marks_it_and_leaves_titles_out():
    from random import Random

    from cds_service.training.notes.people import Person

    person = Person(
        given="Ann", middle="Bea", family="Smith", nickname="Annie", suffix="", female=True, family_first=False
    )
    rng = Random(1)
    for name, form in FORMS.items():
        for _ in range(40):
            pieces = form(rng, person)
            marked = [p.text for p in pieces if p.label == "NAME"]
            assert len(marked) == 1, name
            assert not re.search(r"\b(?:Dr|Mrs|Ms|RN|MD|nurse)\b", marked[0])
