"""CSV that a spreadsheet program opens without taking a cell for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

BOM: Final = "\ufeff"
"""Tells the programs that the file is UTF-8."""

# NUL too, and the forms of full width that a program may fold; the quote itself, so that what is read back is certain.
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe_cell(text: str) -> str:
    """Put a quote before a cell that a program could take for a formula."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Write a file (RFC 4180, UTF-8 with BOM): a header, then a line for each row."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow([safe_cell(column) for column in columns])
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    return (BOM + target.getvalue()).encode()
