from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.errors import NotSupported, TransientFailure
from ordercore.transport import Reach
from ordercore.transport.reach import is_public

PUBLIC = "93.184.216.34"


def reach(*addresses, **settings):
    return Reach(resolve=lambda host, port: addresses or (PUBLIC,), **settings)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "2002:7f00:1::",
        "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "ff02::1", "::127.0.0.1", "64:ff9b:1::7f00:1", "::ffff:0:7f00:1",
        "fec0::1", "5f00::1", "192.0.0.8", "198.18.0.1", "240.0.0.1",
    ],
)  # fmt: skip
def test_what_is_not_public_is_refused(address):
    assert not is_public(address)
    with pytest.raises(NotSupported):
        reach(address).target("https://hooks.example.com/")


@pytest.mark.parametrize("address", [PUBLIC, "2606:4700:4700::1111", "64:ff9b::5db8:d822"])
def test_what_is_public_may_be_reached(address):
    target = reach(address).target("https://Hooks.example.com/x")
    assert (target.address, target.host, target.port) == (address, "hooks.example.com", 443)


def test_one_address_that_is_not_public_is_enough():
    with pytest.raises(NotSupported):
        reach(PUBLIC, "10.0.0.1").target("https://hooks.example.com/")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "gopher://example.com/", "https://", "https://user:secret@example.com/", "https://:secret@example.com/", "http://[::1",
        "https://example.com:99999/", "//example.com/", "https://exa\nmple.com/", "http://example.com/",
    ],
)  # fmt: skip
def test_only_https_urls_are_spoken(url):
    with pytest.raises(NotSupported) as caught:
        reach().target(url)
    assert "secret" not in str(caught.value)


def test_a_list_of_hosts_is_the_whole_list():
    only = reach(only=["hooks.example.com"])
    assert only.target("https://HOOKS.example.com/").address == PUBLIC
    for other in ("https://example.com/", "https://evil-hooks.example.com/", "https://hooks.example.com.evil.net/"):
        with pytest.raises(NotSupported):
            only.target(other)


def test_a_private_host_may_be_spoken_to_in_the_clear():
    assert reach("10.0.0.1", private=["erp.internal"]).target("http://erp.internal:8080/").port == 8080


@pytest.mark.parametrize("url", ["https://0x7f000001/", "https://2130706433/", "https://127.1/"])
def test_loopback_in_odd_spellings_is_found_by_what_it_resolves_to(url):
    with pytest.raises((NotSupported, TransientFailure)):
        Reach().target(url)


def test_an_unknown_name_may_be_known_another_time():
    def fails(host, port):
        raise OSError

    with pytest.raises(TransientFailure):
        Reach(resolve=fails).target("https://hooks.example.com/")
    with pytest.raises(TransientFailure):
        Reach(resolve=lambda host, port: ()).target("https://hooks.example.com/")


@given(st.text(max_size=40))
def test_no_text_is_more_than_refused(text):
    for url in (text, f"https://{text}", f"https://hooks.example.com/{text}"):
        with suppress(NotSupported):
            assert reach().target(url).address == PUBLIC
