"""Probability proposes, people decide: pairs that may be one customer are ranked for the review queue.

Nothing is joined here and no id changes. The worker calls it again and again; a turn takes the records that changed
since they were last compared, in bounded batches, while no file is being fused.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.fusion_repository import lock_fusion
from guibin.customers.models import MatchModelVersion, ReviewState
from guibin.customers.personal import unseal
from guibin.customers.proposing import repository
from guibin.customers.proposing.blocks import blocks_of
from guibin.customers.proposing.model import Label, MatchModel, learn
from guibin.customers.proposing.repository import CandidatePair, RecordKey
from guibin.customers.proposing.scoring import Scored, score
from guibin.customers.proposing.traits import Traits, traits_of
from guibin.customers.rules import ReviewReason
from guibin.security.ciphers import KeyRing

LEAST_PROBABILITY: Final = 0.2
"""From which a pair is put before people."""

SMALL_BANK: Final = 100_000
"""A bank is taken for one of so many customers at least: among a few hundred every name would be frequent."""


@dataclass(frozen=True, slots=True)
class _Model:
    version: int
    parameters: MatchModel


async def propose(session: AsyncSession, *, open_keys: Callable[[], KeyRing], limit: int) -> int:
    """Compare records that are due, and weigh reviews that are not; returns how many, at most `limit`.

    Without a model, in a bank that was never seeded, nothing is compared.
    """
    stored = await repository.newest_model(session)
    if stored is None:
        return 0
    model = _Model(stored.version, MatchModel.of(stored.parameters))
    await lock_fusion(session)
    due = await repository.due_records(session, limit=limit)
    unweighed, pairs = await repository.unweighed_pairs(session, limit=limit - len(due))
    if not due and not unweighed:
        return 0
    keys = open_keys()
    traits = _read(keys, due)
    if due:
        hashes = {key: blocks_of(keys, known) for key, known in traits.items()}
        await repository.write_blocks(session, hashes)
        pairs |= await repository.find_pairs(session, list(traits))
    await _weigh(session, keys, model, traits, pairs)
    await repository.mark_weighed(session, unweighed, at=clock.now())
    return len(due) + len(unweighed)


def _read(keys: KeyRing, rows: Iterable[Mapping[str, Any]]) -> dict[RecordKey, Traits]:
    return {
        (row["customer_id"], row["id"]): traits_of(
            unseal(keys, "source_record", row),
            party_type=row["party_type"],
            gender=row["gender"],
            certificate_type=row["certificate_type"],
        )
        for row in rows
    }


async def _weigh(
    session: AsyncSession, keys: KeyRing, model: _Model, traits: dict[RecordKey, Traits], pairs: set[CandidatePair]
) -> None:
    """Weigh pairs of records, and write for each pair of customers what its likeliest records say."""
    missing = {key for pair in pairs for key in (pair.one, pair.other)} - traits.keys()
    traits = traits | _read(keys, (await repository.records_of(session, missing)).values())
    ordered = sorted(pairs, key=lambda pair: (pair.one, pair.other))
    customers = max(await repository.count_customers(session), SMALL_BANK)
    shares = await _name_shares(session, keys, traits, ordered, customers)
    compared = [(traits[pair.one], traits[pair.other]) for pair in ordered]
    scores = await asyncio.to_thread(score, model.parameters, compared, customers=customers, name_frequencies=shares)
    best: dict[tuple[Any, Any], Scored] = {}
    for pair, found in zip(ordered, scores, strict=True):
        both = pair.one[0], pair.other[0]
        if both not in best or found.bits > best[both].bits:
            best[both] = found
    for (one, other), found in best.items():
        said = {"one": one, "other": other, "version": model.version, "at": clock.now(), **_said(found)}
        if not await repository.weigh_reviews(session, said) and found.probability >= LEAST_PROBABILITY:
            await repository.ask(session, {**said, "id": new_id(), "reason": ReviewReason.PROBABLE.value})


def _said(found: Scored) -> dict[str, Any]:
    """Write what was weighed: levels and bits, nothing of what the fields hold."""
    weights = [
        {"field": one.field, "level": one.level, "says": one.says, "bits": round(one.bits, 2)} for one in found.weights
    ]
    return {
        "score": round(found.bits * 100),
        "probability": round(found.probability, 6),
        "evidence": json.dumps({"weights": weights}),
    }


async def _name_shares(
    session: AsyncSession,
    keys: KeyRing,
    traits: Mapping[RecordKey, Traits],
    pairs: Iterable[CandidatePair],
    customers: int,
) -> dict[str, float]:
    """Return how frequent the names of pairs are among so many customers, counted over their keyed hashes."""
    names = {name for pair in pairs if (name := traits[pair.one].name) is not None}
    indexes = {name: keys.blind_index("name", name) for name in names}
    counts = await repository.count_names(session, indexes.values())
    return {name: counts[index] / customers for name, index in indexes.items() if index in counts}


async def train(session: AsyncSession) -> MatchModelVersion:
    """Learn from what people have decided, and let the open reviews be weighed by the new model.

    Raises:
        LookupError: there is no model to begin with: the bank was never seeded.
    """
    before = await repository.newest_model(session)
    if before is None:
        raise LookupError("no model to begin with")
    labels = [
        Label({one["field"]: one["level"] for one in evidence["weights"]}, is_one=state == ReviewState.MERGED)
        for state, evidence in await repository.decided_evidence(session)
    ]
    learnt = learn(MatchModel.of(before.parameters), labels)
    version = MatchModelVersion(
        version=before.version + 1, parameters=learnt.as_json(), decisions=len(labels), created_at=clock.now()
    )
    session.add(version)
    await session.flush()
    await repository.weigh_again(session)
    return version
