"""The chat format of a training set: what a line must hold, for whoever writes one and whoever reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

SYNTHETIC, CLINIC, PUBLIC = "synthetic", "clinic", "public"
SOURCES = (SYNTHETIC, CLINIC, PUBLIC)
ROLES = ("system", "user", "assistant")


def line_value(line: str | bytes) -> Any:
    """The JSON value of a line. Raises RecursionError or ValueError (UnicodeEncodeError: it holds a lone surrogate)."""
    value = json.loads(line)
    json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is JSON and no text
    return value


def texts_of(value: Mapping[str, Any]) -> tuple[str, str, str]:
    """System (empty for none), user and assistant text of a decoded line. Raises ValueError in fixed words."""
    messages = value.get("messages")
    roles = [m.get("role") if isinstance(m, dict) else None for m in messages] if isinstance(messages, list) else []
    if not isinstance(messages, list) or tuple(roles) not in {ROLES, ROLES[1:]}:
        raise ValueError("'messages' must be system (or none), user and assistant, in this order")
    texts = [m.get("content") for m in messages]
    if not all(isinstance(t, str) for t in texts) or not all(texts[-2:]):
        raise ValueError("each message must have words as 'content'")
    return (texts[0] if len(texts) == 3 else "", texts[-2], texts[-1])
