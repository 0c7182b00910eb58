"""No path to a customer passes the contact policy's gate by (CARE-06)."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

from guibin.channels import wechat
from guibin.channels.sms import SmsSender
from guibin.contact.clearance import SecurityMessage
from guibin.contact.content import findings
from guibin.sessions.models import CodePurpose

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "shared/src/guibin"
PRODUCT = (LIBRARY, *sorted((ROOT / "services").glob("*/src")))


def sources() -> Iterator[tuple[Path, str]]:
    for folder in PRODUCT:
        yield from ((path, path.read_text("utf-8")) for path in sorted(folder.rglob("*.py")))


def calls(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            named = node.func
            yield named.attr if isinstance(named, ast.Attribute) else getattr(named, "id", "")


def files_that(wanted: str) -> set[str]:
    return {str(path.relative_to(ROOT)) for path, text in sources() if wanted in set(calls(text))}


def test_only_the_gate_gives_leave() -> None:
    assert files_that("Clearance") == {"shared/src/guibin/contact/clearance.py"}


def test_every_text_message_is_sent_with_a_leave() -> None:
    sending = {name for name in vars(SmsSender) if name.startswith("send")}
    assert sending == {"send_code", "send_notice"}
    for name in sending:
        leave = inspect.signature(getattr(SmsSender, name)).parameters["clearance"]
        assert leave.default is inspect.Parameter.empty
    posting = {str(path.relative_to(ROOT)) for path, text in sources() if "sms_url" in text}
    assert posting == {"shared/src/guibin/channels/sms.py", "shared/src/guibin/core/settings.py"}


def test_security_messages_are_named_one_by_one() -> None:
    assert files_that("for_security") == {"shared/src/guibin/sessions/messages.py"}
    assert {*CodePurpose, "rebound", "unbound"} == {*SecurityMessage}


def test_wechat_is_asked_who_somebody_is_and_never_sends() -> None:
    asking = {name for name in vars(wechat.WeChat) if not name.startswith("_")}
    assert asking == {"mini_program_login", "official_account_login", "phone_number", "keep_token"}


def test_every_text_of_a_message_in_the_code_may_leave_the_house() -> None:
    """Messages begin with the house's sign; f-strings are read with a place where something is filled in (CUS-16)."""
    texts = [(path, said) for path, text in sources() for said in signed(text)]
    assert {path.relative_to(LIBRARY).as_posix() for path, _ in texts} == {"channels/sms.py", "sessions/messages.py"}
    assert [(path.name, findings(said)) for path, said in texts if findings(said)] == []


def signed(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.JoinedStr):
            said = "".join(
                str(part.value) if isinstance(part, ast.Constant) else f"{{{_source(part)}}}" for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            said = node.value
        else:
            continue
        if said.startswith("【"):
            yield said


def _source(part: ast.expr) -> str:
    return ast.unparse(part.value if isinstance(part, ast.FormattedValue) else part)
