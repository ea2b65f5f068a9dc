"""Tuning: learning what should be written about a case, on the completions alone, twins alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cds_service.inference.prompt import PROMPT_VERSION
from cds_service.inference.style import Style
from cds_service.training.tuning.base_model import find_base, load_tokenizer
from cds_service.training.tuning.data_files import TRAIN, VALIDATION, Line, TrainingData, read_data
from cds_service.training.tuning.errors import BadData
from cds_service.training.tuning.examples import tokenize
from cds_service.training.tuning.phi import Place, refuse_identifiers
from cds_service.training.tuning.progress import Say, Show
from cds_service.training.tuning.run import Material, Outcome, carry_out, open_folder
from cds_service.training.tuning.run_file import read_run


def tune(run_file: Path, data: Path, out: Path, *, model_dir: Path, resume: bool, say: Say, show: Show) -> Outcome:
    """Tune on the data folder `data` into the run folder `out`. Raises ConfigurationError or BackendError."""
    run = read_run(run_file, "tune")
    read = read_data(data)
    places = [*_places(TRAIN, read.train), *_places(VALIDATION, read.validation)]
    refuse_identifiers(places, len(places), lambda share: show("Looking for identifiers", share))
    base = find_base(run, model_dir, lambda what, done, total: show(what, done / max(total, 1)))
    open_folder(out, run_file, resume=resume)
    tokenizer = load_tokenizer(base)
    train = tokenize(read.train, tokenizer, max_tokens=run.max_tokens)
    validation = tokenize(read.validation, tokenizer, max_tokens=run.max_tokens)
    if not train.examples:
        raise BadData(f"{TRAIN}: every example is longer than max_tokens")
    material = Material(
        train=train.examples,
        validation=validation.examples,
        left_out=train.left_out + validation.left_out,
        tokenizer=tokenizer,
        data={"manifest_sha256": read.manifest_sha256, "files": dict(read.files)},
        prompt=_prompt(read),
    )
    return carry_out(run, base, material, out, resume=resume, say=say, show=show)


def _places(file: str, lines: Sequence[Line]) -> Iterator[Place]:
    for line in lines:
        yield f"{file}, line {line.number}", (line.prompt, line.completion)


def _prompt(data: TrainingData) -> dict[str, str]:
    """Style and version of the prompts in the data: what the manifest says, else those of this version."""
    said = data.manifest.get("prompt")
    said = said if isinstance(said, dict) else {}
    return {"style": str(said.get("style", Style.COMPACT)), "version": str(said.get("version", PROMPT_VERSION))}
