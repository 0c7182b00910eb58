"""Refusals of batches."""

from guibin.core.errors import Category, Refusal


class BatchManifestInvalid(Refusal):
    """The manifest announces what cannot be. Fact: fault."""

    category = Category.INVALID
    code = "batch_manifest_invalid"
    zh = "批次清单内容不合要求"
    en = "The manifest of the batch cannot be fulfilled"

    def __init__(self, *, fault: str | None) -> None:
        super().__init__(fault=fault)


class BatchFileUnknown(Refusal):
    """The manifest names no such file."""

    category = Category.NOT_FOUND
    code = "batch_file_unknown"
    zh = "批次清单中没有该文件"
    en = "The manifest of the batch names no such file"


class BatchNotOpen(Refusal):
    """The batch takes no parts any more and cannot be abandoned. Fact: state."""

    category = Category.CONFLICT
    code = "batch_not_open"
    zh = "批次已封存或已结束"
    en = "The batch is sealed or over"

    def __init__(self, *, state: str) -> None:
        super().__init__(state=state)


class BatchDiffers(Refusal):
    """Files and manifest do not agree, so nothing of the batch is taken. Fact: differences, the first of them.

    The batch stays open: a part that was broken on its way can be sent again.
    """

    category = Category.INVALID
    code = "batch_differs"
    zh = "批次文件与清单的控制数据不一致，整批未受理"
    en = "The files do not agree with the manifest: nothing of the batch is taken"

    def __init__(self, *, differences: list[dict[str, str | int]]) -> None:
        super().__init__(differences=differences)
