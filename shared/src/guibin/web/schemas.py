"""Bases of input and output models."""

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """Input: closed and strict. Unknown fields and values of another JSON type are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class OutModel(BaseModel):
    """Output: built from rows, results or keyword arguments; ids, money, dates and instants are written as text."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")
