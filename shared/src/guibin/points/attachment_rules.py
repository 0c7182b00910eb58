"""Which documents are taken with a change of points by hand: PDF, PNG and JPEG, known by what is in them."""

from enum import StrEnum
from typing import Final

from guibin.core.errors import Refusal
from guibin.core.pictures import PictureKind, read_picture

MOST_BYTES: Final = 2 * 1024 * 1024
MOST_ATTACHMENTS: Final = 5
"""Of one request."""

_PDF: Final = b"%PDF-"
_PDF_END: Final = b"%%EOF"
_TAIL: Final = 1024


class AttachmentKind(StrEnum):
    """The media types of documents that are taken."""

    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"


def kind_of(content: bytes) -> AttachmentKind | None:
    """Tell what a document is; None when it is none that is taken, or is not whole."""
    if content.startswith(_PDF):
        return AttachmentKind.PDF if _PDF_END in content[-_TAIL:] else None
    try:
        picture = read_picture(content)
    except Refusal:
        return None
    return None if picture.kind is PictureKind.WEBP else AttachmentKind(picture.kind.value)
