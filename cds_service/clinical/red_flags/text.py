"""Normal form of triage text: lower case, expanded desk abbreviations, one sentence a line, padded with spaces.

A sentence is one string of tokens with single spaces, ``" denies chest pain , sob "``; ``, : ( ) / -`` are tokens of
their own, so that patterns and scopes need no position arithmetic.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

ABBREVIATIONS = (
    (r"\bc/o\b|c\.o\.", " complains of "),
    (r"\bh/o\b", " history of "),
    (r"\bs/p\b", " status post "),
    (r"\br/o\b", " rule out "),
    (r"\bw/o\b", " without "),
    (r"\bf/u\b", " follow up "),
    (r"\bd/t\b", " due to "),
    (r"\by/o\b", " year old "),
    (r"\bn/v\b", " nausea / vomiting "),
    (r"\bw/d\b", " withdrawal "),
    (r"\bw/(?=[ a-z])", " with "),
    (r"\bfh?x\b|\bfamily hx\b", " family history "),
    (r"\bpmhx?\b", " past medical history "),
    (r"\bhpi\b|\bhistory of present(ing)? (illness|complaint)\b", " present illness "),
    (r"\bhx\b", " history "),
    (r"\bpts?\b", " patient "),
    (r"\bneg\b", " negative "),
    (r"\bpos\b", " positive "),
    (r"\blt\b\.?", " left "),
    (r"\brt\b\.?", " right "),
    (r"\(\+\)|(?<![\w+])\+(?= ?[a-z])|(?<=[a-z])\+(?!\w)", " positive "),
    (r"\(-\)", " negative "),
    (r"\((disorder|finding|situation|procedure|event|observable entity)\)", " "),  # semantic tags of SNOMED CT names
    (r"\bha\b", " headache "),
    (r"\bw\b(?!/)", " with "),
    (r"\bpian\b", " pain "),
    (r"\bthru\b", " through "),
    (r"\b(?:yest|yday|ystrdy|yestrday)\b", " yesterday "),
    (r"\b(to|last )?nite\b", r" \1night "),
    (r"\b(?:since|this) am\b", " since this morning "),
    (r"\babd(?:o|om|om\.)?\b\.?", " abdominal "),
    (r"\b(r|l)(l|u)q\b", r" \1\2q quadrant "),
    (r"\b(?:r|l)?lbp\b", " low back pain "),
    (r"\b(?:n ?[/&+] ?v ?[/&+] ?d|nvd)\b", " nausea vomiting diarrhea "),
    (r"\bn ?[&+] ?v\b", " nausea vomiting "),
    (r"\bpreg\b", " pregnant "),
    (r"\bpp\b", " postpartum "),
    (r"\bfx\b", " fracture "),
    (r"\blacs?\b", " laceration "),
    (r"\bsz\b", " seizure "),
    (r"\brue\b", " right arm "),
    (r"\blue\b", " left arm "),
    (r"\brle\b", " right leg "),
    (r"\blle\b", " left leg "),
    (r"\bu/?e\b", " arm "),
    (r"\bl/e\b", " leg "),
    (r"\b(upper|lower) (?:extremity|extremities|limbs?)\b|\b(upper|lower) ext\b\.?", r" \1\2 extremity "),
    (r"\bant\.? (?=chest|neck|thigh|wall)", " anterior "),
    (r"oea\b", "ea"),
    (r"\bhaem", "hem"),
    (r"\boedema", "edema"),
    (r"\b(?:esrd|ckd on hd)\b", " dialysis "),
    (r"\baloc\b", " altered loc "),
    (r"\bdoe\b", " short of breath "),
    (r"\bpna\b", " pneumonia "),
    (r"\bmets?\b", " metastatic cancer "),
    (r"\betoh\b", " alcohol "),
    (r"\bdiff\b(?= (?:in )?(?:breath|swallow|speak|walk|urin|void))", " difficulty "),
    (r"\bb/l\b", " bilateral "),
    (r"\b(?:mva|mvc|rta)\b", " car accident "),
    (r"\bfb\b", " foreign body "),
    (r"\bgen(?:\.|eral(?:i[sz]ed)?) (?=weak|pain|ache|body)", " general "),
    (r"\bhtn\b", " hypertension "),
    (r"\bbp\b", " blood pressure "),
    (r"\bdm\b|\bt[12]dm\b", " diabetes "),
    (r"\bx ?(?=\d)", " for "),
    (r"(?<=\d) ?d(?:ys?)?\b", " days "),
    (r"(?<=\d) ?h(?:r|rs|ours?)?\b", " hours "),
    (r"(?<=\d) ?w(?:k|ks|eeks?)?\b", " weeks "),
    (r"(?<=\d) ?mos?\b|(?<=\d) ?mth?s?\b", " months "),
    (r"(?<=\d) ?mins?\b", " minutes "),
    (r"(?<=\d) ?y(?:r|rs)\b", " years "),
    (r"\b(of|an|acute|recent|old|out|prior|post|possible) +mi\b", r" \1 myocardial infarction "),
    (r"\? *(?=(no|none|nope|denied|denies)\b)", " : "),
    (r"\?(?=[a-z])", " possible "),
)
CONTRACTIONS = (
    (r"\b(can't|cannot|cant)\b", "can not"),
    (r"\b(won't|wont)\b", "will not"),
    (r"\b(don't|dont)\b", "do not"),
    (r"\b(doesn't|doesnt)\b", "does not"),
    (r"\b(didn't|didnt)\b", "did not"),
    (r"\b(isn't|isnt)\b", "is not"),
    (r"\b(has|have|had|was|were|are|could|would|should)nt\b", r"\1 not"),
    (r"n't\b", " not"),
    (r"'(s|m|re|ve|ll|d)\b", " "),
)
TYPOGRAPHY = str.maketrans(
    {
        "\u2019": "'",
        "\u2018": "'",
        "\u00b4": "'",
        "`": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",
        "\u2014": " - ",
    }
)
DOTTED = re.compile(r"\b(?:[a-z]\.){2,}")
SENTENCE_END = re.compile(r"[\n\r;!?•]+|(?<!\d)\.(?=\s|$|[a-z]{3})|(?<=\d)\.(?=\s|$)")
INVERTED = re.compile(r"^([a-z]+) , (?!(?:no|not|denies|denied|without|never|now|then|and) )([a-z]+(?: [a-z]+)?)$")
UPRIGHT = r"\1 , \2 , \2 \1"
"""Index entries name the part after the complaint ("pain, chest"): said again the right way round."""
LONGEST = 60
"""Most tokens read as one sentence."""
BREAKS = frozenset({",", "and", "but", "then", "-"})
NUMBER = re.compile(r"(\d)\.(\d)")
TOKEN = re.compile(r"[a-z0-9]+(?:·[0-9]+)?|[,:()/-]")


def _pieces(tokens: list[str]) -> Iterator[list[str]]:
    """`tokens` in runs of at most `LONGEST`, cut after a comma or before a conjunction where there is one.

    Reading a sentence costs its length times its mentions, so a text without full stops must not be one sentence.
    """
    while len(tokens) > LONGEST:
        breaks = [i for i in range(LONGEST // 2, LONGEST) if tokens[i] in BREAKS]
        end = breaks[-1] if breaks else LONGEST
        yield tokens[:end]
        tokens = tokens[end:]
    yield tokens


def sentences(text: str, spelling: Callable[[str], str] = str) -> tuple[str, ...]:
    """The sentences of `text` in normal form, each padded with one space at both ends.

    `spelling` mends typing errors in the text in small letters, before abbreviations are expanded.
    """
    plain = spelling(unicodedata.normalize("NFKC", text).lower().translate(TYPOGRAPHY))
    plain = DOTTED.sub(lambda m: m.group().replace(".", "") + " ", plain)
    for pattern, replacement in (*ABBREVIATIONS, *CONTRACTIONS):
        plain = re.sub(pattern, replacement, plain)
    plain = re.sub(r"(?<=\w)-(?=\w)", " ", NUMBER.sub(r"\1·\2", plain))
    parts = (TOKEN.findall(part) for part in SENTENCE_END.split(plain))
    found = (" ".join(piece) for part in parts for piece in _pieces(part))
    return tuple(f" {INVERTED.sub(UPRIGHT, sentence)} " for sentence in found if sentence)
