"""Refusals about runs."""

from guibin.core.errors import Category, Refusal


class RunInProgress(Refusal):
    """Another process runs the night now."""

    category = Category.CONFLICT
    code = "run_in_progress"
    zh = "批处理正在运行，请稍后再试"
    en = "The nightly run is at work: look at it, or try again later"


class PeriodClosed(Refusal):
    """A later day has been closed already; `closed` says which."""

    category = Category.CONFLICT
    code = "period_closed"
    zh = "该营业日已关闭"
    en = "A later business day is closed already"
