"""The default model with a smaller vocabulary: the same weights, and a token in half the time.

Two thirds of Gemma 3 270M are one number row for each of 262,144 pieces of words in all the world's scripts, and for
each word that it writes the model weighs every one of them. `cds_service/inference/pieces` names those that English
clinical text needs. The others' rows are left out; no number of what stays is changed, so a text that needs no other
piece is read, and weighed, exactly as before. A rare word that would need one is cut into smaller pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

_TOKENIZER = "tokenizer.ggml."
_BY_PIECE = ("tokens", "scores", "token_type")
FORM = 1
"""Of what `write_trimmed` makes: another number has prepared files made again."""

_EMBEDDING = "token_embd.weight"
_CHANGED = "cds_service.changed"
_NOTICE = "cds-service left out the vocabulary pieces that English clinical text does not need; no weight was changed."


def write_trimmed(source: Path, target: Path, kept: list[int]) -> None:
    """Write the GGUF model `source` with the pieces `kept` (rising numbers) alone as `target`.

    For a SentencePiece vocabulary whose rows serve as input and output. Raises ValueError on another, OSError for the
    disk.
    """
    import numpy as np
    from gguf import GGUFReader, GGUFValueType, GGUFWriter

    reader = GGUFReader(source)
    if _value(reader, f"{_TOKENIZER}model") != "llama" or any(t.name == "output.weight" for t in reader.tensors):
        raise ValueError("only a SentencePiece vocabulary with one table for input and output can be trimmed")
    number = {old: new for new, old in enumerate(kept)}
    if not number.keys() >= {int(f.contents()) for f in _fields(reader) if _names_a_piece(f)}:
        raise ValueError("a piece that is named by the model itself must be kept")
    writer = GGUFWriter(target, _value(reader, "general.architecture"))
    try:
        for field in _fields(reader):
            value, kind = field.contents(), field.types[0]
            key = field.name.removeprefix(_TOKENIZER)
            if key in _BY_PIECE:
                value = [value[old] for old in kept]
            elif _names_a_piece(field):
                value = number[int(value)]
            writer.add_key_value(
                field.name, value, kind, sub_type=field.types[-1] if kind == GGUFValueType.ARRAY else None
            )
        writer.add_string(_CHANGED, _NOTICE)
        for tensor in reader.tensors:
            rows = tensor.data[kept] if tensor.name == _EMBEDDING else tensor.data
            writer.add_tensor(tensor.name, np.ascontiguousarray(rows), raw_dtype=tensor.tensor_type)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


def _value(reader: Any, key: str) -> Any:
    field = reader.get_field(key)
    return None if field is None else field.contents()


def _names_a_piece(field: Any) -> bool:
    return bool(field.name.startswith(_TOKENIZER) and field.name.endswith("_token_id"))


def _fields(reader: Any) -> Iterator[Any]:
    """What the writer does not write by itself."""
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and name != "general.architecture":
            yield field
