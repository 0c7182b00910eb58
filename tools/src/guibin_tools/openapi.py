"""The OpenAPI documents of both ports, as the code makes them."""

import json
from functools import cache
from pathlib import Path

from fastapi import FastAPI

from guibin.core.settings import Settings
from guibin_tools.migrations import find_ini

_NO_DATABASE = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"


@cache
def make_ports() -> dict[str, FastAPI]:
    """Make both applications once, by their names, without starting them: no database and no keys need be there."""
    from bank_api import main as bank  # noqa: PLC0415 - only this command loads the services
    from customer_api import main as customer  # noqa: PLC0415 - the same

    settings = Settings(state_dir=Path("nowhere"), customer_database_url=_NO_DATABASE, bank_database_url=_NO_DATABASE)
    return {"customer-api": customer.create_app(settings), "bank-api": bank.create_app(settings)}


def documents() -> dict[str, str]:
    """Return the text of each document by the name of its file; the same code gives the same text."""
    return {
        f"{name}.json": json.dumps(port.openapi(), ensure_ascii=False, indent=2) + "\n"
        for name, port in make_ports().items()
    }


def write_documents() -> list[Path]:
    """Write both documents into `docs/openapi` of the checkout and return their paths."""
    folder = find_ini().parent / "docs/openapi"
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in documents().items():
        path = folder / name
        path.write_text(text, "utf-8")
        written.append(path)
    return written
