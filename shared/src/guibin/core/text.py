"""Text that people write: which characters and which length an input model lets in.

Used as pydantic metadata: `name: Annotated[str, OneLine(80)]`, `reason: Annotated[str, Note(500)]`, `code: Code`. The
text is never changed; what does not fit is refused with a type that says why and never with the text itself. Lengths
count code points.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic_core import core_schema

from guibin.core.invalid import invalid_input

# What changes how text is read and is not seen: C1 controls, soft hyphen, zero-width, bidirectional, line separators.
_INVISIBLE: Final = r"\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
_INVISIBLE_TAGS: Final = r"\U000e0000-\U000e007f"
_BANNED_IN_LINE: Final = rf"\x00-\x1f{_INVISIBLE}"
_BANNED_IN_NOTE: Final = rf"\x00-\x08\x0b\x0c\x0e-\x1f{_INVISIBLE}"
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_CODE: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")


def is_code(text: str) -> bool:
    """Tell whether a text can be the code of something, as `Code` holds the fields of bodies to it."""
    return _CODE.fullmatch(text) is not None


def has_lone_surrogate(text: str) -> bool:
    """Tell whether the text holds half of a surrogate pair, which no UTF-8 answer could return."""
    return _SURROGATE.search(text) is not None


@dataclass(frozen=True)
class _Text:
    banned: ClassVar[str]
    max_length: int

    def check(self, text: str) -> str:
        """Return the text unchanged.

        Raises:
            PydanticCustomError: of type bad_unicode, control_character, too_long or blank.
        """
        if has_lone_surrogate(text):
            raise invalid_input("bad_unicode", "不是有效的 Unicode 文本", "must be valid Unicode text")
        if re.search(f"[{self.banned}{_INVISIBLE_TAGS}]", text):
            raise invalid_input(
                "control_character", "含有控制字符或不可见字符", "must not contain control or invisible characters"
            )
        if len(text) > self.max_length:
            raise invalid_input(
                "too_long", "超过最大长度 {max}", "must have at most {max} characters", max=self.max_length
            )
        if not text.strip():
            raise invalid_input("blank", "不能为空白", "must not be blank")
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Validate as strict text, then by `check`."""
        return core_schema.no_info_after_validator_function(self.check, core_schema.str_schema(strict=True))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe length and characters."""
        allowed = f"[^{self.banned}]"
        return {
            "type": "string",
            "minLength": 1,
            "maxLength": self.max_length,
            "pattern": rf"^{allowed}*[^\s{self.banned}]{allowed}*$",
        }


@dataclass(frozen=True)
class OneLine(_Text):
    """Text on one line, for example a name or a title, of at most `max_length` code points."""

    banned = _BANNED_IN_LINE


@dataclass(frozen=True)
class Note(_Text):
    """Text that may have several lines, for example a reason, of at most `max_length` code points."""

    banned = _BANNED_IN_NOTE


Code = Annotated[str, StringConstraints(strict=True, pattern=_CODE.pattern)]
"""A readable code of a tag, a tier, a wallet, a product: at most 64 ASCII letters, digits, `_`, `.` and `-`."""
