"""Commands and reads of tags."""

from guibin.tags.runs.service import run_changed, run_night, run_tags
from guibin.tags.service.definitions import TagDraft, create_tag, edit_tag, retire_tag
from guibin.tags.service.explaining import Explanation, explain
from guibin.tags.service.manual import set_tag, unset_tag
from guibin.tags.service.preview import Preview, preview_rule
from guibin.tags.service.publishing import TagPublishHandler, submit_tag

__all__ = [
    "Explanation",
    "Preview",
    "TagDraft",
    "TagPublishHandler",
    "create_tag",
    "edit_tag",
    "explain",
    "preview_rule",
    "retire_tag",
    "run_changed",
    "run_night",
    "run_tags",
    "set_tag",
    "submit_tag",
    "unset_tag",
]
