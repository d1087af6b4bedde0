"""Streams that go on while things happen, under the real server."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import psutil
import pytest

from core.store import Store
from tests.api.conftest import Worker, row, xor
from tests.api.following import Cutter, Seen, ended, follow, stream
from tests.api.server import Server
from tests.keys import HEADER, issued
from tests.polling import until

EPOCHS = 60
JOBS = 6


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]))


class Servers:
    """One server after the other, on the same database."""

    def __init__(self, url: str, directory: Path) -> None:
        self._url, self._directory = url, directory
        self.count = 0
        self.current = self._start()

    def _start(self) -> Server:
        self.count += 1
        directory = self._directory / str(self.count)
        directory.mkdir()
        return Server(self._url, directory)

    def restart(self) -> None:
        self.current.stop()
        self.current = self._start()

    def port(self) -> int:
        return self.current.port


@pytest.fixture
def servers(database_url: str, tmp_path: Path) -> Iterator[Servers]:
    servers = Servers(database_url, tmp_path)
    yield servers
    servers.current.stop()


@pytest.fixture
def server(servers: Servers) -> Server:
    return servers.current


def submitted(server: Server, epochs: int = EPOCHS) -> str:
    with server.client() as client:
        answer = client.post("/v1/jobs", json=xor(training={"loss": "mean_squared_error", "epochs": epochs}))
        return str(answer.json()["id"])


def trained(store: Store, random: Random | None = None) -> None:
    """Plays one attempt after the other until no job waits: some epochs each, given back now and then where chance is given."""
    never = threading.Event()
    while (claim := store.jobs.claim("tests", 60)) is not None:
        epoch, total = claim.job.epoch, claim.job.epochs_total
        assert total is not None
        while epoch < total:
            count = min(random.randint(1, 5) if random else 5, total - epoch)
            store.jobs.record_epochs(claim, [row(epoch + each) for each in range(1, count + 1)], None)
            epoch += count
            if random and not never.wait(0.005) and random.random() < 0.1:
                store.jobs.release(claim)
                break
        else:
            Worker(store).succeed(claim)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_job_is_followed_without_loss_over_connections_that_break(servers: Servers, store: Store, seed: int) -> None:
    """Cut anywhere, in the middle of a line too, and with servers that die: each event and each epoch comes exactly once."""
    random = Random(seed)
    id = submitted(servers.current)
    with Cutter(servers.port, random, 3_000) as door:
        seen: list[Seen] = []
        address, path = f"http://127.0.0.1:{door.port}", f"/v1/jobs/{id}/events"
        following = threading.Thread(target=lambda: seen.extend(follow(address, path, ended)))
        following.start()
        training = threading.Thread(target=trained, args=(store, random))
        training.start()
        servers.restart()
        training.join(60)
        following.join(60)
    assert door.cuts > 3
    assert [data["epoch"] for _, event, data in seen if event == "epoch"] == list(range(1, EPOCHS + 1))
    happened = store.events.page("default", id, limit=1000)
    assert [data["seq"] for _, event, data in seen if event != "epoch"] == [event.seq for event in happened]
    # An event stands behind the last epoch that was recorded before it.
    reached = 0
    for _, event, data in seen:
        assert data["epoch"] == reached + (event == "epoch")
        reached = data["epoch"]
    assert [id for id, _, _ in seen] == [id for id, _, _ in follow(servers.current.address, path, ended)]


@pytest.mark.parametrize("seed", [1, 2])
def test_all_jobs_are_followed_without_loss_over_connections_that_break(servers: Servers, store: Store, seed: int) -> None:
    random = Random(seed)
    jobs = [submitted(servers.current, 5) for _ in range(JOBS)]
    happened: set[tuple[str, int]] = set()

    def is_over(seen: list[Seen]) -> bool:
        return sum(event == "succeeded" for _, event, _ in seen) == JOBS

    with Cutter(servers.port, random, 900) as door:
        seen: list[Seen] = []
        address = f"http://127.0.0.1:{door.port}"
        following = threading.Thread(target=lambda: seen.extend(follow(address, "/v1/events", is_over, "0")))
        following.start()
        workers = [threading.Thread(target=trained, args=(store, Random(seed + each))) for each in range(3)]
        for worker in workers:
            worker.start()
        servers.restart()
        for worker in workers:
            worker.join(60)
        following.join(60)
    assert door.cuts > 3
    for job in jobs:
        happened |= {(job, event.seq) for event in store.events.page("default", job, limit=1000)}
    told = [(data["job"], data["seq"]) for _, _, data in seen]
    assert len(told) == len(set(told))
    assert set(told) == happened
    assert [data["number"] for _, _, data in seen] == list(range(1, len(seen) + 1))
    for job in jobs:
        assert [seq for each, seq in told if each == job] == sorted(seq for each, seq in told if each == job)


def test_a_stream_of_all_jobs_begins_with_what_happens_from_now_on(server: Server, store: Store) -> None:
    submitted(server)
    with stream(server.address, "/v1/events") as source:
        told = iter(source)
        begun = next(event for event in told if event.id)
        assert (begun.id, begun.data) == ("1", "")  # where to go on, before anything has happened
        second = submitted(server)
        event = next(event for event in told if event.data)
    assert (event.event, event.id, event.json()["job"]) == ("submitted", "2", second)  # type: ignore[index]


def test_a_stream_shows_nothing_of_another_tenant(server: Server, store: Store) -> None:
    with stream(server.address, "/v1/events", **issued(store, "other")) as source:
        told = iter(source)
        assert next(event for event in told if event.id).id == "0"
        submitted(server)
        with server.client(**issued(store, "other")) as client:
            job = client.post("/v1/jobs", json=xor()).json()
        event = next(event for event in told if event.data)
        assert (event.id, event.json()["job"]) == ("1", job["id"])  # type: ignore[index]


def connected(server: Server) -> int:
    return sum(each.status == "ESTABLISHED" for each in psutil.Process(server.process.pid).net_connections("tcp"))


def opened(server: Server, path: str) -> socket.socket:
    """A stream whose head has come."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{HEADER}Accept: text/event-stream\r\n\r\n".encode())
    assert connection.recv(15) == b"HTTP/1.1 200 OK"
    return connection


def test_the_server_stops_at_once_although_streams_are_open(server: Server, store: Store) -> None:
    id = submitted(server)
    seen: list[list[Seen]] = []

    def listen(path: str) -> None:
        with stream(server.address, path) as source:
            seen.append([(event.id, event.event, {}) for event in source])

    following = [threading.Thread(target=listen, args=(path,)) for path in (f"/v1/jobs/{id}/events", "/v1/events?after=0")]
    for thread in following:
        thread.start()
    until(lambda: connected(server) == 2)
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(10)
    for thread in following:
        thread.join(10)
    assert len(seen) == 2  # each came to a proper end
    assert "Traceback" not in server.log.read_text()


def test_an_idle_stream_holds_neither_a_thread_nor_a_connection_to_the_database(
    server: Server, database_url: str, store: Store
) -> None:
    id = submitted(server)
    process = psutil.Process(server.process.pid)
    streams = [opened(server, path) for path in (f"/v1/jobs/{id}/events", "/v1/events") for _ in range(60)]
    with server.client() as client:
        for _ in range(20):
            assert client.get(f"/v1/jobs/{id}").status_code == 200
    assert process.num_threads() < 60
    assert len(process.net_connections("unix")) < 30
    for connection in streams:
        connection.close()
    until(lambda: connected(server) == 0)


def test_a_reader_that_is_slow_costs_no_memory(server: Server, store: Store) -> None:
    epochs = 40_000
    id = submitted(server, epochs)
    claim = store.jobs.claim("tests", 60)
    assert claim is not None
    for first in range(1, epochs, 1000):
        store.jobs.record_epochs(claim, [row(epoch) for epoch in range(first, first + 1000)], None)
    Worker(store).succeed(claim)
    slow = [opened(server, f"/v1/jobs/{id}/events") for _ in range(2)]
    before = server.resident_bytes()
    slow += [opened(server, f"/v1/jobs/{id}/events") for _ in range(20)]
    with server.client() as client:
        assert client.get(f"/v1/jobs/{id}").status_code == 200
    answer = len(follow(server.address, f"/v1/jobs/{id}/events", ended))
    assert answer == epochs + 3  # some eight megabytes
    assert server.resident_bytes() - before < 40 * 2**20
    for connection in slow:
        connection.close()


@pytest.fixture
def strict(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(**settings: str) -> Server:
        started.append(Server(database_url, tmp_path, **settings))
        return started[-1]

    yield start
    for server in started:
        server.stop()


def test_a_tenant_has_as_many_streams_as_it_may(strict: Callable[..., Server], store: Store) -> None:
    server = strict(GRADMILL_TENANT_OPEN_STREAMS="2")
    id = submitted(server)
    streams = [opened(server, path) for path in (f"/v1/jobs/{id}/events", "/v1/events")]
    with server.client(Accept="text/event-stream") as client:
        refused = client.get("/v1/events")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
        assert refused.json()["detail"].startswith("streams: 2 of your tenant are open, which is its quota")
        assert refused.headers["retry-after"] == "1"
        assert client.get(f"/v1/jobs/{id}").status_code == 200
        opened_by_another = {"Authorization": issued(store, "other")["Authorization"], "Accept": "text/event-stream"}
        with client.stream("GET", "/v1/events", headers=opened_by_another) as other:
            assert other.status_code == 200
        streams.pop().close()

        def is_let_in() -> bool:
            with client.stream("GET", "/v1/events") as answer:
                return answer.status_code == 200

        until(is_let_in)
    streams.pop().close()


def test_a_stream_ends_after_its_time_and_goes_on_with_the_next(strict: Callable[..., Server], store: Store) -> None:
    server = strict(GRADMILL_STREAM_S="0.3")
    id = submitted(server, 3)
    with stream(server.address, f"/v1/jobs/{id}/events") as source:
        events = list(source)
    assert [event.event for event in events if event.data] == ["submitted"]
    assert events[-1].retry is not None
    trained(store)
    rest = follow(server.address, f"/v1/jobs/{id}/events", ended, events[-1].id)
    assert [event for _, event, _ in rest] == ["claimed", "epoch", "epoch", "epoch", "succeeded"]
