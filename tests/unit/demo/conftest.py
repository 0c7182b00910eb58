import pytest

from support.demo_bank import DemoBank, generated_bank


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> DemoBank:
    return generated_bank(tmp_path_factory.mktemp("demo"))
