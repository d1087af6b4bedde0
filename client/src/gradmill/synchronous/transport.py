"""Sends a call, and again where another time may be answered otherwise; turns refusals into exceptions.

Made from asynchronous/transport.py by `python -m client.generate`; not to be edited.
"""

import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO

import httpx2

from gradmill import address, retrying
from gradmill.answering import USER_AGENT, content_of, failure_of, is_answer, log, unreachable
from gradmill.calls import Call
from gradmill.drafts import draft_of
from gradmill.errors import BadAddress, BadInput, NotFound, NotReachable, UnexpectedAnswer
from gradmill.retrying import AGAIN, Retries

PIECE = 2**18
CONNECT_S = 10.0  # a machine that has not answered by then is not there


class Transport:
    """One pool of connections to one service."""

    def __init__(self, base_url: str | None, api_key: str | None, timeout_s: float, retries: Retries) -> None:
        self.base_url = address.address(base_url)
        key = address.key(api_key, self.base_url)
        self.retries = retries
        self._timeout_s = timeout_s
        self.has_answered = False
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        self._headers = headers
        self._connected = {os.getpid(): self._connections()}

    @property
    def _http(self) -> httpx2.Client:
        """That of this process. Those that were there before a fork are its parent's: what is sent through them would come
        between its requests, and closing them could end them for it too."""
        process = os.getpid()
        if process not in self._connected:
            self._connected.setdefault(process, self._connections())  # those of the first of threads that meet here
        return self._connected[process]

    def _connections(self) -> httpx2.Client:
        # No proxy lies between a machine and itself.
        trusts = not address.is_own(self.base_url)
        return httpx2.Client(base_url=self.base_url, headers=self._headers, trust_env=trusts)

    def json(self, call: Call, retries: Retries | None = None) -> Any:
        return content_of(self.send(call, retries))

    def send(self, call: Call, retries: Retries | None = None) -> httpx2.Response:
        """The answer, when it is a good one or 304."""
        tries, is_lost = _Tries(self, retries or self.retries), False
        while True:
            try:
                with self._answer(call) as response:
                    response.read()
            except NotReachable as error:
                is_lost = True
                tries.next(error)
                continue
            if is_answer(response):
                return response
            failure = failure_of(response)
            if is_lost and call.method == "DELETE" and isinstance(failure, NotFound):
                return response  # the answer that got lost said that it was done
            if response.status_code not in AGAIN:
                raise failure
            tries.next(failure, retrying.told_s(response.headers))

    @contextmanager
    def begun(self, call: Call) -> Iterator[httpx2.Response]:
        """A good answer as it begins, to be read piece by piece. NotReachable where it breaks off then: that is not tried
        again."""
        tries, has_begun = _Tries(self, self.retries), False
        while True:
            try:
                with self._answer(call) as response:
                    if response.is_success:
                        has_begun = True
                        yield response
                        return
                    response.read()
            except NotReachable as error:
                if has_begun:
                    raise
                tries.next(error)
                continue
            failure = failure_of(response)
            if response.status_code not in AGAIN:
                raise failure
            tries.next(failure, retrying.told_s(response.headers))

    def download(self, call: Call, path: Path) -> Path:
        """Into the file, which is there when all of it has come."""
        with draft_of(path) as file:
            self._received(call, file)
        return path

    @contextmanager
    def opened(self, call: Call, silence_s: float) -> Iterator[httpx2.Response]:
        """An answer that goes on while things happen, good or bad. NotReachable where nothing comes for so long."""
        with self._answer(call, {"Accept-Encoding": "identity"}, silence_s) as response:
            yield response

    @contextmanager
    def _answer(
        self, call: Call, headers: Mapping[str, str] | None = None, silence_s: float | None = None
    ) -> Iterator[httpx2.Response]:
        """The answer to one try, good or bad, as it begins. BadAddress where nothing can be sent to the address, NotReachable
        where no answer comes, or not all of it, or where its compression is broken."""
        arguments = self._arguments(call, headers or {}, silence_s)
        try:
            with self._http.stream(call.method, call.path, **arguments) as response:
                self.has_answered = True
                yield response
        except (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError) as error:
            raise BadAddress(f"{self.base_url}: {error}") from error
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise unreachable(self.base_url, error) from error

    def _received(self, call: Call, file: BinaryIO) -> None:
        """Writes the content; what broke off goes on where it was."""
        tries, etag, digest = 0, "", hashlib.sha256()
        while True:
            begin, told_s = file.tell(), None
            rest = {"Range": f"bytes={begin}-", "If-Range": etag} if begin and etag else {}
            try:
                with self._answer(call, rest) as response:
                    if response.is_success:
                        if response.status_code != httpx2.codes.PARTIAL_CONTENT:
                            file.seek(0)
                            file.truncate()
                            digest = hashlib.sha256()
                        etag = response.headers.get("etag", "")
                        for piece in response.iter_bytes():
                            digest.update(piece)
                            file.write(piece)
                        _check(digest.hexdigest(), etag)
                        return
                    response.read()
                    failure: Exception = failure_of(response)
                    if response.status_code not in AGAIN:
                        raise failure
                    told_s = retrying.told_s(response.headers)
            except NotReachable as error:
                failure = error
                if isinstance(error.__cause__, httpx2.DecodingError):
                    etag = ""  # what has come may be damaged: all of it comes anew
                elif file.tell() > begin:
                    tries = 0
            tries += 1
            pause_s = self.retries.pause_s(tries, told_s)
            if pause_s is None:
                raise failure
            time.sleep(pause_s)

    def close(self) -> None:
        self._http.close()

    def _arguments(self, call: Call, more: Mapping[str, str], silence_s: float | None) -> dict[str, Any]:
        headers = {**call.headers, **more}
        content: Any = call.body
        if isinstance(call.body, Path):
            size = call.body.stat().st_size
            headers["Content-Length"] = str(size)
            content = _File(call.body, size)
        connect_s = min(self._timeout_s, CONNECT_S)
        read_s = self._timeout_s + call.wait_s if silence_s is None else silence_s
        timeout = httpx2.Timeout(self._timeout_s, connect=connect_s, read=read_s)
        return {"params": call.params, "headers": headers, "content": content, "timeout": timeout}


class _Tries:
    """Of one call."""

    def __init__(self, transport: Transport, allowed: Retries) -> None:
        self._transport = transport
        self._allowed = allowed
        self._began = monotonic()
        self._count, self._is_told = 0, False

    def next(self, failure: Exception, told_s: float | None = None) -> None:
        """Returns when it is time for the next one, behind one that failed so; raises the failure where there shall be none."""
        self._count += 1
        refused = isinstance(failure.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout)
        pause_s = self._allowed.pause_s(self._count, told_s)
        if pause_s is None:
            raise failure
        has_answered = self._transport.has_answered
        if refused and not has_answered and monotonic() + pause_s > self._began + self._allowed.knocking_s:
            raise failure
        if refused and has_answered and not self._is_told:
            self._is_told = True
            log.warning("%s; trying again", failure)
        time.sleep(pause_s)


class _File(httpx2.SyncByteStream):
    """A file of so many bytes as it goes over the wire, from its beginning each time. BadInput when it has become another."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        with self._path.open("rb") as file:
            while piece := file.read(PIECE):
                sent += len(piece)
                if sent > self._size:
                    break
                yield piece
        if sent != self._size:
            raise BadInput(f"{self._path} had {self._size} bytes, and others while it was sent: somebody writes to it")


def _check(found: str, etag: str) -> None:
    """The tag of a safetensors file is the hash of its bytes."""
    told = etag.strip('"')
    if len(told) == 64 and found != told:
        raise UnexpectedAnswer("the weights were damaged on their way")
