"""The project's own name model: a small spaCy NER for NAME, LOC and FACILITY, trained on synthetic notes alone.

The same arguments, versions and processor family yield the same weights: notes come from a seeded generator, weights,
dropout and order from one seed, and everything runs on one thread. Another processor may round differently.
"""

from __future__ import annotations

import json
import platform
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

from anonymization import word_classes
from anonymization.normalise import fold
from cds_service.training.notes import GENERATOR_VERSION, SyntheticNote, generate
from cds_service.training.notes.note import assemble, disassemble
from cds_service.training.notes.styles import Style, bare, lower, lower_bare, upper

LABELS = ("NAME", "LOC", "FACILITY")
MODEL_NAME = "clinical_names"
METRICS = "metrics.json"

Show = Callable[[str, float], None]

_TAUGHT = {"NAME": "NAME", "LOC": "LOC", "FACILITY": "FACILITY", "ADDRESS": "LOC"}
_COPIES: tuple[tuple[Style, float], ...] = ((lower, 0.15), (upper, 0.12), (bare, 0.08), (lower_bare, 0.08))
_INFIXES = (r"[|=/_<>{}\[\]:;,#@+*]",)  # what joins fields in tables, CSV and JSON
_WIDTH = 96
_BATCH_WORDS = (400, 1600)
_LEARN_RATE = 0.0018
_WORD = re.compile(r"[^\W\d_]+")
_FREQUENT = 6  # times a word stands in the training notes
_HIDDEN = 0.3  # of the words: the name lists do not tell, so that the model can do without them
_DROPOUT = 0.25
_DEV_SEED_OFFSET = 1_000_003
_DEV_SHARE = 0.1
_MOST_DEV = 1500
_SPEED_TEXTS = 1500

_ARCHITECTURE: dict[str, Any] = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 64,
    "maxout_pieces": 2,
    "use_upper": True,
    "nO": None,
    "tok2vec": {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {
            "@architectures": "spacy.MultiHashEmbed.v2",
            "width": _WIDTH,
            "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE", "LEMMA"],  # norm and lemma: anonymization.word_classes
            "rows": [6000, 1000, 3000, 1000, 300],
            "include_static_vectors": False,
        },
        "encode": {
            "@architectures": "spacy.MaxoutWindowEncoder.v2",
            "width": _WIDTH,
            "window_size": 1,
            "maxout_pieces": 3,
            "depth": 4,
        },
    },
}


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A trained pipeline, ready to be written, and what was measured on it."""

    nlp: Any
    metrics: dict[str, Any]

    def save(self, folder: Path) -> None:
        """Write to `folder` config, tokenizer, weights (msgpack, no pickle), a bare vocabulary, and metrics.json."""
        _lean(self.nlp).to_disk(folder)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        text = json.dumps({**self.metrics, "bytes": size}, indent=2)
        (folder / METRICS).write_text(text + "\n", encoding="utf-8")


def train(*, notes: int, seed: int, epochs: int, show: Show = lambda _step, _share: None) -> Trained:
    """Train on generated notes. The dev notes have another seed, the held-out ones other templates and names."""
    from spacy.util import fix_random_seed

    fix_random_seed(seed)
    dev_size = min(_MOST_DEV, max(20, int(notes * _DEV_SHARE)))
    texts = list(_shown(generate(notes, seed=seed, family="train"), notes, "Write notes", show))
    nlp = _blank(_frequent_words(texts))
    hide = Random(seed)  # noqa: S311 - no secret
    examples = [_example(nlp, n.text, n.spans, hide) for n in texts] + [
        _example(nlp, text, spans, hide)
        for text, spans in _copies(texts, Random(seed))  # noqa: S311 - no secret
    ]
    optimizer = nlp.initialize(lambda: examples[:100])
    _learn(nlp, optimizer, examples, seed, epochs, show)
    lean = _lean(nlp)
    metrics = {
        "generator_version": GENERATOR_VERSION,
        "seed": seed,
        "notes": notes,
        "examples": len(examples),
        "epochs": epochs,
        "versions": {
            "python": platform.python_version(),
            **{p: version(p) for p in ("spacy", "thinc", "numpy", "faker")},
        },
        "dev": measure(lean, generate(dev_size, seed=seed + _DEV_SEED_OFFSET, family="train")),
        "held-out": measure(lean, generate(dev_size, seed=seed, family="held-out")),
        "characters_per_second": speed(lean, [note.text for note in texts[:_SPEED_TEXTS]]),
    }
    return Trained(nlp=lean, metrics=metrics)


# -- measuring ------------------------------------------------------------------------------------------------------
def measure(nlp: Any, notes: Iterable[SyntheticNote]) -> dict[str, Any]:
    """Exact spans per label; characters found, and masked beside identifiers, whatever the label; texts touched."""
    right: dict[str, int] = dict.fromkeys(LABELS, 0)
    gold_count, found_count = dict(right), dict(right)
    chars = {"gold": 0, "both": 0, "free": 0, "free_masked": 0}
    free = touched = 0
    listed = list(notes)
    for note, doc in zip(listed, nlp.pipe([n.text for n in listed], batch_size=32), strict=True):
        gold = {(s, e, _TAUGHT[label]) for s, e, label in _plain_spans(note.spans) if _is_taught(note.text[s:e], label)}
        found = {(e.start_char, e.end_char, e.label_) for e in doc.ents}
        for counts, spans in ((gold_count, gold), (found_count, found), (right, gold & found)):
            for _, _, label in spans:
                counts[label] += 1
        gold_chars, found_chars = _covered(gold), _covered(found)
        chars["gold"] += len(gold_chars)
        chars["both"] += len(gold_chars & found_chars)
        identifying = _covered(_plain_spans(note.spans))
        chars["free"] += len(note.text) - len(identifying)
        chars["free_masked"] += len(found_chars - identifying)
        if not note.spans:
            free += 1
            touched += bool(found)
    return {
        "texts": len(listed),
        "labels": {label: _prf(right[label], gold_count[label], found_count[label]) for label in LABELS},
        "characters": {
            "recall": _share(chars["both"], chars["gold"]),
            "masked_beside_identifiers": _share(chars["free_masked"], chars["free"]),
        },
        "texts_without_identifiers": {"count": free, "touched": _share(touched, free)},
    }


def speed(nlp: Any, texts: Sequence[str]) -> int:
    """Characters read a second of processor time, in batches, after a warm-up."""
    list(nlp.pipe(texts[:50]))
    started = time.process_time()
    list(nlp.pipe(texts, batch_size=32))
    return round(sum(map(len, texts)) / max(1e-6, time.process_time() - started))


def _is_taught(words: str, label: str) -> bool:
    """Whether the model is to find this: street lines count as LOC, bare ZIP codes do not."""
    return label in _TAUGHT and any(c.isalpha() for c in words)


def _plain_spans(spans: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    return [(start, end, label.split(".")[0]) for start, end, label in spans]


def _covered(spans: Iterable[tuple[int, int, str]]) -> set[int]:
    return {at for start, end, _ in spans for at in range(start, end)}


def _prf(right: int, gold: int, found: int) -> dict[str, float | int]:
    return {
        "gold": gold,
        "precision": _share(right, found),
        "recall": _share(right, gold),
        "f": _share(2 * right, gold + found),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


# -- learning -------------------------------------------------------------------------------------------------------
def _blank(frequent_words: Iterable[str]) -> Any:
    import spacy
    from spacy.util import compile_infix_regex

    nlp = spacy.blank("en")
    nlp.tokenizer.infix_finditer = compile_infix_regex([*nlp.Defaults.infixes, *_INFIXES]).finditer
    nlp.add_pipe(word_classes.NAME)
    nlp.get_pipe(word_classes.NAME).words = frozenset(frequent_words)
    ner = nlp.add_pipe("ner", config={"model": _ARCHITECTURE})
    for label in LABELS:
        ner.add_label(label)
    nlp.meta.update(name=MODEL_NAME, version=f"{GENERATOR_VERSION}.0.0", description="Names, places and facilities")
    return nlp


def _lean(trained: Any) -> Any:
    """The trained pipeline without the strings that training has seen."""
    nlp = _blank(trained.get_pipe(word_classes.NAME).words)
    nlp.initialize()
    nlp.get_pipe("ner").from_bytes(trained.get_pipe("ner").to_bytes(exclude=["vocab"]))
    return nlp


def _shown(notes: Iterable[SyntheticNote], total: int, step: str, show: Show) -> Iterator[SyntheticNote]:
    for i, note in enumerate(notes, 1):
        if i % 100 == 0 or i == total:
            show(step, i / total)
        yield note


def _copies(notes: Sequence[SyntheticNote], rng: Random) -> Iterator[tuple[str, tuple[tuple[int, int, str], ...]]]:
    """Copies of some notes in other case or without punctuation."""
    for note in notes:
        for style, share in _COPIES:
            if rng.random() < share:
                text, spans = assemble(style(disassemble(note.text, note.spans), rng))
                yield text, tuple((start, end, label) for start, end, label, _ in spans)


def _frequent_words(notes: Iterable[SyntheticNote]) -> frozenset[str]:
    """Words that stand outside names often enough to be learnt by heart, and more often than inside."""
    outside: Counter[str] = Counter()
    inside: Counter[str] = Counter()
    for note in notes:
        covered = _covered(s for s in _plain_spans(note.spans) if s[2] in LABELS)
        for word in _WORD.finditer(note.text):
            (inside if word.start() in covered else outside)[fold(word[0])] += 1
    return frozenset(word for word, count in outside.items() if count >= _FREQUENT and count > inside[word])


def _example(nlp: Any, text: str, spans: Iterable[tuple[int, int, str]], hide: Random) -> Any:
    from spacy.training import Example
    from spacy.util import filter_spans

    reference = nlp.make_doc(text)
    taught, unsaid = [], []
    for start, end, label in spans:
        span = reference.char_span(start, end, label=_TAUGHT.get(label, ""), alignment_mode="expand")
        if span is None:
            continue
        if _is_taught(text[start:end], label):
            taught.append(span)
        elif label in {"ORG", "ADDRESS"}:  # insurers and ZIP codes: neither names nor none
            unsaid.append(span)
    kept = filter_spans(taught)
    covered = {token.i for span in kept for token in span}
    reference.set_ents(
        kept, missing=[s for s in unsaid if covered.isdisjoint(token.i for token in s)], default="outside"
    )
    predicted = nlp.get_pipe(word_classes.NAME)(nlp.make_doc(text))
    for token in predicted:
        if hide.random() < _HIDDEN:
            token.lemma_ = word_classes.without_names(token.lemma_)
    return Example(predicted, reference)


def _learn(nlp: Any, optimizer: Any, examples: list[Any], seed: int, epochs: int, show: Show) -> None:
    """Adam with a short warm-up and linear decay; batches grow during the first third."""
    order = Random(seed)  # noqa: S311 - no secret
    total = epochs * sum(len(e.reference) for e in examples)
    seen = 0
    for _ in range(epochs):
        order.shuffle(examples)
        at = 0
        while at < len(examples):
            done = seen / total
            batch = _batch(examples, at, _BATCH_WORDS[0] + (_BATCH_WORDS[1] - _BATCH_WORDS[0]) * min(1.0, 3 * done))
            optimizer.learn_rate = _LEARN_RATE * min(1.0, 0.1 + 20 * done) * (1 - 0.98 * done)
            nlp.update(batch, sgd=optimizer, drop=_DROPOUT)
            at += len(batch)
            seen += sum(len(e.reference) for e in batch)
            show("Train", min(0.999, seen / total))
    show("Train", 1.0)


def _batch(examples: Sequence[Any], at: int, words: float) -> list[Any]:
    """Examples from `at` on with about `words` words, at least one."""
    batch: list[Any] = []
    while at < len(examples) and words > 0:
        batch.append(examples[at])
        words -= len(examples[at].reference)
        at += 1
    return batch
