"""Commands and reads of tags."""

from guibin.tags.runs.completion import write_completion
from guibin.tags.runs.service import run_changed, run_night, run_tags
from guibin.tags.service.definitions import TagDraft, create_category, create_tag, edit_tag
from guibin.tags.service.explaining import Explanation, explain
from guibin.tags.service.life import keep_tags, resume_tag, retire_tag, suspend_tag
from guibin.tags.service.manual import record_seen, set_tag, unset_tag
from guibin.tags.service.manual_many import ListedTag, tag_listed
from guibin.tags.service.preview import Preview, preview_rule
from guibin.tags.service.publishing import TagPublishHandler, submit_tag
from guibin.tags.service.running import run_tag

__all__ = [
    "Explanation",
    "ListedTag",
    "Preview",
    "TagDraft",
    "TagPublishHandler",
    "create_category",
    "create_tag",
    "edit_tag",
    "explain",
    "keep_tags",
    "preview_rule",
    "record_seen",
    "resume_tag",
    "retire_tag",
    "run_changed",
    "run_night",
    "run_tag",
    "run_tags",
    "set_tag",
    "submit_tag",
    "suspend_tag",
    "tag_listed",
    "unset_tag",
    "write_completion",
]
