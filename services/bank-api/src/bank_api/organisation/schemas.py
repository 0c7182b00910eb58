"""What the bank port says of the organisation."""

from pydantic import Field

from guibin.core.ids import BranchId
from guibin.organisation.models import BranchKind
from guibin.web import OutModel


class BranchOut(OutModel):
    """A node of the organisation tree."""

    id: BranchId
    code: str = Field(examples=["310001"])
    kind: BranchKind
    parent_id: BranchId | None
    name_zh: str
    name_en: str
    city_code: str | None


class BranchesOut(OutModel):
    """The whole tree."""

    items: list[BranchOut]
