"""The packaged default model on llama.cpp, end to end: prompt in, draft in the contract out, and what that costs."""

import resource
import statistics
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from gguf import GGUFReader

from cds_service.domain import Priority
from cds_service.errors import BackendError
from cds_service.inference.backends.llamacpp import CONTEXT_TOKENS, LlamaCppBackend
from cds_service.inference.contract import parse
from cds_service.inference.gguf_header import read_header
from cds_service.inference.offers import offers_for
from cds_service.inference.pieces import kept_pieces
from cds_service.inference.prepare import default_model_sha256, prepare_default_model, prepare_trimmed_model
from cds_service.inference.prompt import Prompt, build_prompt
from cds_service.settings import Settings
from tests.support.charts import BREATHLESS, chart, fact, finding, passage
from tests.support.served import served

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

COMPLAINTS = (
    ("chest pain on exertion", Priority.HIGH), ("belly pain and vomiting", Priority.MEDIUM),
    ("itchy rash on both arms", Priority.LOW), ("worst headache of her life", Priority.CRITICAL),
)  # fmt: skip


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def backend(state):
    settings = Settings(
        data_dir=state / "data", keys_file=state / "keys.json", model="llamacpp", model_adapter="none", model_threads=1
    )
    made = served(settings)
    made.warm()
    yield made
    made.close()


@pytest.fixture(scope="module")
def gguf(backend, models_folder):
    """What serves."""
    return prepare_trimmed_model(models_folder)


@pytest.fixture(scope="module")
def whole(models_folder):
    return prepare_default_model(models_folder)


def asked(case, priority):
    found = [finding(priority)] if priority > Priority.LOW else []
    passages = [passage(1, "Breathing trouble needs a full set of vital signs."), passage(2, "Ask when it began.")]
    offers = offers_for(case, found, passages)
    return build_prompt(case, found, passages, offers), offers


@pytest.fixture(scope="module")
def drafts(backend):
    """Prompt, offers and draft of a chart with each complaint."""
    charts = [(chart(*BREATHLESS.facts[1:], fact("complaint", c), age="58"), priority) for c, priority in COMPLAINTS]
    questions = [asked(case, priority) for case, priority in charts]
    return [(prompt, offers, backend.generate(prompt, offers, deadline_s=120.0)) for prompt, offers in questions]


def test_every_draft_keeps_the_contract(drafts, capsys):
    for _, offers, draft in drafts:
        assert draft.finish == "stop"
        parse(draft.text, offers)
    seconds, tokens = [draft.seconds for *_, draft in drafts], [draft.tokens for *_, draft in drafts]
    with capsys.disabled():
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(  # noqa: T201 - the figures of this run, seen where the file is run by itself
            f"\ndefault model, {len(seconds)} drafts: median {statistics.median(seconds):.1f} s, "
            f"longest {max(seconds):.1f} s, {sum(tokens) / sum(seconds):.0f} new tokens/s overall, "
            f"{statistics.median(tokens):.0f} tokens a draft, peak memory {rss:.0f} MB"
        )


def test_it_names_weights_and_adapter(backend):
    assert default_model_sha256()[:16] in backend.version
    assert "adapter:none" in backend.version


def test_nobody_can_connect_to_the_engine(backend):
    own = {Path(f"/proc/self/fd/{fd.name}").resolve().name for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()}
    inodes = {name.removeprefix("socket:[").removesuffix("]") for name in own if name.startswith("socket:")}
    for table in ("tcp", "tcp6"):
        listening = [line.split() for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]]
        assert not [row for row in listening if row[3] == "0A" and row[9] in inodes]
    bound = [line.split() for line in Path("/proc/self/net/unix").read_text().splitlines()[1:]]
    paths = [row[7] for row in bound if len(row) > 7 and row[6] in inodes]
    assert paths, "the engine's socket was not found: the test looks in the wrong place"
    assert not [path for path in paths if Path(path).exists() or path.startswith("@")]


def test_a_prompt_beyond_the_context_is_refused_without_its_words(backend):
    text = "canary " * (CONTEXT_TOKENS + 500)
    _, offers = asked(BREATHLESS, Priority.HIGH)
    with pytest.raises(BackendError, match="does not fit") as failed:
        backend.generate(Prompt(text=text, prefix_chars=0), offers, deadline_s=60.0)
    assert "canary" not in str(failed.value)


def _adapter(gguf, path, columns):
    import numpy as np
    from gguf import GGUFWriter

    width, height = read_header(gguf).shapes["blk.0.attn_q.weight"]
    noise = np.random.default_rng(0)
    writer = GGUFWriter(path, "gemma3")
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 16.0)
    writer.add_tensor("blk.0.attn_q.weight.lora_a", noise.normal(size=(4, columns or width)).astype(np.float32))
    writer.add_tensor("blk.0.attn_q.weight.lora_b", noise.normal(size=(height, 4)).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_an_adapter_changes_what_is_said(backend, drafts, gguf, tmp_path):
    adapted = LlamaCppBackend(gguf, adapter=_adapter(gguf, tmp_path / "a.gguf", None), threads=1)
    prompt, offers, draft = drafts[0]
    generation = adapted.generate(prompt, offers, deadline_s=120.0)
    adapted.close()
    assert adapted.version != backend.version
    assert generation.text != draft.text


def test_an_adapter_of_another_base_is_refused(gguf, tmp_path):
    with pytest.raises(BackendError, match="another base model"):
        LlamaCppBackend(gguf, adapter=_adapter(gguf, tmp_path / "b.gguf", 96))


def test_fewer_pieces_change_no_word(backend, drafts, whole):
    """The whole vocabulary writes the same where neither prompt nor answer needs another piece."""
    other = LlamaCppBackend(whole, threads=1)
    answers = [other.generate(prompt, offers, deadline_s=120.0).text for prompt, offers, _ in drafts[:2]]
    other.close()
    assert other.version != backend.version
    assert answers == [draft.text for _, _, draft in drafts[:2]]


def test_the_list_of_pieces_is_closed_under_merging(whole):
    """Of every kept piece, what llama.cpp merges on the way to it is kept; so are controls, layout and bytes."""
    reader = GGUFReader(whole)
    pieces, scores, kinds = (
        reader.get_field(f"tokenizer.ggml.{key}").contents() for key in ("tokens", "scores", "token_type")
    )
    numbers, kept = {piece: n for n, piece in enumerate(pieces)}, set(kept_pieces())
    needed = {n for n, kind in enumerate(kinds) if kind in {2, 3, 4, 6}}
    assert {pieces[n] for n in needed - kept} <= {"[multimodal]", *(f"<unused{n}>" for n in range(6400))}
    for n in kept - needed:
        parts = [*pieces[n]]
        while len(parts) > 1:
            pairs = [(numbers.get(a + b), at) for at, (a, b) in enumerate(pairwise(parts))]
            merged, at = max((p for p in pairs if p[0] is not None), key=lambda p: (scores[p[0]], -p[1]))
            parts[at : at + 2] = [pieces[merged]]
            assert merged in kept, (pieces[n], pieces[merged])


def test_words_without_pieces_are_read_as_bytes(backend):
    """No such word reaches a prompt of ours; the engine must not fall over one all the same."""
    prompt, offers = asked(chart(fact("complaint", "WORDS"), age="58"), Priority.HIGH)
    assert prompt.text.count("WORDS") == 1
    text = prompt.text.replace("WORDS", "болит живот, 배가 아파요, 腹痛, ألم في البطن")
    draft = backend.generate(replace(prompt, text=text), offers, deadline_s=120.0)
    assert draft.finish == "stop"
    parse(draft.text, offers)


def test_a_closed_model_says_so(gguf):
    closed = LlamaCppBackend(gguf)
    closed.close()
    prompt, offers = asked(BREATHLESS, Priority.HIGH)
    with pytest.raises(BackendError, match="closed"):
        closed.generate(prompt, offers, deadline_s=5.0)
