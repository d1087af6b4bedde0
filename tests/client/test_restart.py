"""A client outlives its service: real processes, ended and started anew."""

import socket
import threading

import pytest

import gradmill
from tests.polling import until
from tests.service.running import Running, xor

pytestmark = pytest.mark.xdist_group("client")


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_wait_goes_on_over_a_restart_of_the_service(tmp_path, port, caplog):
    request = xor(2000, units=700)
    services = [Running(tmp_path / "data", "--port", str(port))]
    try:
        url = services[0].url()
        key = (tmp_path / "data" / "key").read_text().strip()
        with gradmill.Client(url, key) as client:
            job = client.jobs.create(request["network"], request["dataset"], request["training"])
            until(lambda: job.refresh().progress.epoch > 0)
            ended = threading.Thread(target=job.wait, kwargs={"timeout_s": 120})
            ended.start()
            assert services[0].stop() == 0
            assert ended.is_alive()
            until(lambda: f"does not answer at {url}" in caplog.text)
            services.append(Running(tmp_path / "data", "--port", str(port)))
            assert services[1].url() == url
            ended.join(120)
            assert job.status == "succeeded"
            assert [epoch.epoch for epoch in job.epochs()] == list(range(1, 2001))
            assert job.attempt == 2
    finally:
        for service in services:
            service.stop()
