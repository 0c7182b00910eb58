"""What the rights operators of the bank do: draft and change rights, suspend them, add stock and codes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import ValidationFailed
from guibin.core.ids import new_id, to_public
from guibin.programme.repository import find_branch_codes
from guibin.rights import terms
from guibin.rights.errors import RightCodeTaken, WrongStockMode
from guibin.rights.models import RightState, StockMode, TaxKind
from guibin.rights.patterns import CodePattern
from guibin.rights.repository import catalogue, pool, uses
from guibin.rights.repository.catalogue import Right
from guibin.rights.service.codes import OUR_PATTERN, hash_code, new_code, seal_codes
from guibin.rights.service.giving_points import check_what_is_given
from guibin.rights.service.telling import tell_added
from guibin.security.actors import Actor
from guibin.security.ciphers import KeyRing, WrappedKey

_KIND: Final = "right"
_IN_CHINESE: Final = {"tier": "层级", "tag": "标签", "branch": "机构", "wallet": "积分类别"}


@dataclass(frozen=True, slots=True)
class NewRight:
    """What never changes of a right."""

    code: str
    wallet: str
    fulfilment: str
    stock_mode: str
    value_fen: int | None = None


@dataclass(frozen=True, slots=True)
class RightContent:
    """What an operator writes: all takes effect at once, but the terms when another person has approved them."""

    category: str
    name_zh: str
    name_en: str
    description_zh: str
    description_en: str
    terms: Mapping[str, Any]
    brand: str | None = None
    labels: Sequence[str] = ()
    featured: bool = False
    place: int = 0
    tax_kind: str = TaxKind.NONE

    def columns(self) -> dict[str, Any]:
        """Return the columns of what takes effect at once."""
        return {
            "category": self.category,
            "name_zh": self.name_zh,
            "name_en": self.name_en,
            "description_zh": self.description_zh,
            "description_en": self.description_en,
            "brand": self.brand,
            "labels": list(self.labels),
            "featured": self.featured,
            "place": self.place,
            "tax_kind": self.tax_kind,
        }


async def create_right(session: AsyncSession, *, actor: Actor, new: NewRight, content: RightContent) -> Right:
    """Draft a right. Customers see it once its terms are submitted and approved.

    Raises:
        RightCodeTaken: the code is in use.
        ValidationFailed: the terms name a tier, tag, wallet or branch, or the right a wallet, that does not exist.
    """
    await _check_terms(session, content.terms, new.stock_mode, wallet=new.wallet)
    await refuse_strange_substitutes(
        session, content.terms, code=new.code, category=content.category, at=("body", "terms")
    )
    await check_what_is_given(session, content.terms, wallet=new.wallet, fulfilment=new.fulfilment)
    right_id = await draft_right(session, new, content)
    await _record(session, actor, "right.create", right_id)
    return await catalogue.get_right(session, right_id=right_id)


async def draft_right(session: AsyncSession, new: NewRight, content: RightContent) -> UUID:
    """Add a draft all of whose names are known to exist, and return its id; the caller tells the trail.

    Raises:
        RightCodeTaken: the code is in use.
    """
    right_id = new_id()
    values = {
        "id": right_id,
        "code": new.code,
        "wallet": new.wallet,
        "fulfilment": new.fulfilment,
        "stock_mode": new.stock_mode,
        "value_fen": new.value_fen,
        "state": RightState.DRAFT,
        "prices": [],
        "quotas": [],
        "offer": {},
        "draft_terms": dict(content.terms),
        "revision": 1,
        "created_at": clock.now(),
        **content.columns(),
    }
    if not await catalogue.insert_right(session, values):
        raise RightCodeTaken
    return right_id


async def change_right(session: AsyncSession, *, actor: Actor, right: Right, content: RightContent) -> Right:
    """Change the texts at once and draft new terms; what was submitted before is thereby taken back.

    Raises:
        ValidationFailed: the terms name a tier, tag, wallet or branch that does not exist.
        VersionConflict: somebody else changed the right meanwhile.
    """
    item = right.item
    await _check_terms(session, content.terms, item.stock_mode)
    await refuse_strange_substitutes(
        session, content.terms, code=item.code, category=content.category, at=("body", "terms")
    )
    await check_what_is_given(session, content.terms, wallet=item.wallet, fulfilment=item.fulfilment)
    after = await redraft_right(session, right, content)
    before = {name: getattr(item, name) for name in after}
    await _record(session, actor, "right.change", item.id, before=before, after=after)
    return await catalogue.get_right(session, right_id=item.id)


async def redraft_right(session: AsyncSession, right: Right, content: RightContent) -> dict[str, Any]:
    """Change a right as `change_right` does, all of whose names are known to exist; the caller tells the trail.

    Returns what was written.

    Raises:
        VersionConflict: somebody else changed the right meanwhile.
    """
    item = right.item
    in_force = item.state in {RightState.PUBLISHED, RightState.SUSPENDED} and content.terms == terms.document_of(item)
    values = {
        **content.columns(),
        "draft_terms": None if in_force else dict(content.terms),
        "state": RightState.DRAFT if item.state == RightState.PENDING else item.state,
    }
    await catalogue.update_right(session, right_id=item.id, revision=item.revision, values=values)
    return values


async def suspend_right(session: AsyncSession, *, actor: Actor, right_id: UUID) -> Right:
    """Take a published right off sale at once. Submitting its terms again brings it back.

    Raises:
        NotFound: there is no such right.
        StateConflict: it is not published.
    """
    right = await catalogue.get_right(session, right_id=right_id)
    if right.item.state != RightState.PUBLISHED:
        raise StateConflict(**{"from": right.item.state, "to": RightState.SUSPENDED})
    values = {"state": RightState.SUSPENDED}
    await catalogue.update_right(session, right_id=right_id, revision=right.item.revision, values=values)
    await _record(session, actor, "right.suspend", right_id)
    return await catalogue.get_right(session, right_id=right_id)


async def add_stock(session: AsyncSession, *, actor: Actor, right_id: UUID, quantity: int) -> None:
    """Add units to a counted right.

    Raises:
        NotFound: there is no such right.
        WrongStockMode: the right has no counted stock.
    """
    right = await _get_of_mode(session, right_id, StockMode.COUNTED)
    stock = await pool.add_stock(session, right_id=right_id, quantity=quantity)
    if right.item.state == RightState.PUBLISHED:
        await tell_added(session, right_id, before=stock.free - quantity, free=stock.free)
    await _record(session, actor, "right.stock", right_id, {"added": quantity})


async def add_codes(session: AsyncSession, *, actor: Actor, keys: KeyRing, right_id: UUID, codes: Sequence[str]) -> int:
    """Add a supplier's codes to a pool, and return how many were new: a code that any pool knows is passed over.

    Raises:
        NotFound: there is no such right.
        WrongStockMode: the right has no pool of codes.
    """
    right = await _get_of_mode(session, right_id, StockMode.CODES)
    by_hash = {hash_code(keys, code): code for code in codes}
    known = await pool.find_known_codes(session, hashes=list(by_hash))
    fresh = [code for code_hash, code in by_hash.items() if code_hash not in known]
    data_key = keys.open_data_key(await data_key_of_codes(session, keys, right), right_id)
    before = len(await pool.find_supplied_pools(session, right_ids=[right_id], quantity=1, now=clock.now()))
    added = await pool.insert_codes(
        session, seal_codes(keys, data_key, right_id, fresh, value_fen=right.item.value_fen)
    )
    if right.item.state == RightState.PUBLISHED:
        await tell_added(session, right_id, before=before, free=added)
    await _record(session, actor, "right.codes", right_id, {"added": added, "sent": len(codes)})
    return added


async def generate_codes(
    session: AsyncSession,
    *,
    actor: Actor,
    keys: KeyRing,
    right_id: UUID,
    count: int,
    pattern: CodePattern | None = None,
) -> int:
    """Add codes of our own to a pool and return how many; refuses as `add_codes` does.

    They have the pattern that is given, else the one of the right's codes that were made before, else 80 random bits.
    """
    right = await _get_of_mode(session, right_id, StockMode.CODES)
    if pattern is not None:
        await uses.keep_pattern(session, right_id=right_id, pattern=pattern.document())
    elif right.item.code_pattern is not None:
        pattern = CodePattern.of(right.item.code_pattern)
    codes = [new_code(pattern or OUR_PATTERN) for _ in range(count)]
    return await add_codes(session, actor=actor, keys=keys, right_id=right_id, codes=codes)


async def _get_of_mode(session: AsyncSession, right_id: UUID, mode: StockMode) -> Right:
    right = await catalogue.get_right(session, right_id=right_id)
    if right.item.stock_mode != mode:
        raise WrongStockMode(stock_mode=right.item.stock_mode)
    return right


async def data_key_of_codes(session: AsyncSession, keys: KeyRing, right: Right) -> WrappedKey:
    """Return the wrapped key of the right's codes, made on first use; of two that are made at once the first stays."""
    if right.item.data_key is None:
        right_id = right.item.id
        await catalogue.keep_data_key(session, right_id=right_id, data_key=keys.new_data_key(right_id))
        right = await catalogue.get_right(session, right_id=right_id)
    return WrappedKey(right.item.data_key or b"")


async def unknown_names(
    session: AsyncSession, documents: Iterable[Mapping[str, Any]], wallets: Iterable[str] = ()
) -> dict[str, set[str]]:
    """Return by kind the codes that terms name, or rights pay from, and that do not exist."""
    tiers, tags, branches, paying = set[str](), set[str](), set[str](), set(wallets)
    for document in documents:
        tiers.update(terms.tiers_named(document))
        tags |= terms.tags_named(document)
        branches |= terms.branches_named(document)
        paying |= terms.wallets_named(document)
    return {
        "tier": tiers - await catalogue.find_tiers(session, codes=tiers),
        "tag": tags - await catalogue.find_tags(session, codes=tags),
        "branch": branches - await find_branch_codes(session, codes=branches),
        "wallet": paying - (await catalogue.find_wallets(session, codes=paying)).keys(),
    }


def unknown_name(loc: list[str | int], kind: str) -> ValidationFailed:
    """Return the refusal of terms with a code of `unknown_names`, by its kind there."""
    return ValidationFailed.of(
        loc, f"unknown_{kind}", f"没有该{_IN_CHINESE[kind]}", f"names a {kind} that does not exist"
    )


async def refuse_strange_substitutes(
    session: AsyncSession, document: Mapping[str, Any], *, code: str, category: str, at: tuple[str | int, ...]
) -> None:
    """Hold a right to substitutes that can stand in its place: other rights that there are, of its category.

    Raises:
        ValidationFailed: one of them is not, at this place of the input.
    """
    named = [one["right"] for one in document.get("substitutes") or ()]
    found = await catalogue.find_by_codes(session, codes=named) if named else {}
    for place, other in enumerate(named):
        where: list[str | int] = [*at, "substitutes", place, "right"]
        if other not in found:
            raise ValidationFailed.of(where, "unknown_right", "没有该权益", "names a right that does not exist")
        if other == code or found[other].item.category != category:
            raise ValidationFailed.of(
                where, "category", "须为同一类别的其他权益", "must be another right of the same category"
            )


async def _check_terms(
    session: AsyncSession, document: Mapping[str, Any], stock_mode: str, wallet: str | None = None
) -> None:
    if document.get("release_plan") and stock_mode != StockMode.COUNTED:
        raise ValidationFailed.of(
            ["body", "terms", "release_plan"], "stock", "仅用于按数量管理的库存", "is for counted stock"
        )
    unknown = await unknown_names(session, [document])
    for kind in (kind for kind, codes in unknown.items() if codes):
        raise unknown_name(["body", "terms"], kind)
    if wallet is not None and not await catalogue.find_wallets(session, codes=[wallet]):
        raise ValidationFailed.of(
            ["body", "wallet"], "unknown_wallet", "没有该积分类别", "names a wallet that does not exist"
        )


async def _record(
    session: AsyncSession,
    actor: Actor,
    action: str,
    right_id: UUID,
    facts: Mapping[str, object] | None = None,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type=_KIND,
        object_id=to_public("rgt", right_id),
        before=before,
        after=after,
        facts=facts,
    )
