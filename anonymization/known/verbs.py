"""Whether a word after a possible name is a verb in the past or the third person, by its ending and by lists."""

from __future__ import annotations

from anonymization.known.variants import is_english
from anonymization.lexicon import words

# Past forms that do not end in -ed and differ from the infinitive, so that "will lost" has a subject called Will.
IRREGULAR = words(
    "lost ran forgot fell went came got ate drank slept woke took told said felt thought knew saw met left broke "
    "bit bought brought drove rode spoke wrote kept made held lay sat stood swam threw tore wore won sold sent "
    "spent paid gave had was became began did found flew grew hid led lent rose sang sank shot stuck stung struck "
    "swore swept taught understood wept"
)
UNCHANGED = words("hit cut hurt quit read put let burst bet cost shut split spread upset")
# What things do or have done to them: no sign of a person ("stone passed", "head hurts").
OF_THINGS = words(
    "is was has had remains remained appears appeared measures measured passed passes moved moves noted located "
    "removed looks looked feels felt seems seemed hurts hurt healed heals shows showed started starts stopped "
    "stops continues continued resolved resolves grew grows changed changes needs needed returned returns swelled "
    "turns turned falls fell lies lay sits sat causes caused blocks blocked obstructs obstructed presents "
    "presented involves involved occurred occurs reports reported discussed reviewed ordered performed placed "
    "used applied taken increased decreased improved worsened closed opened burned burns breaks broke cracked "
    "drained drains bled bleeds came comes went goes works worked became becomes got gets called calls rang "
    "repaired fractured fused excised required requires extends extended exists lasted lasts helped helps made "
    "makes kept included includes began begins ended ends identified demonstrated visualized found confirmed "
    "suspected treated evaluated examined assessed tested sent collected drawn obtained received left split "
    "scanned imaged dropped drops washed washes rest rests supports supported raised elevated lowered wrapped "
    "splinted marked marks led spread"
)
DESCRIBED = words(
    "delayed lived aged coated colored coloured tinged based tailed lasting haired skinned eyed acting tempered "
    "sighted needed"
)
COMPLEMENTS = words(
    "a an the his her him them their to that if no not well badly poorly about too very better worse spanish "
    "english daily from at for with here home over up out down off by alone two three four five some all more "
    "less every when because"
)
PERSONS = words("his her him hers their she he himself herself them they")


def is_past(word: str) -> bool:
    """Whether `word` is a past form that differs from the infinitive."""
    if word in IRREGULAR:
        return True
    if not word.endswith("ed") or len(word) < 5:
        return False
    stem = word[:-2]
    doubled = stem[:-1] if stem[-1:] == stem[-2:-1] else ""
    return any(
        is_english(s) for s in (stem, word[:-1], doubled, stem[:-1] + "y" if stem.endswith("i") else "") if len(s) > 1
    )


def is_verb_of(name: str, word: str) -> bool:
    """Whether a `name` with a capital has a past form written small behind it: "Ottilie made me come"."""
    return name.istitle() and word.islower() and is_past(word)


def is_third_person(word: str) -> bool:
    """Whether `word` can be a verb in -s: its stem also has a form in -ing and a past."""
    if not word.endswith("s") or word.endswith(("ss", "us", "is")) or len(word) < 4:
        return False
    stems = {word[:-1], word[:-2] if word.endswith("es") else "", word[:-3] + "y" if word.endswith("ies") else ""} - {
        ""
    }
    return any(_is_verb(stem) for stem in stems)


def _is_verb(stem: str) -> bool:
    bare = stem.removesuffix("e")
    return is_english(bare + "ing") or is_english(stem + stem[-1] + "ing")


def is_base(word: str) -> bool:
    """Whether `word` can be the plain form of a verb: it has a form in -ing and a past ("wean", "recheck")."""
    stem = word.removeprefix("re") if len(word) > 5 else word
    for verb in {word, stem}:
        bare = verb.removesuffix("e")
        past = verb + "d" if verb.endswith("e") else verb + "ed"
        if len(verb) > 2 and (is_english(bare + "ing") or is_english(verb + verb[-1] + "ing")):
            return is_english(past) or is_english(verb + verb[-1] + "ed") or is_english(verb[:-1] + "ied")
    return False


def is_gerund(word: str) -> bool:
    """Whether `word` is a form in -ing of a verb ("eating", not "bring")."""
    stem = word[:-3]
    if not word.endswith("ing") or len(stem) < 3:
        return word in ("doing", "going", "being")
    return is_english(stem) or is_english(stem + "e") or (stem[-1] == stem[-2] and is_english(stem[:-1]))
