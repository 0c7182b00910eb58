"""What the bank port says of batches of feed files; what it takes is `guibin.feeds.batches.manifest`."""

from datetime import date, datetime
from typing import Self

from pydantic import Field

from guibin.core.ids import FeedBatchId, FeedFileId
from guibin.core.lines import Line
from guibin.core.money import Cny
from guibin.feeds.batches.manifest import Digest, FileName
from guibin.feeds.batches.models import BatchState, FeedBatchFile, FeedBatchPart
from guibin.feeds.batches.service import BatchView
from guibin.feeds.models import FeedKind, FeedMode
from guibin.web import OutModel


class PartOut(OutModel):
    """A part that is in."""

    part: int
    bytes: int
    sha256: Digest

    @classmethod
    def of(cls, part: FeedBatchPart) -> Self:
        """Describe a part."""
        return cls(part=part.number, bytes=part.size, sha256=part.sha256.hex())


class BatchFileOut(OutModel):
    """A file of a batch: what was announced, and how far it is."""

    name: FileName
    kind: FeedKind
    sha256: Digest
    bytes: int
    rows: int
    control_sum: Cny | None
    parts: list[int] = Field(description="The parts that are in")
    received: int = Field(description="Their bytes")
    file_id: FeedFileId | None = Field(description="The file as it was taken, with its counts and rejects")

    @classmethod
    def of(cls, file: FeedBatchFile, parts: dict[int, int]) -> Self:
        """Describe a file."""
        return cls(
            name=file.name,
            kind=FeedKind(file.kind),
            sha256=file.sha256.hex(),
            bytes=file.size,
            rows=file.rows,
            control_sum=file.control_fen,
            parts=list(parts),
            received=sum(parts.values()),
            file_id=file.file_id,
        )


class BatchOut(OutModel):
    """A batch with its files, in the order in which they are taken."""

    id: FeedBatchId
    line: Line
    business_date: date
    mode: FeedMode
    state: BatchState = Field(
        description="open: parts may come; sealed: everything agrees and the worker takes the files one by one; done; "
        "refused: a file could not be taken after all; abandoned"
    )
    failures: int = Field(description="How often the worker could not take it; it tries again, each time later")
    retry_at: datetime | None = Field(description="When a batch that failed is tried again")
    refusal: str | None = Field(description="The code of a refused batch", examples=["head_office_missing"])
    files: list[BatchFileOut]
    created_at: datetime
    sealed_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, view: BatchView) -> Self:
        """Describe a batch."""
        files = [BatchFileOut.of(file, view.parts.get(file.name, {})) for file in view.files]
        return cls.model_validate({**view.batch.model_dump(exclude={"data_key"}), "files": files})
