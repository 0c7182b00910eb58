"""The manifest of a batch, as a sender writes it: in the body of a call, or as `manifest.json` in a drop folder."""

from datetime import date
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from guibin.core.lines import Line
from guibin.core.money import Cny
from guibin.feeds.batches.rules import MOST_BYTES, MOST_FILES, AnnouncedFile
from guibin.feeds.models import FeedKind, FeedMode

FileName = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Digest = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{64}$")]

_CLOSED: Final = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
_FILE: Final = {
    "name": "balances.csv",
    "kind": "balances",
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "bytes": 1048576,
    "rows": 12000,
    "control_sum": "1250000.00",
}


class ManifestFile(BaseModel):
    """A file with its control figures."""

    model_config = _CLOSED

    name: FileName = Field(description="The sender's name of it, without personal values", examples=[_FILE["name"]])
    kind: FeedKind = Field(examples=[_FILE["kind"]])
    sha256: Digest = Field(description="Of all its bytes, in hexadecimal", examples=[_FILE["sha256"]])
    size: int = Field(alias="bytes", ge=1, le=MOST_BYTES, examples=[_FILE["bytes"]])
    rows: int = Field(ge=0, le=2**31 - 1, description="Data rows, without the header", examples=[_FILE["rows"]])
    control_sum: Cny | None = Field(
        default=None,
        description="Sum of the column balance (balances) or amount (events): required there, and nowhere else",
        examples=[_FILE["control_sum"]],
    )

    def announced(self) -> AnnouncedFile:
        """Return it as the commands take it."""
        digest = bytes.fromhex(self.sha256)
        return AnnouncedFile(self.name, self.kind, digest, self.size, self.rows, self.control_sum)


class Manifest(BaseModel):
    """The files of one line and one business date, with their control figures."""

    model_config = _CLOSED

    line: Line = Field(examples=["personal_finance"])
    business_date: date = Field(alias="date", examples=["2026-11-24"])
    mode: FeedMode = Field(default=FeedMode.DELTA, description="full: what is not in a file has ended")
    files: list[ManifestFile] = Field(min_length=1, max_length=MOST_FILES, examples=[[_FILE]])
