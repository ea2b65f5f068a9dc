"""Names that are also words: 150 sentences and more where they are names, as many where they are not."""

import re
from pathlib import Path

import pytest

from anonymization.known import KnownMatcher
from anonymization.lexicon import packaged_lexicon, words
from fhir_mappers.case import KnownIdentifier

HERE = Path(__file__).parent / "weak_names"
GUIDELINES = Path(__file__).parents[3] / "cds_service" / "retrieval" / "guidelines"
_BRACED = re.compile(r"\{([^}]*)\}")


def cases(name):
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [tuple(line.split(" | ", 1)) for line in lines if line and not line.startswith("#")]


def matcher(person):
    given, family = person.split(" ", 1)
    return KnownMatcher(
        [KnownIdentifier(kind=k, value=v) for k, v in (("name", person), ("given", given), ("family", family))]
    )


def found(person, text):
    """The places of `text` that the matcher covers."""
    return {i for hit in matcher(person).find(text) for i in range(hit.start, hit.end)}


@pytest.mark.parametrize(("person", "sentence"), cases("names.txt"))
def test_a_word_used_as_a_name_is_found(person, sentence):
    text, places = "", set()
    for n, piece in enumerate(_BRACED.split(sentence)):
        places |= {len(text) + i for i, c in enumerate(piece) if n % 2 and c.isalnum()}
        text += piece
    assert places <= found(person, text), text


@pytest.mark.parametrize(("person", "text"), cases("words.txt"))
def test_a_word_used_as_a_word_stays(person, text):
    assert "".join(text[i] for i in sorted(found(person, text))) == ""


CLASSES = {
    "names first of all": ("grace rose dawn jack olive", 0.97),
    "things of charts": ("stone case day bone", 0.92),
    "describing words": ("long young white black", 0.92),
    "auxiliary verbs": ("will may", 0.9),
    "two letters": ("li wu bo ng al ed", 0.95),
    "rare words": ("sawyer glover holt", 0.99),
}
WRITINGS = {"small letters": str.lower, "capitals": str.upper, "as a name": str}


@pytest.mark.parametrize("writing", WRITINGS)
@pytest.mark.parametrize("kind", CLASSES)
def test_nearly_every_sentence_about_a_person_shows_the_name(kind, writing):
    names, least = CLASSES[kind]
    frames = [line for line in (HERE / "frames.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    seen = all_ = 0
    for name in names.split():
        known = KnownMatcher([KnownIdentifier(kind="family", value=name.capitalize())])
        for frame in frames:
            text = WRITINGS[writing](frame.format(name.capitalize()))
            places = range(frame.index("{}"), frame.index("{}") + len(name))
            covered = {i for hit in known.find(text) for i in range(hit.start, hit.end)}
            seen += set(places) <= covered
            all_ += 1
    assert seen / all_ >= least


@pytest.mark.parametrize("writing", [str, str.lower, str.upper])
def test_less_than_one_character_in_a_thousand_of_the_guidelines_is_masked(writing):
    texts = [writing(p.read_text("utf-8")) for p in sorted(GUIDELINES.glob("*.md"))]
    masked = 0
    people = ("May Long", "Will Stone", "Rose Black", "Mark Young")
    for person in people:
        masked += sum(hit.end - hit.start for text in texts for hit in matcher(person).find(text))
    assert sum(map(len, texts)) > 50_000
    assert masked / (len(people) * sum(map(len, texts))) < 0.001


def test_there_are_enough_sentences_to_mean_something():
    assert len(cases("names.txt")) >= 150
    assert len(cases("words.txt")) >= 150


PLAIN_NAMES = words(
    "small long young white best good short page head case day wood cook price bell church waters strong sharp hope "
    "rose grace mark bill drew may june will art gene rich dean frank pearl li do le wu bo al ng jo park banks foster "
    "early swift holly marsh lamb hunt"
)


@pytest.mark.parametrize("writing", WRITINGS)
def test_fewer_than_two_in_a_hundred_plain_sentences_keep_the_name(writing):
    frames = [line for line in (HERE / "plain_sentences.txt").read_text("utf-8").splitlines() if line[0] != "#"]
    left, all_ = [], 0
    for name in sorted(PLAIN_NAMES):
        known = KnownMatcher([KnownIdentifier(kind="family", value=name.capitalize())])
        for frame in frames:
            text = WRITINGS[writing](frame.format(name.capitalize()))
            places = range(frame.index("{}"), frame.index("{}") + len(name))
            covered = {i for hit in known.find(text) for i in range(hit.start, hit.end)}
            all_ += 1
            if not set(places) <= covered:
                left.append(text)
    assert len(left) / all_ < 0.02, left


def test_guidelines_stay_readable_whatever_word_is_a_name():
    text = "\n\n".join(p.read_text("utf-8") for p in sorted(GUIDELINES.glob("*.md")))[:15_000]
    names = sorted(packaged_lexicon().common_names)[:200]
    hits = [KnownMatcher([KnownIdentifier(kind="family", value=n.capitalize())]).find(text) for n in names]
    masked = sum(hit.end - hit.start for found_ in hits for hit in found_)
    assert len(names) == 200
    assert masked / (len(names) * len(text)) < 0.01


@pytest.mark.parametrize(
    ("person", "text", "masked", "kept"),
    [
        ("Grant Small", "Dr. Small placed the drain.\nsmall effusion seen", 2, 0),
        ("Grant Small", "Dr. Small placed the drain.\nsmall bowel is normal", 1, 1),
        ("Will Long", "Will Long came.\nwill need a scan; pain is long lasting", 2, 2),
        ("Grant Small", "small effusion seen", 0, 1),
    ],
)
def test_a_certain_mention_raises_the_name_in_the_whole_text(person, text, masked, kept):
    words_ = [m.span() for m in re.finditer(rf"\b(?:{person.replace(' ', '|')})\b", text, re.IGNORECASE)]
    covered = found(person, text)
    hidden = sum(set(range(*span)) <= covered for span in words_)
    assert (hidden, len(words_) - hidden) == (masked, kept)


@pytest.mark.parametrize("text", ["Seen by Do today", "Attending Do", "May Do MD", "Do, May", "do aware", "DO TO OR"])
def test_a_name_that_is_also_a_degree_is_found(text):
    at = re.search(r"\bdo\b", text, re.IGNORECASE).span()
    assert set(range(*at)) <= found("May Do", text)


@pytest.mark.parametrize("text", ["do not drive", "what to do next", "Jane Roe, DO"])
def test_a_name_that_is_also_a_degree_stays_a_plain_word(text):
    assert found("May Do", text) <= {i for m in re.finditer("DO", text) for i in range(*m.span())}
