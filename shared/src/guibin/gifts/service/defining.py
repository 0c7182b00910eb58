"""What may be given: a gift, its value and its names are put in force by a second person."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import Amended, ApprovalContext, ApprovalHandler, Label, refuse_changes
from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.money import format_cny
from guibin.gifts import repository
from guibin.gifts.errors import GiftValueFixed
from guibin.gifts.models import Gift
from guibin.organisation.repository import chain_of
from guibin.security.actors import Actor, Domain, Grant


class GiftTerms(BaseModel):
    """A gift as it is to be; its JSON form is the payload of the approval."""

    model_config = ConfigDict(frozen=True)

    code: str
    name_zh: str
    name_en: str
    value_fen: int
    offered: bool


async def submit_gift(session: AsyncSession, *, actor: Actor, wanted: GiftTerms) -> Approval:
    """Submit a gift, or other names of one, or that it is not given any more; another person agrees.

    Raises:
        GiftValueFixed: the gift of this code has another value.
    """
    request = await _examine(session, wanted)
    return await approvals.submit(
        session,
        actor=actor,
        kind=GIFT_DEFINITION.kind,
        domain=GIFT_DEFINITION.domain,
        subject=wanted.code,
        payload=request.payload,
        preview=request.preview,
        branch_id=request.branch_id,
    )


async def _examine(session: AsyncSession, wanted: GiftTerms) -> Amended:
    before = await repository.find_by_code(session, wanted.code)
    if before is not None and before.value_fen != wanted.value_fen:
        raise GiftValueFixed
    shown = None if before is None else GiftTerms.model_validate(before, from_attributes=True)
    preview = {"before": None if shown is None else _shown(shown), "after": _shown(wanted)}
    branch_id = await chain_of(session, None)
    return Amended(payload=wanted.model_dump(mode="json"), preview=preview, branch_id=branch_id)


def _shown(terms: GiftTerms) -> dict[str, object]:
    own = {"name_zh": terms.name_zh, "name_en": terms.name_en, "offered": terms.offered}
    return own | {"value": format_cny(terms.value_fen)}


class GiftDefinition(ApprovalHandler):
    """Puts an approved gift in force."""

    kind = "gift.define"
    domain = Domain.RIGHTS
    title = Label("设定礼品", "Define a gift")
    labels = MappingProxyType(
        {
            "before": Label("现行礼品", "Gift in force"),
            "after": Label("拟定礼品", "Gift submitted"),
            "name_zh": Label("中文名称", "Name in Chinese"),
            "name_en": Label("英文名称", "Name in English"),
            "offered": Label("可赠送", "Given"),
            "value": Label("单位价值（元）", "Value of one in CNY"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Write the gift.

        Raises:
            GiftValueFixed: somebody has given this code to a gift of another value meanwhile.
        """
        del context  # the gift is the same whoever approves it
        terms = GiftTerms.model_validate(payload)
        gift = Gift(id=new_id(), created_at=clock.now(), **terms.model_dump())
        if not await repository.put_gift(session, gift):
            raise GiftValueFixed

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, object],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Examine the same gift again as things stand now."""
        self.scope_of_maker(maker, grants)
        refuse_changes(changes)
        return await _examine(session, GiftTerms.model_validate(payload))


GIFT_DEFINITION: Final = GiftDefinition()
