"""Uploads: one file, as the body itself or as the one part of a form, spooled to disk under the route's limit."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final

import anyio.to_thread
from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from guibin.core.pictures import PictureKind
from guibin.core.workbook import MEDIA_TYPE as XLSX
from guibin.web.bodies import chunks_of, media_type_of
from guibin.web.errors import MalformedUpload

FORM: Final = "multipart/form-data"
ANY: Final = "application/octet-stream"
ACCEPTED: Final = ("text/csv", "application/x-ndjson", ANY, XLSX, FORM)
DOCUMENTS: Final = ("application/pdf", PictureKind.PNG.value, PictureKind.JPEG.value, ANY, FORM)
PICTURES: Final = (*(kind.value for kind in PictureKind), ANY, FORM)

_IN_MEMORY: Final = 1024 * 1024
_CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came in: its bytes on disk or in memory, its media type, its size in bytes and its SHA-256.

    The file is closed when the call ends. The name that the caller gave it may hold personal values and is not kept.
    """

    file: IO[bytes]
    media_type: str
    size: int
    sha256: bytes

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the bytes from the start, 64 KiB at a time."""
        self.file.seek(0)
        while chunk := await anyio.to_thread.run_sync(self.file.read, _CHUNK):
            yield chunk


async def receive_upload(request: Request, limit: int, accepted: tuple[str, ...]) -> Upload:
    """Spool the body of an upload, which says that it is of one of the accepted media types.

    Raises:
        UnsupportedMediaType, BodyTooLarge, RequestTimeout: as for any body.
        MalformedUpload: a form that is broken or holds other than one file.
    """
    media_type = media_type_of(request, accepted)
    chunks = chunks_of(request, limit)
    if media_type == FORM:
        file, declared = await _form_file(request, chunks)
        media_type = declared if declared in accepted else ANY
    else:
        file = await _spool(chunks)
    size, digest = await anyio.to_thread.run_sync(_measure, file)
    return Upload(file, media_type, size, digest)


async def _spool(chunks: AsyncIterator[bytes]) -> IO[bytes]:
    file: IO[bytes] = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the route closes it when the call ends
    try:
        async for chunk in chunks:
            await anyio.to_thread.run_sync(file.write, chunk)
    except BaseException:
        file.close()
        raise
    return file


async def _form_file(request: Request, chunks: AsyncIterator[bytes]) -> tuple[IO[bytes], str]:
    parser = MultiPartParser(request.headers, _generator(chunks), max_files=1, max_fields=0)
    try:
        form = await parser.parse()
    except (MultiPartException, ValueError, KeyError):
        raise MalformedUpload from None
    parts = [part for _, part in form.multi_items()]
    if len(parts) != 1 or not isinstance(parts[0], UploadFile):
        await form.close()
        raise MalformedUpload
    return parts[0].file, (parts[0].content_type or "").partition(";")[0].strip().lower()


async def _generator(chunks: AsyncIterator[bytes]) -> Any:
    async for chunk in chunks:
        yield chunk


def _measure(file: IO[bytes]) -> tuple[int, bytes]:
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    file.seek(0)
    return size, digest.digest()


class UploadBody:
    """The dependency behind `upload_body`: hands over the upload that the route's conductor received."""

    def __init__(self, accepted: tuple[str, ...]) -> None:
        self.accepted = accepted

    async def __call__(self, request: Request) -> Upload:
        """Return the upload."""
        upload = request.state.upload
        if not isinstance(upload, Upload):
            raise TypeError("an upload is received by the route of a PortRouter")
        return upload


def upload_body(accepted: tuple[str, ...] = ACCEPTED) -> Any:
    """Annotate the parameter that takes the body as an `Upload`, whose limit the route declares."""
    return Depends(UploadBody(accepted))
