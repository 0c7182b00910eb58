import pytest

from guibin.web.addresses import UNKNOWN, client_address, counted_as, networks_of

PROXIES = networks_of("10.0.0.0/8, 192.0.2.7, fd00::/8")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.9", [], "198.51.100.9"),
        ("198.51.100.9", ["127.0.0.1"], "198.51.100.9"),
        ("10.1.2.3", ["203.0.113.5"], "203.0.113.5"),
        ("10.1.2.3", ["127.0.0.1, 203.0.113.5"], "203.0.113.5"),
        ("10.1.2.3", ["203.0.113.5, 10.9.9.9"], "203.0.113.5"),
        ("10.1.2.3", ["1.2.3.4", "203.0.113.5, 192.0.2.7"], "203.0.113.5"),
        ("10.1.2.3", [], "10.1.2.3"),
        ("10.1.2.3", ["203.0.113.5, junk"], "10.1.2.3"),
        ("10.1.2.3", ["203.0.113.5, "], "10.1.2.3"),
        ("10.1.2.3", ["10.0.0.4, 10.0.0.5"], "10.0.0.4"),
        ("fd00::1", ["2001:db8::5"], "2001:db8::5"),
        ("::ffff:10.1.2.3", ["203.0.113.5"], "203.0.113.5"),
        (None, ["203.0.113.5"], UNKNOWN),
        ("testclient", [], UNKNOWN),
    ],
)
def test_the_client_is_the_last_hop_that_no_trusted_proxy_is(
    peer: str | None, forwarded: list[str], client: str
) -> None:
    assert client_address(peer, forwarded, PROXIES) == client


def test_without_trusted_proxies_the_header_counts_for_nothing() -> None:
    assert client_address("10.1.2.3", ["203.0.113.5"], networks_of("")) == "10.1.2.3"


def test_only_the_last_hops_of_a_long_header_are_looked_at() -> None:
    hops = ", ".join(["203.0.113.5"] + ["10.0.0.1"] * 100)
    assert client_address("10.1.2.3", [hops], PROXIES) == "10.0.0.1"


def test_a_list_with_something_else_in_it_is_refused() -> None:
    with pytest.raises(ValueError, match="proxy"):
        networks_of("10.0.0.0/8, proxy.bank.example")


@pytest.mark.parametrize(
    ("address", "name"),
    [("203.0.113.5", "203.0.113.5"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), (UNKNOWN, UNKNOWN)],
)
def test_an_ipv6_address_counts_as_its_network(address: str, name: str) -> None:
    assert counted_as(address) == name
