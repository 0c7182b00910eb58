"""Refusals: one code each, texts in both languages, and a code has one status for ever."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import bank_api
import customer_api
import guibin
from guibin.core.errors import Refusal


def load_everything() -> None:
    for package in (guibin, customer_api, bank_api):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def refusals(base: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for kind in base.__subclasses__():
        if kind.__module__.split(".")[0] in {"guibin", "customer_api", "bank_api"}:
            yield kind
        yield from refusals(kind)


def product_files() -> Iterator[Path]:
    for package in (guibin, customer_api, bank_api):
        yield from sorted(Path(package.__path__[0]).rglob("*.py"))


def calls(path: Path) -> Iterator[tuple[str, list[ast.expr]]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.args


def test_codes_are_unique_and_every_refusal_speaks_chinese_and_english() -> None:
    load_everything()
    found = [kind for kind in refusals() if "code" in vars(kind)]
    codes = [kind.code for kind in found]
    assert sorted(codes) == sorted(set(codes))
    for kind in found:
        assert re.fullmatch(r"[a-z][a-z0-9_]+", kind.code)
        assert re.search(r"[\u4e00-\u9fff]", kind.zh), kind
        assert kind.en
        assert kind.en.isascii(), kind
        assert kind.category


def test_what_is_wrong_with_an_input_is_told_in_chinese_and_english() -> None:
    said = [call for path in product_files() if path.name != "invalid.py" for call in calls(path)]
    assert [name for name, _ in said if name == "PydanticCustomError"] == []
    words = [args[-2:] for name, args in said if name in {"invalid_input", "ValidationFailed.of"}]
    assert len(words) > 120
    for zh, en in (tuple(map(ast.unparse, pair)) for pair in words):
        assert re.search(r"[\u4e00-\u9fff]", zh), zh
        assert en.isascii(), en
        assert len(re.findall(r"{\w+", zh)) == len(re.findall(r"{\w+", en)), zh
