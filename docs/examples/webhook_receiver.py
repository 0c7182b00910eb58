# ruff: noqa: INP001 - a script that stands alone
"""A receiver of Guibin's webhooks in plain Python: `python webhook_receiver.py 9000 k1=whsec_...` and it prints events.

The three things that every receiver does: check the signature over the bytes as they came, before reading them; refuse
what is older than five minutes; drop events that it has had. Then answer 2xx within five seconds and do the work later.
"""

import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

TOLERANCE_SECONDS = 300


def is_genuine(body: bytes, header: str, secrets: dict[str, str], now: float) -> bool:
    """Tell whether a message was signed within the last minutes by one of the secrets, by key id."""
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    sent_at = parts.get("t", "")
    if not sent_at.isdigit() or abs(now - int(sent_at)) > TOLERANCE_SECONDS:
        return False
    for key_id, secret in secrets.items():
        expected = hmac.digest(secret.encode(), sent_at.encode() + b"." + body, "sha256").hex()
        if hmac.compare_digest(expected, parts.get(key_id, "")):
            return True
    return False


class Receiver(BaseHTTPRequestHandler):
    """Answers 401 to what is not genuine, else 204."""

    secrets: dict[str, str] = {}  # noqa: RUF012 - set once at the start
    seen: set[str] = set()  # noqa: RUF012 - a real receiver keeps the ids in its database

    def do_POST(self) -> None:
        """Take one event."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        genuine = is_genuine(body, self.headers.get("Guibin-Signature", ""), self.secrets, time.time())
        if genuine:
            event = json.loads(body)
            if event["id"] not in self.seen:
                self.seen.add(event["id"])
                print(event["id"], event["type"], event["subject"], event["data"], flush=True)  # noqa: T201
        self.send_response(204 if genuine else 401)
        self.end_headers()


if __name__ == "__main__":
    Receiver.secrets = dict(pair.split("=", 1) for pair in sys.argv[2:])
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
