"""What claims of heirs are refused for."""

from uuid import UUID

from guibin.core.errors import Category, Refusal
from guibin.core.ids import to_public


class NotDeceased(Refusal):
    """No restriction in force says that the customer has died: a document has to be entered first."""

    category = Category.CONFLICT
    code = "not_deceased"
    zh = "客户未登记为已故，不能办理积分继承"
    en = "The customer is not recorded as deceased: nothing is inherited"


class PointsSetAside(Refusal):
    """Points are set aside by a booking, or until a redemption is paid: they are freed first. Fact: wallets."""

    category = Category.CONFLICT
    code = "open_holds"
    zh = "尚有预占积分，请先完结或释放"
    en = "Points are set aside: they are spent or given free first"


class NothingToInherit(Refusal):
    """Nothing is left that passes on: no points that can be spent, or all of them cover what is owed."""

    category = Category.CONFLICT
    code = "nothing_to_inherit"
    zh = "没有可继承的积分"
    en = "There are no points to be inherited"


class HeirUnavailable(Refusal):
    """Somebody named cannot inherit: no customer in good standing, the deceased, or named twice. Fact: customer_id."""

    category = Category.CONFLICT
    code = "heir_unavailable"
    zh = "该客户当前不能作为继承人收取积分"
    en = "This customer cannot take inherited points"

    @classmethod
    def of(cls, customer_id: UUID) -> "HeirUnavailable":
        """Return it with whom it is about."""
        return cls(customer_id=to_public("cus", customer_id))
