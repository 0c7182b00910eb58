"""Months in paths: `2026-10`."""

from datetime import date
from typing import Annotated

from pydantic import StringConstraints

Month = Annotated[str, StringConstraints(strict=True, pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$")]
"""A calendar month as `YYYY-MM`, years 1900 to 2199."""


def first_of(month: Month) -> date:
    """Return the first day of a month."""
    return date.fromisoformat(f"{month}-01")
