"""What the domain of tags refuses."""

from collections.abc import Iterable

from guibin.core.errors import Category, Refusal


class RuleFieldUnknown(Refusal):
    """A rule names a fact that there is not; `place` is where in the tree."""

    category = Category.INVALID
    code = "rule_field_unknown"
    zh = "规则使用了不存在的字段"
    en = "The rule names a fact that there is not"

    def __init__(self, *, place: str) -> None:
        super().__init__(place=place)


class RuleOperatorInvalid(Refusal):
    """An operator that there is not, or that does not fit the fact; `allowed` lists those that do."""

    category = Category.INVALID
    code = "rule_operator_invalid"
    zh = "规则的运算符不存在或不适用于该字段"
    en = "The operator does not exist or does not fit the fact"

    def __init__(self, *, place: str, allowed: Iterable[str] = ()) -> None:
        super().__init__(place=place, allowed=sorted(allowed))


class RuleValueInvalid(Refusal):
    """A value, a window or the shape of a node is not what the fact and the operator take; `expected` says what is."""

    category = Category.INVALID
    code = "rule_value_invalid"
    zh = "规则的取值不正确"
    en = "The rule has a value of the wrong kind"

    def __init__(self, *, place: str, expected: str) -> None:
        super().__init__(place=place, expected=expected)


class RuleTooComplex(Refusal):
    """A tree beyond the limits, or a group without a condition."""

    category = Category.INVALID
    code = "rule_too_complex"
    zh = "规则超出允许的层数或节点数，或含有空的条件组"
    en = "The rule is too deep, too large or has an empty group"

    def __init__(self, *, place: str, max_depth: int, max_nodes: int) -> None:
        super().__init__(place=place, max_depth=max_depth, max_nodes=max_nodes)


class RuleTextInvalid(Refusal):
    """The text of a rule is no rule: where in it, why, and what could stand there.

    `reason` is `not_understood`, `too_long`, or the code with which the tree would be refused.
    """

    category = Category.INVALID
    code = "rule_text_invalid"
    zh = "规则文本有误"
    en = "The text of the rule is wrong"

    def __init__(self, *, line: int, column: int, reason: str, expected: str | None = None) -> None:
        super().__init__(line=line, column=column, reason=reason, expected=expected)


class RuleTagUnknown(Refusal):
    """A rule refers to a tag that there is not, or that is out of use; `tag` is the code that it names."""

    category = Category.INVALID
    code = "rule_tag_unknown"
    zh = "规则引用的标签不存在或已停用"
    en = "The rule refers to a tag that there is not or that is out of use"

    def __init__(self, *, tag: str) -> None:
        super().__init__(tag=tag)


class RuleCycle(Refusal):
    """Rules refer to each other in a ring; `path` names the tags along it, the first again at its end."""

    category = Category.CONFLICT
    code = "rule_cycle"
    zh = "标签规则相互引用，形成循环"
    en = "The rules of these tags refer to each other in a ring"

    def __init__(self, *, path: list[str]) -> None:
        super().__init__(path=path)


class RuleTooExpensive(Refusal):
    """A preview ran into its time limit; nothing was changed."""

    category = Category.CONFLICT
    code = "rule_too_expensive"
    zh = "规则预览超时，请缩小时间范围或简化条件"
    en = "The preview took too long: narrow its windows or simplify it"

    def __init__(self, *, limit_seconds: float) -> None:
        super().__init__(limit_seconds=limit_seconds)


class TagExists(Refusal):
    """Another tag has the code, or a name that reads the same; `field` says which."""

    category = Category.CONFLICT
    code = "tag_exists"
    zh = "已有相同代码或名称的标签"
    en = "There is a tag with this code or name"

    def __init__(self, *, field: str) -> None:
        super().__init__(field=field)


class TagKindConflict(Refusal):
    """What is asked fits the other kind of tag: rules are for rule tags, setting by hand is for manual tags."""

    category = Category.CONFLICT
    code = "tag_kind_conflict"
    zh = "该操作不适用于此类标签"
    en = "This does not fit the kind of the tag"

    def __init__(self, *, kind: str) -> None:
        super().__init__(kind=kind)


class TagInUse(Refusal):
    """Something decides by the tag, so it cannot go; `users` lists what, as kind and code."""

    category = Category.CONFLICT
    code = "tag_in_use"
    zh = "标签仍被引用，不能停用"
    en = "Something decides by this tag"

    def __init__(self, *, users: list[str]) -> None:
        super().__init__(users=users)


class TagSensitive(Refusal):
    """Terms name a sensitive tag, which only who may see such tags can build on; `tag` is which."""

    category = Category.FORBIDDEN
    code = "tag_sensitive"
    zh = "条款引用了敏感标签，您没有相应权限"
    en = "The terms name a sensitive tag, and you may not see such tags"

    def __init__(self, *, tag: str) -> None:
        super().__init__(tag=tag)


class TagRuleMissing(Refusal):
    """There is no rule to go by: no draft that could be tried, or no version that was in force on a day."""

    category = Category.CONFLICT
    code = "tag_rule_missing"
    zh = "标签没有可依据的规则：没有草稿，或当日没有生效的版本"
    en = "The tag has no rule to go by: no draft, or no version in force on that day"


class TagCategoryUnknown(Refusal):
    """A tag or a category is put into a category that there is not, or that belongs to another axis."""

    category = Category.INVALID
    code = "tag_category_unknown"
    zh = "标签目录不存在或不属于该维度"
    en = "The category does not exist or belongs to another axis"


class TagCategoryExists(Refusal):
    """Another category has the code."""

    category = Category.CONFLICT
    code = "tag_category_exists"
    zh = "已有相同代码的标签目录"
    en = "There is a category with this code"


class TagSensitivityTooLow(Refusal):
    """A tag that refers to a sensitive one tells of it, so it must be sensitive itself; `tag` is which one refers."""

    category = Category.CONFLICT
    code = "tag_sensitivity_too_low"
    zh = "引用敏感标签的标签也必须设为敏感"
    en = "A tag that refers to a sensitive tag must be sensitive too"

    def __init__(self, *, tag: str) -> None:
        super().__init__(tag=tag)


class TagRowsInvalid(Refusal):
    """Rows of a list name nobody in reach, one customer twice, or one who did not consent; `rows` says which."""

    category = Category.INVALID
    code = "tag_rows_invalid"
    zh = "名单中有无法打标的行"
    en = "Some rows of the list name nobody, a customer twice, or one who has not consented"


class TagConsentMissing(Refusal):
    """The customer has not consented to sensitive tags."""

    category = Category.CONFLICT
    code = "tag_consent_missing"
    zh = "客户未单独同意使用敏感标签"
    en = "The customer has not consented to sensitive tags"


class TagNotRealTime(Refusal):
    """A tag in real time reads nothing but what changes at once. Facts: `facts`, what it reads that a night changes."""

    category = Category.INVALID
    code = "tag_not_real_time"
    zh = "规则引用了只随夜间批处理变化的数据，不能实时更新"
    en = "The rule reads what only a night changes, and cannot be in real time"

    def __init__(self, *, facts: list[str]) -> None:
        super().__init__(facts=facts)
