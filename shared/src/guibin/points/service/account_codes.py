"""Four eyes over the account codes: the books follow what one person submits and another agrees to."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from pydantic import TypeAdapter
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.points.service.closing import AccountCode, account_codes, replace_account_codes
from guibin.security.actors import Actor, Domain, Verb

_CODES: Final = TypeAdapter(list[AccountCode])


async def submit_account_codes(
    session: AsyncSession, *, actor: Actor, revision: int, codes: Sequence[AccountCode]
) -> Approval:
    """Ask another person to write all account codes anew, on top of the revision that was read."""
    _, before = await account_codes(session)
    after = _CODES.dump_python(list(codes), mode="json")
    return await approvals.submit(
        session,
        actor=actor,
        kind=ACCOUNT_CODES.kind,
        domain=ACCOUNT_CODES.domain,
        subject="points",
        payload={"revision": revision, "codes": after},
        preview={"before": _CODES.dump_python(before, mode="json"), "after": after},
    )


class AccountCodeChange(ApprovalHandler):
    """Writes account codes that a second person has agreed to. A request is not amended: it is submitted again."""

    kind = "points.account_codes"
    domain = Domain.ACCOUNTING
    maker_verb = Verb.WRITE
    title = Label("变更积分会计科目", "Change where points are booked")
    labels = MappingProxyType(
        {
            "before": Label("现行科目", "Codes in force"),
            "after": Label("拟定科目", "Codes submitted"),
            "wallet": Label("积分类别", "Wallet"),
            "movement": Label("变动类型", "Movement"),
            "debit": Label("借方", "Debit"),
            "credit": Label("贷方", "Credit"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Write the codes.

        Raises:
            VersionConflict: others were agreed to meanwhile.
        """
        revision, codes = payload["revision"], _CODES.validate_python(payload["codes"])
        if not isinstance(revision, int):
            raise TypeError("the payload names no revision")
        await replace_account_codes(session, actor=context.approver, revision=revision, codes=codes)


ACCOUNT_CODES: Final = AccountCodeChange()
