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
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, node.args


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


def test_every_input_that_a_validator_of_ours_refuses_is_told_in_chinese_and_english() -> None:
    said = [call for path in product_files() if path.name != "invalid.py" for call in calls(path)]
    assert [name for name, _ in said if name == "PydanticCustomError"] == []
    words = [args[1:3] for name, args in said if name == "invalid_input"]
    assert len(words) > 80
    for zh, en in words:
        assert isinstance(zh, ast.Constant)
        assert isinstance(en, ast.Constant)
        assert re.search(r"[\u4e00-\u9fff]", str(zh.value)), zh.value
        assert str(en.value).isascii(), en.value
        assert re.findall(r"{\w+}", str(zh.value)) == re.findall(r"{\w+}", str(en.value)), zh.value
