import json
import subprocess
import sys

from guibin.core.logging import error_facts

PROGRAM = """
import logging
from guibin.core.logging import configure_logging, log_request, logger
configure_logging("warning")
log_request(route="/too/fine", status=200)
configure_logging("info")
logger().info("request", route="/v1/me", text="a\\nb")
logger().debug("too fine")
logger().info("careless", phone="13912345678", facts={"of": ["call 13712345678 now"]})
try:
    raise ValueError("13812345678")
except ValueError:
    logging.getLogger("uvicorn.error").exception("it failed: %s", "why")
logging.getLogger("uvicorn.error").error("it failed for %s", "13812345678")
logging.getLogger("uvicorn.error").info("chatter")
log_request(route="/v1/me", status=200, ms=1.5)
"""


def test_a_process_writes_one_line_of_json_per_event_and_no_message_of_an_error() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert run.stdout == ""
    first, careless, second, third, request = (json.loads(line) for line in run.stderr.splitlines())
    assert (first["event"], first["level"], first["text"]) == ("request", "info", "a\nb")
    assert (second["event"], second["level"], second["error"]) == ("it failed: why", "error", "ValueError")
    assert (careless["phone"], careless["facts"]) == ("[redacted]", {"of": ["call [redacted] now"]})
    assert third["event"] == "it failed for [redacted]"
    assert {name: value for name, value in request.items() if name != "timestamp"} == {
        "event": "request",
        "level": "info",
        "route": "/v1/me",
        "status": 200,
        "ms": 1.5,
    }
    assert [len(line["timestamp"]) for line in (first, request)] == [len("2026-11-26T09:00:00.000000Z")] * 2
    assert not [number for number in ("13812345678", "13912345678", "13712345678") if number in run.stderr]


def raised() -> ValueError:
    try:
        int("13812345678x")
    except ValueError as error:
        return error
    raise AssertionError


def test_an_error_is_described_by_type_and_place() -> None:
    facts = error_facts(raised())
    assert facts["error"] == "ValueError"
    assert facts["at"][-1].endswith(":raised")
    assert "13812345678" not in json.dumps(facts)
