"""Refusals of whole files of points; a bad line refuses only itself, with a `LineCode`."""

from guibin.core.errors import Category, Refusal


class PointsFileUnreadable(Refusal):
    """Not text in UTF-8 or GB18030, empty, or broken CSV. Fact: line."""

    category = Category.INVALID
    code = "points_file_unreadable"
    zh = "文件无法读取，须为 UTF-8 或 GB18030 编码的 CSV"
    en = "The file is not CSV in UTF-8 or GB18030"


class PointsFileColumns(Refusal):
    """The header lacks a column, or has one twice or one that there is not. Facts: missing, unknown (how many)."""

    category = Category.INVALID
    code = "points_file_columns"
    zh = "列名不符合积分文件的格式"
    en = "The columns are not those of a file of points"


class PointsFileTotalsDiffer(Refusal):
    """The file has other totals than were announced. Facts: lines, points."""

    category = Category.INVALID
    code = "points_file_totals_differ"
    zh = "文件行数或积分合计与声明不一致"
    en = "Lines or points are not what was announced"


class PointsFileTooLong(Refusal):
    """More than 1,000,000 lines."""

    category = Category.INVALID
    code = "points_file_too_long"
    zh = "文件超过一百万行"
    en = "The file has more than 1,000,000 lines"


class EventFileTotalsDiffer(Refusal):
    """The file of events has other totals than were announced. Facts: lines, amount."""

    category = Category.INVALID
    code = "event_file_totals_differ"
    zh = "文件行数或金额合计与声明不一致"
    en = "Lines or amount are not what was announced"


class PointsFileReferenceTaken(Refusal):
    """A file came under this reference before. Fact: file_id, where it is the same file."""

    category = Category.CONFLICT
    code = "points_file_reference_taken"
    zh = "该文件参考号已使用"
    en = "A file came under this reference before"
