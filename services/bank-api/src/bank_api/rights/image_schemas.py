"""What the bank port says of a picture of a right."""

from pydantic import Field

from guibin.core.pictures import PictureKind
from guibin.web import OutModel


class ImageOut(OutModel):
    """A picture of a right."""

    number: int
    address: str = Field(
        description="Where customers fetch it, on their port",
        examples=["/v1/rights/rgt_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4/images/1?v=9f86d081884c"],
    )
    media_type: PictureKind
    width: int
    height: int
