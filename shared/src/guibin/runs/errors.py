"""Refusals about runs."""

from guibin.core.errors import Category, Refusal
from guibin.core.lines import Line


class RunInProgress(Refusal):
    """Another process runs the night now."""

    category = Category.CONFLICT
    code = "run_in_progress"
    zh = "批处理正在运行，请稍后再试"
    en = "The nightly run is at work: look at it, or try again later"


class FeedsAwaited(Refusal):
    """The night waits for lines: they are not late yet, or their policy says so. Fact: lines."""

    category = Category.CONFLICT
    code = "feeds_awaited"
    zh = "仍有条线文件未到，批处理等待中"
    en = "The night waits for lines that are not in"

    def __init__(self, *, lines: list[Line]) -> None:
        super().__init__(lines=[line.value for line in lines])


class PeriodClosed(Refusal):
    """A later day has been closed already; `closed` says which."""

    category = Category.CONFLICT
    code = "period_closed"
    zh = "该营业日已关闭"
    en = "A later business day is closed already"
