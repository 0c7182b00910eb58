"""The worker seals the audit trail every few seconds and anchors its head every ten minutes."""

import asyncio
from typing import Final

from guibin.audit.anchors import AnchorBook, load_private_key, make_key_pair
from guibin.audit.chain import Algorithm, Anchor, Head
from guibin.audit.sealing import BATCH, seal
from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.logging import error_facts, logger
from guibin.core.settings import Profile, Settings

SEAL_SECONDS: Final = 3.0
ANCHOR_SECONDS: Final = 600.0


class Sealer:
    """Seals and anchors until it is cancelled.

    It remembers the highest head that it has seen and signs that one, not what the database says later: whoever cuts
    the end of the trail between two anchors is found out by the next.
    """

    def __init__(self, settings: Settings, sessions: SessionFactory) -> None:
        self._sessions = sessions
        self._algorithm = Algorithm(settings.audit_hash)
        self._book = AnchorBook(settings.effective_audit_anchor_file, settings.audit_anchor_syslog)
        self._key = load_private_key(settings.effective_audit_anchor_key_file)
        self._highest = Head()
        self._anchored = 0
        self._anchor_again_at = 0.0

    async def work(self) -> None:
        """Go round until cancelled; a round that fails is made again."""
        while True:
            try:
                full = await self.go_round()
            except Exception as error:  # noqa: BLE001 - whatever a round fails of, the next one takes it up
                logger().error("trail_not_sealed", **error_facts(error))
                full = False
            await asyncio.sleep(0 if full else SEAL_SECONDS)

    async def go_round(self) -> bool:
        """Seal one batch, and anchor if it is time; tells whether there may be more to seal."""
        async with self._sessions() as session:
            sealed = await seal(session, algorithm=self._algorithm)
            await session.commit()
        if sealed.head is not None and sealed.head.seq > self._highest.seq:
            self._highest = sealed.head
        now = asyncio.get_running_loop().time()
        if now >= self._anchor_again_at and sealed.rows < BATCH:
            self._anchor_again_at = now + ANCHOR_SECONDS
            self.anchor()
        return sealed.rows == BATCH

    def anchor(self) -> None:
        """Sign the highest head and keep it outside the database, unless that was done."""
        if self._highest.seq > self._anchored:
            self._book.append(Anchor(self._highest.seq, self._highest.hash, clock.now()), self._key)
            self._anchored = self._highest.seq
            logger().info("trail_anchored", seq=self._highest.seq, hash=self._highest.hash.hex())


def prepare_anchor_key(settings: Settings) -> None:
    """Make the key that signs anchors for a development run; elsewhere hold the operator to giving one.

    Raises:
        AnchorInvalid: the key file is missing or no Ed25519 key.
    """
    path = settings.effective_audit_anchor_key_file
    if settings.profile is Profile.DEVELOPMENT and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        make_key_pair(path, settings.effective_audit_anchor_public_key_file)
    load_private_key(path)
