"""Files as bytes and text, plain or gzipped, with errors a person can act on."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from typing import TYPE_CHECKING, Any

from livedo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read_bytes(path: Path) -> bytes:
    """The content of `path`, unpacked if it is gzip (told by its first bytes, not by its name).

    Raises
    ------
    InputError
        The file is missing, cannot be read, or is a gzip file that is cut short or damaged.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError("no such file", where=str(path)) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from error
    if data[:2] != b"\x1f\x8b":
        if path.suffix == ".gz" and data:
            raise InputError("not a gzip file", where=str(path), expected="gzip content, as the name says")
        return data
    try:
        return gzip.decompress(data)
    except EOFError:
        raise InputError("the gzip file is cut short", where=str(path), expected="a whole gzip file") from None
    except (OSError, zlib.error) as error:
        raise InputError(f"damaged gzip file ({error})", where=str(path), expected="a whole gzip file") from None


def read_text(path: Path) -> str:
    """The content of `path` as UTF-8 text without a byte order mark; InputError where it is not UTF-8, or holds a zero byte."""
    data = read_bytes(path)
    if b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"a zero byte at byte {data.index(0)}", where=str(path), expected="text in UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"not UTF-8 at byte {error.start}",
            where=str(path),
            value=error.object[error.start],
            expected="text in UTF-8",
        ) from None


def load_json(text: str, where: str) -> Any:
    """`text` as JSON; InputError with line and column where it is not."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})", where=where
        ) from None
    except RecursionError:
        raise InputError("not valid JSON: nested too deeply", where=where) from None


def csv_rows(path: Path) -> Iterator[list[str]]:
    """The rows of a CSV file, its header first; blank rows come as empty lists."""
    rows = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        yield from rows
    except csv.Error as error:
        where = f"{path}, line {rows.line_num}"
        raise InputError(f"not valid CSV: {error}", where=where, expected="cells whose quotes are closed") from None
