"""What customers allow: asked for by text and version, kept word by word."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.service import record
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.privacy import rules
from guibin.privacy.errors import ConsentNotNeeded, ConsentTextChanged
from guibin.privacy.models import Consent, ConsentChannel, ConsentState, ConsentText, GivenAt, Purpose
from guibin.privacy.repository import consents as repository
from guibin.security.actors import Actor, Scope


@dataclass(frozen=True, slots=True)
class Word:
    """A customer's yes or no; `text_version` is the text that was read, which only a yes needs."""

    purpose: Purpose
    channel: ConsentChannel
    granted: bool
    text_version: int | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """Where a word was given and where its evidence lies."""

    given_at: GivenAt
    evidence: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A purpose and a channel: the text in force, and the customer's newest word; None is silence, which means no."""

    purpose: Purpose
    channel: ConsentChannel
    text: ConsentText
    word: Consent | None


async def list_standing(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> list[Standing]:
    """Return every purpose and channel with the customer's word."""
    texts = await repository.texts_in_force(session)
    words = await repository.latest_consents(session, scope, customer_id=customer_id)
    return [
        Standing(purpose, channel, texts[purpose], words.get((purpose, channel)))
        for purpose in Purpose
        for channel in rules.channels_of(purpose)
    ]


async def take_words(
    session: AsyncSession, scope: Scope, *, actor: Actor, customer_id: UUID, words: Sequence[Word], proof: Proof
) -> None:
    """Keep a customer's words; one that says the same as before changes nothing.

    Raises:
        ConsentNotNeeded: the purpose and the channel take no consent.
        ConsentTextChanged: a yes to another text than the one in force.
    """
    texts = await repository.texts_in_force(session)
    known = await repository.latest_consents(session, scope, customer_id=customer_id)
    for word in words:
        if not rules.takes_consent(word.purpose, word.channel):
            raise ConsentNotNeeded
        text, before = texts[word.purpose], known.get((word.purpose, word.channel))
        if word.granted and word.text_version != text.version:
            raise ConsentTextChanged(purpose=word.purpose.value, version=text.version)
        state = rules.next_state(ConsentState(before.state) if before else None, granted=word.granted)
        if before is not None and (before.state, before.text_version) == (state, text.version):
            continue
        await _keep(session, actor, customer_id, word, state, text.version, proof)


async def _keep(
    session: AsyncSession,
    actor: Actor,
    customer_id: UUID,
    word: Word,
    state: ConsentState,
    version: int,
    proof: Proof,
) -> None:
    session.add(
        Consent(
            customer_id=customer_id,
            id=new_id(),
            purpose=word.purpose,
            channel=word.channel,
            state=state,
            text_version=version,
            given_at=proof.given_at,
            evidence=proof.evidence,
            recorded_at=clock.now(),
            recorded_by=actor.id,
        )
    )
    await record(
        session,
        actor=actor,
        action=f"consent.{state}",
        object_type="customer",
        object_id=to_public("cus", customer_id),
        owner_id=customer_id,
        facts={"purpose": word.purpose, "channel": word.channel, "text_version": version, "given_at": proof.given_at},
    )
