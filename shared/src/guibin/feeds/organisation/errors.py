"""Refusals of files of the organisation."""

from guibin.core.errors import Category, Refusal


class TooManyLeavers(Refusal):
    """A staff file would end more accounts than one file may: nothing is taken. Facts: leaving, active."""

    category = Category.CONFLICT
    code = "too_many_leavers"
    zh = "文件将停用的员工账号过多，整份未受理"
    en = "The file would end too many accounts: nothing of it is taken"

    def __init__(self, *, leaving: int, active: int) -> None:
        super().__init__(leaving=leaving, active=active)
