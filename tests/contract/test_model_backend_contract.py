"""What every model backend keeps, whichever engine stands behind it."""

import json
import os
import re
from pathlib import Path

import pytest

from cds_service.errors import BackendError
from cds_service.inference.contract import Encoding, Offers, encode, parse
from cds_service.inference.offers import offers_for
from cds_service.inference.prompt import build_prompt
from cds_service.settings import Quantization
from tests.support.charts import BREATHLESS, finding, passage
from tests.support.openai_server import openai_server

ANSWER = {
    "priority": "High", "reason": "Low oxygen and fast breathing.", "concerns": [], "risks": [1], "actions": [1],
    "questions": [], "assessment": "Concerning for a chest infection.", "passages": [],
}  # fmt: skip


def _causal(tmp_path):
    from cds_service.inference.backends.hf import HfBackend
    from tests.support.tiny_models import save_causal

    yield HfBackend(save_causal(tmp_path / "causal"), quantization=Quantization.NF4, device="cpu", threads=1)


def _seq2seq(tmp_path):
    from cds_service.inference.backends.hf import HfBackend
    from tests.support.tiny_models import save_seq2seq

    yield HfBackend(save_seq2seq(tmp_path / "seq2seq"), quantization=Quantization.NF4, device="cpu", threads=1)


def _server(_tmp_path):
    from cds_service.inference.backends.openai_server import OpenAIServerBackend

    with openai_server() as (url, script):
        script.content = json.dumps(ANSWER)
        script.wait_s = 0.05
        yield OpenAIServerBackend(url, "some-model")


def _llamacpp(_tmp_path):
    from cds_service.inference.backends.llamacpp import LlamaCppBackend
    from cds_service.inference.prepare import default_model_sha256, prepare_default_model

    model = prepare_default_model(Path(os.environ["CDS_MODELS_DIR"]))
    yield LlamaCppBackend(model, threads=1, weights=default_model_sha256()[:16])


MAKERS = {
    "transformers-causal": _causal,
    "transformers-seq2seq": _seq2seq,
    "openai-server": _server,
    "llamacpp": _llamacpp,
}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(n, marks=[pytest.mark.slow, pytest.mark.timeout(900)]) if n == "llamacpp" else n for n in MAKERS
    ],
)
def backend(request, tmp_path_factory):
    making = MAKERS[request.param](tmp_path_factory.mktemp(request.param))
    made = next(making)
    yield made
    made.close()
    next(making, None)


@pytest.fixture(scope="module")
def asked(backend):
    from cds_service.domain import Priority

    found, passages = [finding(Priority.HIGH)], [passage(1), passage(2)]
    offers = offers_for(BREATHLESS, found, passages)
    return build_prompt(BREATHLESS, found, passages, offers, backend.encoding), offers


@pytest.fixture(scope="module")
def answered(backend, asked):
    """The first answer to what is asked."""
    return backend.generate(*asked, deadline_s=300.0)


def test_it_says_who_it_is(backend):
    assert backend.name
    assert len(backend.version) > len("none")
    assert isinstance(backend.encoding, Encoding)


def test_a_whole_answer_keeps_the_contract(backend, asked, answered):
    _, offers = asked
    assert answered.finish == "stop"
    draft = parse(answered.text, offers, backend.encoding)
    assert encode(draft, offers, backend.encoding)
    assert answered.tokens > 0
    assert answered.seconds > 0


def test_the_same_question_has_the_same_answer_and_no_word_of_it_reaches_the_terminal(backend, asked, answered, capfd):
    assert backend.generate(*asked, deadline_s=300.0).text == answered.text
    shown = "".join(capfd.readouterr())
    assert not re.search("apixaban|green sputum|short of breath", shown)


def test_neither_another_case_nor_a_missed_deadline_between_changes_the_answer(backend, asked, answered):
    none = Offers(risk_factors=(), actions=(), passages=())
    backend.generate(build_prompt(BREATHLESS, [], [], none, backend.encoding), none, deadline_s=300.0)
    backend.generate(*asked, deadline_s=0.01)
    again = backend.generate(*asked, deadline_s=300.0)
    assert (again.finish, again.text) == ("stop", answered.text)


def test_a_deadline_that_has_passed_is_kept(backend, asked):
    generation = backend.generate(*asked, deadline_s=0.01)
    assert generation.finish == "timeout"
    assert generation.seconds < 5.0


def test_warming_is_allowed_more_than_once(backend):
    backend.warm()
    backend.warm()


def test_the_null_backend_is_honest():
    from cds_service.inference.backends.null import NullBackend

    null, none = NullBackend(), Offers(risk_factors=(), actions=(), passages=())
    with pytest.raises(BackendError):
        null.generate(build_prompt(BREATHLESS, [], [], none), none, deadline_s=1.0)
