import pytest
from starlette.routing import Route

from guibin.web.errors import MethodNotAllowed
from guibin.web.paths import Paths


def answer() -> None:
    """Never called."""


PATHS = Paths(
    [
        Route("/v1/customers", answer, methods=["POST"]),
        Route("/v1/customers/{customer_id}", answer, methods=["PUT"]),
        Route("/v1/customers/search", answer, methods=["POST"]),
        Route("/v1/customers/{customer_id}/tags", answer, methods=["PUT"]),
        Route("/v1/customers/{customer_id}/{part}", answer, methods=["DELETE"]),
    ]
)


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/customers", ("POST",)),
        ("/v1/customers/cus_1", ("PUT",)),
        ("/v1/customers/search", ("POST",)),
        ("/v1/customers/cus_1/tags", ("PUT",)),
        ("/v1/customers/cus_1/notes", ("DELETE",)),
        ("/v1/nothing", ()),
    ],
)
def test_of_two_paths_the_one_with_more_words_says_which_methods_there_are(path: str, methods: tuple[str, ...]) -> None:
    assert PATHS.methods_of(path) == methods


def test_a_word_is_not_taken_for_an_id() -> None:
    with pytest.raises(MethodNotAllowed) as refused:
        PATHS.hold(template="/v1/customers/{customer_id}", method="PUT", path="/v1/customers/search")
    assert refused.value.allowed == ("POST",)


def test_everything_else_passes() -> None:
    PATHS.hold(template="/v1/customers/{customer_id}", method="PUT", path="/v1/customers/cus_1")
    PATHS.hold(template="/v1/customers", method="POST", path="/v1/customers")
    PATHS.hold(template="/v1/customers/search", method="POST", path="/v1/customers/search")
