"""The operator's files: TOML, tables of one name and nothing else."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from cds_service.errors import ConfigurationError


def read_tables(path: Path, name: str, *, setting: str) -> list[Any]:
    """The ``[[name]]`` tables of `path`, as they stand. Raises ConfigurationError that names `setting` and the file."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise ConfigurationError(f"{setting}: {path} cannot be read") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{setting}: {path} is not TOML: {error}") from None
    tables = content.pop(name, [])
    if content or not isinstance(tables, list):
        raise ConfigurationError(f"{setting}: {path} holds [[{name}]] tables and nothing else")
    return tables
