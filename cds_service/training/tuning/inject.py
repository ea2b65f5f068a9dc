"""Knowledge injection: continued pre-training on guidelines and texts, every token learned."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from cds_service.training.tuning.base_model import find_base, load_tokenizer
from cds_service.training.tuning.corpus import Text, folder_texts, packaged_texts
from cds_service.training.tuning.examples import windows
from cds_service.training.tuning.phi import refuse_identifiers
from cds_service.training.tuning.progress import Say, Show
from cds_service.training.tuning.run import Material, Outcome, carry_out, open_folder
from cds_service.training.tuning.run_file import read_run

_HELD_OUT = 20
"""One window of so many is not learned, and measured instead."""


def inject(
    run_file: Path, folders: Sequence[Path], out: Path, *, model_dir: Path, resume: bool, say: Say, show: Show
) -> Outcome:
    """Train on the packaged guidelines and the texts in `folders`. Raises ConfigurationError or BackendError."""
    run = read_run(run_file, "inject")
    theirs = folder_texts(folders)
    places = [(f"{t.name}, line {n}", (line,)) for t in theirs for n, line in enumerate(t.text.splitlines(), 1)]
    refuse_identifiers(places, len(places), lambda share: show("Looking for identifiers", share))
    texts = (*packaged_texts(), *theirs)
    base = find_base(run, model_dir, lambda what, done, total: show(what, done / max(total, 1)))
    open_folder(out, run_file, resume=resume)
    tokenizer = load_tokenizer(base)
    found = windows((t.text for t in texts), tokenizer, max_tokens=run.max_tokens, causal=base.causal)
    material = Material(
        train=tuple(w for n, w in enumerate(found, 1) if n % _HELD_OUT),
        validation=tuple(w for n, w in enumerate(found, 1) if n % _HELD_OUT == 0),
        left_out=0,
        tokenizer=tokenizer,
        data=_data(texts),
        prompt=None,
    )
    return carry_out(run, base, material, out, resume=resume, say=say, show=show)


def _data(texts: Sequence[Text]) -> dict[str, object]:
    """Hashes of the files, and as their manifest's the hash of that list.

    A name that comes again, from another folder, carries its hash.
    """
    files: dict[str, str] = {}
    for text in texts:
        files[f"{text.name} ({text.sha256[:8]})" if text.name in files else text.name] = text.sha256
    listed = json.dumps(files, sort_keys=True).encode()
    return {"manifest_sha256": hashlib.sha256(listed).hexdigest(), "files": files}
