"""Nothing is sent into the network that the service stands in, and no receiver keeps a sender for long."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from core.errors import UserError
from core.outbound import ForbiddenAddress, Target, is_public, post, resolved, target_of


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1",
        "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_no_private_address_in_any_disguise_is_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_a_public_address_is(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f000001", "127.1", "0177.0.0.1", "[::ffff:7f00:1]"]
)
def test_however_it_is_written_loopback_is_not_sent_to(host: str) -> None:
    target = target_of(f"https://{host}/hook")
    with pytest.raises((ForbiddenAddress, OSError)):
        resolved(target)


def test_one_forbidden_address_among_others_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def meanings(*_: object, **__: object) -> list[object]:
        return [(0, 0, 0, "", (address, 443)) for address in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", meanings)
    with pytest.raises(ForbiddenAddress, match=r"^example\.com leads to an address that is not public"):
        resolved(target_of("https://example.com"))


@pytest.mark.parametrize(
    "url",
    ["", "example.com", "http://example.com", "ftp://example.com", "https://", "https:///path", "https://u:p@example.com",
     "https://example.com/#x", "https://example.com:0/", "https://example.com:99999/", "https://exa mple.com", "https://é.com",
     "https://example.com/\r\nX: y", "https://[::1", "https://example.com/" + "a" * 2000],
)  # fmt: skip
def test_what_is_no_address_of_a_receiver_is_refused(url: str) -> None:
    with pytest.raises(UserError):
        target_of(url)


@contextmanager
def receiver(answer: Callable[[socket.socket], None]) -> Iterator[Target]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            try:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    answer(connection)
            except OSError:
                pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield target_of(f"http://127.0.0.1:{listener.getsockname()[1]}/hook?a=b", allow_private=True)


def sent(target: Target, timeout_s: float = 5.0) -> int:
    return post(target, resolved(target, allow_private=True), {"content-type": "application/json"}, b"{}", timeout_s)


def test_a_redirection_is_an_answer_like_any_other() -> None:
    with receiver(
        lambda to: to.sendall(b"HTTP/1.1 307 No\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    ) as target:
        assert sent(target) == 307


def test_of_an_endless_answer_no_more_than_its_beginning_is_read() -> None:
    def pour(to: socket.socket) -> None:
        to.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            to.sendall(b"x" * 65536)

    with receiver(pour) as target:
        assert sent(target) == 200


def _trickle(to: socket.socket) -> None:
    to.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(1000):
        to.sendall(b"X-%d: y\r\n" % number)
        time.sleep(0.05)


def _say_nothing(to: socket.socket) -> None:
    time.sleep(10)


@pytest.mark.parametrize("answer", [_trickle, _say_nothing])
def test_a_receiver_that_takes_its_time_is_given_up(answer: Callable[[socket.socket], None]) -> None:
    with receiver(answer) as target, pytest.raises(OSError, match=r"no answer within 0\.3 s"):
        sent(target, 0.3)


@pytest.mark.parametrize("text", [b"", b"hello\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_answer_is_an_error_like_any_other(text: bytes) -> None:
    with receiver(lambda to: to.sendall(text)) as target, pytest.raises(OSError, match=r"."):
        sent(target)
