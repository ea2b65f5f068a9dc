"""The name model: trained small, and as packaged."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

import anonymization
from cds_service.training.names_model import LABELS, METRICS, measure, train
from cds_service.training.notes import GENERATOR_VERSION, generate

PACKAGED = Path(anonymization.__file__).parent / "names_model"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("names")
    steps = []
    trained = train(notes=60, seed=3, epochs=2, show=lambda step, share: steps.append((step, share)))
    trained.save(folder / "model")
    return trained, folder / "model", steps


def test_a_tiny_training_yields_a_model_that_loads_and_reads(tiny):
    import spacy

    trained, folder, steps = tiny
    loaded = spacy.load(folder)
    assert set(loaded.get_pipe("ner").labels) == set(LABELS)
    text = "Seen with Dr. Wilson in Springfield."
    assert [(e.text, e.label_) for e in loaded(text).ents] == [(e.text, e.label_) for e in trained.nlp(text).ents]
    assert ("Train", 1.0) in steps


def test_training_writes_what_it_measured_beside_the_model(tiny):
    metrics = json.loads((tiny[1] / METRICS).read_text())
    assert metrics["generator_version"] == GENERATOR_VERSION
    assert (metrics["seed"], metrics["notes"], metrics["epochs"]) == (3, 60, 2)
    assert metrics["examples"] >= 60
    assert metrics["bytes"] > 1_000_000
    assert metrics["characters_per_second"] > 0
    for part in ("dev", "held-out"):
        assert set(metrics[part]["labels"]) == set(LABELS)
        assert metrics[part]["labels"]["NAME"]["gold"] > 0


def test_the_same_seed_gives_the_same_weights(tiny):
    trained, _, _ = tiny
    again = train(notes=60, seed=3, epochs=2)
    assert again.nlp.get_pipe("ner").model.to_bytes() == trained.nlp.get_pipe("ner").model.to_bytes()
    assert again.metrics["dev"] == trained.metrics["dev"]


def test_the_saved_model_holds_no_pickle_and_no_generated_name(tiny):
    vocabulary = set(json.loads((tiny[1] / "vocab" / "strings.json").read_text()))
    for note in generate(60, seed=3, family="train", kind="note"):
        for start, end, label in note.spans:
            word = note.text[start:end]
            if label == "NAME" and word.isalpha() and len(word) > 5:
                assert word not in vocabulary
    assert not [f for f in tiny[1].rglob("*") if f.is_file() and f.read_bytes()[:2] in (b"\x80\x04", b"\x80\x05")]


# -- as packaged ----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def packaged():
    import spacy

    def no_network(*_args, **_kwargs):
        raise AssertionError("loading the model asked the network")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", no_network)
        return spacy.load(PACKAGED)


def found(nlp, text: str) -> set[tuple[str, str]]:
    return {(entity.text, entity.label_) for entity in nlp(text).ents}


def test_the_packaged_model_is_small_and_of_this_generator():
    metrics = json.loads((PACKAGED / METRICS).read_text())
    assert metrics["generator_version"] == GENERATOR_VERSION
    assert sum(f.stat().st_size for f in PACKAGED.rglob("*") if f.is_file()) < 10_000_000
    assert metrics["held-out"]["characters"]["recall"] > 0.85


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("I spoke with Margaret Hollis about the biopsy result.", "Margaret Hollis"),
        ("Mr. Oyelaran was discharged this morning.", "Oyelaran"),
        ("NGUYEN, THI LAN was seen for chest pain.", "NGUYEN, THI LAN"),
        ("my patient deborah whitfield has afib, is apixaban ok?", "deborah whitfield"),
        ("Dr. Castellanos will see her next week.", "Castellanos"),
    ],
)
def test_the_packaged_model_finds_plain_names(packaged, text, name):
    assert (name, "NAME") in found(packaged, text)


def test_the_packaged_model_finds_towns_and_facilities(packaged):
    labels = {label for _, label in found(packaged, "She lives in Maplewood and was treated at Saint Agnes Hospital.")}
    assert labels == {"LOC", "FACILITY"}


@pytest.mark.parametrize(
    "text",
    [
        "Started metformin 500 mg BID and continued lisinopril.",
        "Lipitor 40 mg at bedtime; stop Eliquis before surgery.",
        "Is amoxicillin safe with warfarin?",
        "Parkinson disease and Crohn disease, no Murphy sign.",
        "CHA2DS2-VASc of 4, HAS-BLED 2.",
    ],
)
def test_the_packaged_model_leaves_drugs_and_eponyms_alone(packaged, text):
    assert not found(packaged, text)


def test_the_packaged_model_reaches_what_its_metrics_say_on_fresh_held_out_notes(packaged):
    claimed = json.loads((PACKAGED / METRICS).read_text())["held-out"]
    fresh = measure(packaged, generate(250, seed=977, family="held-out"))
    assert fresh["characters"]["recall"] > claimed["characters"]["recall"] - 0.03
    assert fresh["characters"]["masked_beside_identifiers"] < claimed["characters"]["masked_beside_identifiers"] + 0.01
