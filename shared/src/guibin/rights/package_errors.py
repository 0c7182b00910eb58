"""Refusals about packages and the choices in them; those of a redemption stand with its other reasons."""

from guibin.core.errors import Category, Refusal


class PackageInUse(Refusal):
    """Some of it was used: rights can be added as far as the tier allows, none can be taken away."""

    category = Category.CONFLICT
    code = "package_in_use"
    zh = "权益包已开始使用，不能更换已选权益"
    en = "The package is in use: what was chosen cannot be exchanged any more"


class PackageTooMany(Refusal):
    """More rights than the customer's tier chooses. Facts: choose."""

    category = Category.CONFLICT
    code = "package_too_many"
    zh = "选择的权益数量超过上限"
    en = "You may not choose so many"


class PackageOpen(Refusal):
    """The package has a version that is drafted or submitted already."""

    category = Category.CONFLICT
    code = "package_open"
    zh = "该权益包已有草稿或待审批的版本"
    en = "A version of this package is drafted or submitted already"


class PackageNotDraft(Refusal):
    """Only a draft is edited or submitted; a version in force is replaced by the next one."""

    category = Category.CONFLICT
    code = "package_not_draft"
    zh = "只有草稿可以修改或提交"
    en = "Only a draft can be edited or submitted"


class PackageInvalid(Refusal):
    """The terms make no package. Fact: fault, one of the words in the description of the route."""

    category = Category.INVALID
    code = "package_invalid"
    zh = "权益包内容有误"
    en = "These terms make no package"
