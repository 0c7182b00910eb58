"""No secret stands in the repository (trust: T-SUP-2), and nothing calls what turns input into code (T-SUP-1)."""

import ast
import math
import re
from collections import Counter
from functools import cache

import pytest

from support.repository import ROOT, tracked_files

FORMS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a private JWK": r"\"d\":\s*\"[A-Za-z0-9_-]{40,}\"",
    "a token": r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    "a cloud key": r"\b(?:AKIA|ASIA|LTAI|AKID)[A-Za-z0-9]{12,}\b",
    "a forge's token": r"\b(?:ghp|gho|ghs|glpat|xox[abp]|sk_live|rk_live|npm|pypi)[_-][A-Za-z0-9_-]{16,}",
    "a password in an address": r"://[^/\s:@$<{}]+:(?!\.\.\.|[$<{*]|nobody|secret|admin|hunter2|PASSWORD)[^/\s@$<{}]{6,}@",
    "a secret that is written out": r"(?i)(?:\b|_)(?:password|passwd|secret|api_?key|access_?key)\s*[:=]\s*"
    r"[\"'](?=[^\"']*\d)(?=[^\"']*[a-z])[a-z0-9+/=_-]{12,}[\"']",
}
RANDOM = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/=_-]{32,}(?![A-Za-z0-9+/=_-])")
LEAST_BITS = 4.6
"""Of a character: a random key in base64 has more, words, dashed ids and hexadecimal have less."""

KNOWN = {"requirements.lock"}
TESTS_OF_SECRETS = {
    "tests/architecture/test_secrets.py",
    "tests/unit/core/test_redaction.py",
    "tests/unit/web/test_safety.py",
    "tests/unit/channels/test_vectors.py",
}
"""They show what secrets look like; the last one repeats published examples of a cipher."""


def bits(text: str) -> float:
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def is_random(text: str) -> bool:
    if "0123456789" in text:
        return False  # an alphabet
    kinds = (str.islower, str.isupper, str.isdigit)
    return all(any(kind(character) for character in text) for kind in kinds) and bits(text) > LEAST_BITS


@cache
def texts() -> list[tuple[str, str]]:
    names = [name for name in tracked_files() if name not in KNOWN | TESTS_OF_SECRETS]
    return [(name, (ROOT / name).read_text("utf-8", errors="ignore")) for name in names]


@pytest.mark.parametrize("what", FORMS)
def test_no_file_holds_what_has_the_form_of_a_secret(what: str) -> None:
    form = re.compile(FORMS[what])
    assert [f"{name}: {found[0][:60]}" for name, text in texts() for found in form.finditer(text)] == []


def test_no_file_holds_a_long_random_text() -> None:
    assert [f"{name}: {found}" for name, text in texts() for found in RANDOM.findall(text) if is_random(found)] == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a private key", "-----BEGIN EC PRIVATE KEY-----"),
        ("a private JWK", '"d": "' + "aB3_" * 11 + '"'),
        ("a token", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjdXNfMSJ9.c2lnbmF0dXJlMTIz"),
        ("a cloud key", "AKIA" + "Q3" * 8),
        ("a forge's token", "ghp_" + "a1B2" * 9),
        ("a password in an address", "postgresql://guibin:x7Kq29pL@db/guibin"),
        ("a secret that is written out", 'client_secret = "a8f5f167f44f4964e6c998dee827110c"'),
    ],
)
def test_the_scan_finds_what_it_looks_for(what: str, text: str) -> None:
    assert re.search(FORMS[what], text)


def test_the_scan_tells_random_texts_from_others() -> None:
    assert is_random("qJ8x0Vt3mZr5LwB1cNf7Yk2HsDg9PaEu4TiRoXvW6Mb=")
    assert not is_random("test_a_secret_that_is_written_out_is_found_by_the_scan")
    assert not is_random("01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4")
    assert not is_random("59bb03251907983d1603d27c3087ddb1e93299ea2163adcdba37899a4fb12ffb")


BANNED_IMPORTS = {"pickle", "cPickle", "dill", "shelve", "marshal", "jsonpickle", "telnetlib", "xmlrpc", "xml"}
BANNED_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load"}
ALLOWED = {"shared/src/guibin/core/workbook.py": {"xml.parsers", "xml.sax.saxutils"}}
"""The reader of workbooks drives the parser itself: it refuses document types, and with them every entity."""

PRODUCT = ("shared/src", "services/customer-api/src", "services/bank-api/src", "tools/src")


def banned_in(source: str) -> set[str]:
    """Return what a source imports or calls that turns data into code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.partition(".")[0] in BANNED_IMPORTS}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in BANNED_IMPORTS:
            found.add(node.module or "")
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            shell = any(word.arg == "shell" and ast.unparse(word.value) == "True" for word in node.keywords)
            found |= {name} if name in BANNED_CALLS or shell else set()
    return found


def test_the_product_calls_nothing_that_turns_input_into_code() -> None:
    files = [path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py"))]
    assert files
    found = {str(path.relative_to(ROOT)): banned_in(path.read_text("utf-8")) for path in files}
    assert {
        name: what - ALLOWED.get(name, set()) for name, what in found.items() if what - ALLOWED.get(name, set())
    } == {}


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from yaml import x\nyaml.load(x)", "eval('1')", "subprocess.run(x, shell=True)", "exec(x)"],
)
def test_the_look_for_banned_calls_finds_them(source: str) -> None:
    assert banned_in(source)


def test_every_passed_over_vulnerability_has_a_reason() -> None:
    lines = [line for line in (ROOT / "audit-exceptions.txt").read_text("utf-8").splitlines() if line[:1].isalpha()]
    assert lines
    for line in lines:
        number, _, reason = line.partition(" ")
        assert re.fullmatch(r"(?:CVE|GHSA|PYSEC)-[\w-]+", number), line
        assert len(reason) > 20, line


def test_everything_that_is_locked_has_a_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    packages = re.findall(r"^([\w.-]+)==[^\n]*\\\n((?:    --hash=sha256:[0-9a-f]{64}[^\n]*\n)+)", lock, re.MULTILINE)
    assert len(packages) == len(re.findall(r"^[\w.-]+==", lock, re.MULTILINE))
