"""Refusals about exports of lists."""

from guibin.core.errors import Category, Refusal


class ExportTooLarge(Refusal):
    """The list has more rows than the caller may export. Facts: limit, count."""

    category = Category.CONFLICT
    code = "export_too_large"
    zh = "名单行数超过您的导出上限，请缩小范围"
    en = "The list has more rows than you may export: narrow it"

    def __init__(self, *, limit: int, count: int) -> None:
        super().__init__(limit=limit, count=count)
