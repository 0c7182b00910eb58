"""What rules of earning say no to."""

from collections.abc import Iterable

from guibin.core.errors import Category, Refusal


class RuleCodeTaken(Refusal):
    """There is, or was, a rule with this code."""

    category = Category.CONFLICT
    code = "rule_code_taken"
    zh = "规则代码已被使用"
    en = "There is a rule with this code"


class RuleTermsInvalid(Refusal):
    """The terms name a wallet, tier, branch or tag that there is not; `unknown` lists them."""

    category = Category.INVALID
    code = "rule_terms_invalid"
    zh = "规则引用了不存在的积分类别、等级、机构或标签"
    en = "The terms name a wallet, a tier, a branch or a tag that there is not"

    def __init__(self, *, unknown: Iterable[str]) -> None:
        super().__init__(unknown=sorted(unknown))


class PointsEndUnspent(Refusal):
    """The draft gives points that would end before they can be spent."""

    category = Category.INVALID
    code = "points_end_unspent"
    zh = "积分在生效前就会到期，请缩短待生效天数或延长有效期"
    en = "These points would end before they can be spent: let them wait less, or last longer"


class RuleDraftMissing(Refusal):
    """There is no draft that could be submitted."""

    category = Category.CONFLICT
    code = "rule_draft_missing"
    zh = "规则没有待发布的草稿"
    en = "The rule has no draft"
