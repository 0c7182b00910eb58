"""What the bank port says of the import of a catalogue."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field

from guibin.core.ids import RightId
from guibin.rights.service import Imported, ImportOutcome
from guibin.web import OutModel

from .sheets import Catalogue, Entry, Fault

MOST_FAULTS = 1_000


class ImportedRightOut(OutModel):
    """What became of a row of the sheet `rights`."""

    row: int
    code: str
    outcome: ImportOutcome = Field(description="refused: something is wrong with it in one of the sheets")
    right_id: RightId | None = Field(description="null where there is none yet")


class ImportFaultOut(OutModel):
    """What is wrong with a cell, never its content."""

    sheet: str = Field(examples=["prices"])
    row: int = Field(description="Row of the sheet; the header is row 1 in most of them", examples=[12])
    column: str | None = Field(description="null: the row as a whole", examples=["points"])
    right_code: str | None = Field(description="null where the row names none")
    code: str = Field(examples=["integer"])
    message_zh: str = Field(examples=["须为整数"])
    message_en: str = Field(examples=["must be an integer"])

    @classmethod
    def of(cls, fault: Fault) -> Self:
        """Describe a fault."""
        place = fault.place
        message_zh, message_en = fault.words
        return cls(
            sheet=place.sheet,
            row=place.row,
            column=place.column,
            right_code=fault.right_code,
            code=fault.code,
            message_zh=message_zh,
            message_en=message_en,
        )


class CatalogueImportOut(OutModel):
    """What an import did, or would do."""

    dry_run: bool
    created: int
    changed: int
    unchanged: int
    refused: int
    fault_count: int
    rights: list[ImportedRightOut] = Field(description="One for each row of the sheet `rights` that has a code")
    faults: list[ImportFaultOut] = Field(description="The first 1,000, by sheet and row")

    @classmethod
    def of(cls, catalogue: Catalogue, done: Sequence[tuple[Entry, Imported]], *, dry_run: bool) -> Self:
        """Describe what became of a workbook."""
        outcomes = [one.outcome for _, one in done]
        faults = [*catalogue.faults, *(fault for entry, _ in done for fault in entry.faults)]
        faults.sort(key=lambda fault: (fault.place.sheet, fault.place.row, fault.place.column or ""))
        return cls(
            dry_run=dry_run,
            **{outcome.value: outcomes.count(outcome) for outcome in ImportOutcome},
            fault_count=len(faults),
            rights=[
                ImportedRightOut(row=entry.row, code=entry.code, outcome=one.outcome, right_id=one.right_id)
                for entry, one in done
            ],
            faults=[ImportFaultOut.of(fault) for fault in faults[:MOST_FAULTS]],
        )
