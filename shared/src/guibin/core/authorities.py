"""The certificate authorities whom calls to the outside trust."""

import ssl
from functools import cache

import httpx


@cache
def authorities() -> ssl.SSLContext:
    """Return those that httpx trusts, read once: for each client anew it would take longer than a call."""
    return httpx.create_ssl_context(trust_env=False)
