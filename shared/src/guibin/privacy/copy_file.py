"""The file of a copy: one encrypted zip with everything as JSON, and each section as CSV.

The zip is encrypted as WinZip's AES-256 (AE-2), which the usual programs open with a password (docs/adr/0010).
"""

import io
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import pyzipper

from guibin.core.spreadsheet import csv_bytes
from guibin.privacy.subject import Rows

_ABOUT: Final = (
    "您的个人信息副本。csv 目录中的文件可用表格软件打开，以等号、加号、减号、@ 开头的单元格前加有单引号。"
    " A copy of your data. The files in csv/ open in a spreadsheet; cells that begin with = + - @ have a leading quote."
)


def write_copy(sections: Mapping[str, Rows], *, password: str, customer: str, made_at: datetime) -> bytes:
    """Write the zip; amounts are CNY, instants UTC, and what is empty is null or an empty cell."""
    document = {"about": _ABOUT, "customer": customer, "made_at": made_at.isoformat(), **sections}
    target = io.BytesIO()
    with pyzipper.AESZipFile(target, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(password.encode("ascii"))
        archive.writestr("my-data.json", json.dumps(document, ensure_ascii=False, indent=1, default=str))
        for name, rows in sections.items():
            if rows:
                columns = list(rows[0])
                cells = ([_cell(row[column]) for column in columns] for row in rows)
                archive.writestr(f"csv/{name}.csv", csv_bytes(columns, cells))
    return target.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value.isoformat() if isinstance(value, datetime) else str(value)
