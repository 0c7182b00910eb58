"""Refusals about care plans."""

from guibin.core.errors import Category, Refusal


class CarePlanInvalid(Refusal):
    """A plan says what cannot be; the fact `fault` says which."""

    category = Category.INVALID
    code = "care_plan_invalid"
    zh = "维护计划设置有误"
    en = "The plan names an unknown tier or code, or its contacts or triggers do not fit together"


class CarePlanNotDraft(Refusal):
    """Only a draft can be edited or submitted."""

    category = Category.CONFLICT
    code = "care_plan_not_draft"
    zh = "只有草稿状态的维护计划可以修改或提交"
    en = "Only a draft can be edited or submitted"


class CarePlanTooEarly(Refusal):
    """A plan cannot be in force before today; the fact `earliest` is the first possible day."""

    category = Category.INVALID
    code = "care_plan_too_early"
    zh = "维护计划的生效日期不得早于今日"
    en = "A plan is in force from today at the earliest"
