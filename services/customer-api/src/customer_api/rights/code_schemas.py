"""The codes of a redemption, as their holder sees them."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from guibin.core.money import Cny
from guibin.rights.service import ShownCode
from guibin.web import OutModel


class CodeOut(OutModel):
    """A voucher code. Show the QR payload as a picture and fetch it again before it ends."""

    code: str = Field(examples=["7K3M-9QPX-02ZV-H8RA"])
    used_at: datetime | None
    qr: str | None = Field(description="Payload of the QR picture; null once the code is used or past its last day")
    qr_expires_at: datetime | None = Field(
        description="Until when the payload is taken; null beside a payload: until the code is used"
    )
    value: Cny | None = Field(description="What it was good for, in CNY; null: no value voucher")
    remaining: Cny | None = Field(description="What it is still good for, in CNY")

    @classmethod
    def shown(cls, code: ShownCode) -> "CodeOut":
        """Describe a code."""
        return cls(
            code=code.code,
            used_at=code.used_at,
            qr=code.qr,
            qr_expires_at=code.qr_expires_at,
            value=code.value_fen,
            remaining=code.left_fen,
        )


class CodesOut(CodeOut):
    """The codes of a redemption, one for each unit; in front the one to show next."""

    codes: list[CodeOut]

    @classmethod
    def of(cls, codes: Sequence[ShownCode]) -> "CodesOut":
        """Describe codes, at least one; the next is the first that is not used."""
        shown = [CodeOut.shown(code) for code in codes]
        following = next((code for code in shown if code.used_at is None), shown[-1])
        return cls(**following.model_dump(), codes=shown)
