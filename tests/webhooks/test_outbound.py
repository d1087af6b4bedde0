"""Nothing is sent into the network that the service stands in, and no receiver keeps a sender for long."""

import asyncio
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import UserError
from core.internet import is_public
from core.outbound import Target, UnusableHost, post, resolved, target_of


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1",
        "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:db8::1", "::7f00:1", "::a00:1", "::ffff:0:7f00:1",
        "64:ff9b:1::7f00:1", "5f00::1", "3fff::1", "192.0.0.192", "192.88.99.1", "168.63.129.16", "2001::1", "2002:808:808::1",
        "2606:4700:4700::1111%eth0",
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
    with pytest.raises(UnusableHost):
        asyncio.run(resolved(target))


def test_one_forbidden_address_among_others_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def meanings(*_: object, **__: object) -> list[object]:
        return [(0, 0, 0, "", (address, 443)) for address in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", meanings)
    with pytest.raises(UnusableHost, match=r"^example\.com is not known, or leads to an address that is not public"):
        asyncio.run(resolved(target_of("https://example.com")))


@pytest.mark.parametrize(
    "url",
    ["", "example.com", "http://example.com", "ftp://example.com", "https://", "https:///path", "https://u:p@example.com",
     "https://example.com/#x", "https://example.com:0/", "https://example.com:99999/", "https://exa mple.com", "https://é.com",
     "https://example.com/\r\nX: y", "https://[::1", "https://example.com/" + "a" * 2000],
)  # fmt: skip
def test_what_is_no_address_of_a_receiver_is_refused(url: str) -> None:
    with pytest.raises(UserError):
        target_of(url)


def test_plain_http_is_refused_with_the_setting_that_allows_it_where_receivers_are_near() -> None:
    with pytest.raises(UserError, match=r"must begin with https://.* started with GRADMILL_WEBHOOK_PRIVATE_ADDRESSES=true$"):
        target_of("http://127.0.0.1:9000/")
    with pytest.raises(UserError, match=r"must begin with https:// and name a host$"):
        target_of("example.com")
    with pytest.raises(UserError, match=r"must begin with https:// or http:// and name a host$"):
        target_of("http://", allow_private=True)


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
    return post(target, {"content-type": "application/json"}, b"{}", timeout_s, allow_private=True)


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


def test_what_a_name_means_inside_is_not_told_by_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    told = set()
    for meanings in ([(0, 0, 0, "", ("10.0.0.1", 443))], []):
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, found=meanings, **__: found)
        with pytest.raises(UnusableHost) as caught:
            asyncio.run(resolved(target_of("https://inside.example.com")))
        told.add(caught.value.message)
    assert len(told) == 1


def test_a_name_that_takes_its_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        is_over.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(OSError, match=r"no answer within 0\.2 s"):
        sent(target_of("https://example.com"), 0.2)
    assert not is_over.is_set()
    is_over.set()


def _dripped(to: socket.socket | ssl.SSLSocket, is_over: threading.Event) -> None:
    to.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not is_over.wait(0.05):
        to.sendall(b"y")


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Of 127.0.0.1, signed by itself and trusted by this process."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x"
    subprocess.run(
        [*made.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], check=True, capture_output=True
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


@pytest.mark.parametrize("stage", ["handshake", "head"])
def test_a_tls_receiver_that_drips_is_given_up_at_every_stage(stage: str, certificate: ssl.SSLContext) -> None:
    is_over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    if stage == "handshake":
                        is_over.wait(60)
                    else:
                        with certificate.wrap_socket(connection, server_side=True) as tls:
                            tls.recv(65536)
                            _dripped(tls, is_over)
                except OSError:
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(OSError, match=r"no answer within 1 s"):
            sent(target_of(f"https://127.0.0.1:{listener.getsockname()[1]}/", allow_private=True), 1)
        is_over.set()
        thread.join(60)


def test_over_tls_a_good_answer_is_one(certificate: ssl.SSLContext) -> None:
    def answer(connection: socket.socket) -> None:
        with certificate.wrap_socket(connection, server_side=True) as tls:
            tls.recv(65536)
            tls.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=lambda: answer(listener.accept()[0]), daemon=True).start()
        assert sent(target_of(f"https://127.0.0.1:{listener.getsockname()[1]}/", allow_private=True)) == 204


def test_after_an_address_that_is_silent_the_next_one_is_tried_in_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver(lambda to: to.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")) as target, socket.socket() as silent:
        silent.bind(("127.0.0.2", target.port))
        silent.listen(0)
        crowd = [socket.socket() for _ in range(4)]  # more than its backlog takes: whoever comes now is not answered
        for each in crowd:
            each.setblocking(False)
            each.connect_ex(("127.0.0.2", target.port))
        found = [(0, 0, 0, "", (address, target.port)) for address in ("127.0.0.2", "127.0.0.1")]
        real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", lambda host, *a, **k: found if host == "x.example" else real(host, *a, **k))
        assert sent(target_of(f"http://x.example:{target.port}/", allow_private=True), 3) == 204
        for each in crowd:
            each.close()
