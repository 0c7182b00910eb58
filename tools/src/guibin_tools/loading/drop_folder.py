"""The drop folder: what lies in it is a batch each, taken once its marker is there, then moved out of the way.

    DIR/NAME/manifest.json, the files that it names, and last of all the empty marker SEALED

A batch that is taken moves to DIR/done/NAME with the reject file of each of its files; one that does not agree with its
manifest moves to DIR/refused/NAME with refusal.json. A watcher that was killed takes what it finds again, and content
that is in already changes nothing.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from guibin import wiring
from guibin.core.database import SessionFactory
from guibin.core.errors import Refusal
from guibin.core.unit_of_work import unit_of_work
from guibin.feeds import repository
from guibin.feeds.batches import service
from guibin.feeds.batches.jobs import take_next
from guibin.feeds.batches.manifest import Manifest
from guibin.feeds.batches.models import BatchState
from guibin.feeds.reject_file import reject_file
from guibin.security.ciphers import KeyRing
from guibin_tools.loading.feeds import OPERATOR, Show
from guibin_tools.roles import Role
from guibin_tools.sessions import open_keys, sessions_as
from guibin_tools.settings import OperatorSettings

MANIFEST: Final = "manifest.json"
MARKER: Final = "SEALED"
DONE: Final = "done"
REFUSED: Final = "refused"
LOOK_SECONDS: Final = 5.0

_PART_BYTES: Final = 16 * 1024 * 1024
_MOST_MANIFEST_BYTES: Final = 1024 * 1024
_ENDED: Final = {BatchState.DONE, BatchState.REFUSED, BatchState.ABANDONED}


async def watch(settings: OperatorSettings, folder: Path, *, once: bool, show: Show) -> int:
    """Take what lies in a folder and go on looking, or look once; returns how many batches were refused."""
    wiring.connect()
    keys = open_keys(settings)
    async with sessions_as(Role.WORKER, settings) as factory:
        while True:
            refused = 0
            for batch in _sealed_in(folder):
                refused += not await _Dropped(factory, keys, batch, show).take()
            if once:
                return refused
            await asyncio.sleep(LOOK_SECONDS)


def _sealed_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if _is_sealed(path))


def _is_sealed(path: Path) -> bool:
    return path.name not in {DONE, REFUSED} and not path.is_symlink() and (path / MARKER).is_file()


class _Dropped:
    """A batch that lies in the folder."""

    def __init__(self, factory: SessionFactory, keys: KeyRing, path: Path, show: Callable[[str], None]) -> None:
        self._factory = factory
        self._keys = keys
        self._path = path
        self._show = show

    async def take(self) -> bool:
        """Take the batch, or say why not; returns whether it is in."""
        try:
            view = await self._bring(self._manifest())
        except ValidationError:
            return self._refuse("manifest_unreadable", {})
        except _FileMissingError as missing:
            return self._refuse("file_missing", {"file": missing.name})
        except Refusal as refusal:
            return self._refuse(refusal.code, refusal.facts)
        while view.batch.state not in _ENDED:
            await take_next(self._factory, lambda: self._keys)
            async with self._factory() as session:
                view = await service.get_batch(session, batch_id=view.batch.id)
        if view.batch.state != BatchState.DONE:
            return self._refuse(view.batch.refusal or view.batch.state, {})
        rejected = 0
        for file in view.files:
            rejected += await self._write_rejects(file.name, file.file_id)
        self._move(DONE)
        self._show(f"{self._path.name}: {len(view.files)} files taken, {rejected} rows rejected")
        return True

    def _manifest(self) -> Manifest:
        raw = self._file(MANIFEST).read_bytes()[: _MOST_MANIFEST_BYTES + 1]
        return Manifest.model_validate_json(raw if len(raw) <= _MOST_MANIFEST_BYTES else b"")

    async def _bring(self, manifest: Manifest) -> service.BatchView:
        """Announce the batch, bring its files and seal it."""
        paths = {file.name: self._file(file.name) for file in manifest.files}
        async with unit_of_work(self._factory) as work:
            view = await service.begin_batch(work.session, self._keys, actor=OPERATOR, manifest=manifest)
        batch_id = view.batch.id
        try:
            for name, path in paths.items():
                for number, content in enumerate(_parts(path), start=1):
                    async with unit_of_work(self._factory) as work:
                        await service.put_part(
                            work.session, self._keys, batch_id=batch_id, name=name, number=number, content=content
                        )
            async with unit_of_work(self._factory) as work:
                return await service.seal_batch(work.session, self._keys, actor=OPERATOR, batch_id=batch_id)
        except Refusal:
            async with unit_of_work(self._factory) as work:
                await service.abandon_batch(work.session, actor=OPERATOR, batch_id=batch_id)
            raise

    def _file(self, name: str) -> Path:
        path = self._path / name
        if path.is_symlink() or not path.is_file():
            raise _FileMissingError(name)
        return path

    async def _write_rejects(self, name: str, file_id: UUID | None) -> int:
        if file_id is None:
            return 0
        async with self._factory() as session:
            rejects = await repository.list_rejects(session, file_id=file_id, limit=None, after=None)
        if rejects:
            (self._path / f"{name}.rejects.csv").write_bytes(reject_file(rejects))
        return len(rejects)

    def _refuse(self, code: str, facts: dict[str, object]) -> bool:
        told = json.dumps({"code": code, **facts}, ensure_ascii=False, indent=2, default=str)
        (self._path / "refusal.json").write_text(told + "\n", encoding="utf-8")
        self._move(REFUSED)
        self._show(f"{self._path.name}: refused ({code})")
        return False

    def _move(self, where: str) -> None:
        """Move the batch aside; one that came under the same name before keeps its place."""
        target = self._path.parent / where
        target.mkdir(exist_ok=True)
        (self._path / MARKER).unlink()
        names = (self._path.name if not again else f"{self._path.name}.{again}" for again in range(10_000))
        self._path.rename(next(target / name for name in names if not (target / name).exists()))


class _FileMissingError(Exception):
    """The folder lacks a file that should be in it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while content := file.read(_PART_BYTES):
            yield content
