"""Jobs that are followed to their end: on a terminal, elsewhere, for a while."""

import io
import json
import os
import pty
import signal
import subprocess
import sys

import pytest

import gradmill
from gradmill import progress
from gradmill.cli import exits
from gradmill.cli.watching import sparkline
from tests.client.shell import settings
from tests.polling import until
from tests.service.running import endless, xor

pytestmark = pytest.mark.xdist_group("client")


def test_where_no_terminal_is_a_job_is_told_in_lines(client):
    request = endless()
    job = client.jobs.create(request["network"], request["dataset"], request["training"])
    often, seldom = io.StringIO(), io.StringIO()
    tellers = progress.Telling(often, 0.0), progress.Telling(seldom, 1e9)

    def tell(job: gradmill.Job) -> None:
        for teller in tellers:
            teller(job)
        if len(often.getvalue().splitlines()) > 5 and job.status == "running":
            client.jobs.cancel(job.id)

    job.wait(progress=tell)
    assert "\x1b" not in often.getvalue()
    assert "\r" not in often.getvalue()
    statuses = [line.split("  ")[1] for line in seldom.getvalue().splitlines()]
    assert statuses[-1] == "cancelled"
    assert len(statuses) == len(set(statuses)) < len(often.getvalue().splitlines())
    assert all(line.startswith(f"{job.id}  ") for line in often.getvalue().splitlines())


def test_ctrl_c_lets_go_of_a_job_that_goes_on(service, key, client):
    request = endless()
    job = client.jobs.create(request["network"], request["dataset"], request["training"])
    command = [sys.executable, "-m", "gradmill", "watch", job.id]
    watching = subprocess.Popen(
        command,
        env=settings(service.url(), key),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Where these tests run in the background, Ctrl-C is ignored, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    said = watching.stderr.readline()
    assert job.id in said
    watching.send_signal(signal.SIGINT)
    out, err = watching.communicate(timeout=60)
    assert (watching.returncode, out) == (exits.INTERRUPTED, "")
    assert f"gradmill watch {job.id}" in err
    assert client.jobs.get(job.id).status in ("queued", "running")
    job.cancel()


def test_a_wait_that_is_bounded_ends_with_a_code_of_its_own(gradmill_, client):
    request = endless()
    job = client.jobs.create(request["network"], request["dataset"], request["training"])
    assert job.id in gradmill_("watch", job.id, "--timeout-s", "0.5", code=exits.TOO_LONG).stderr
    assert gradmill_("pause", job.id).stdout.startswith(job.id)
    until(lambda: job.refresh().status == "paused")
    gradmill_("resume", job.id)
    gradmill_("cancel", job.id)
    job.wait()
    again = gradmill_("retry", job.id).stdout.strip()
    assert client.jobs.get(again).retry_of == job.id
    client.jobs.cancel(again)


def test_on_a_terminal_progress_is_drawn_beside_the_data(service, key, client):
    request = xor(300)
    job = client.jobs.create(request["network"], request["dataset"], request["training"])
    ours, theirs = pty.openpty()
    env = {**settings(service.url(), key), "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "gradmill", "watch", job.id, "--json"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=theirs, text=True) as watching:
        os.close(theirs)
        drawn = b""
        while piece := _read(ours):
            drawn += piece
        out = watching.stdout.read()
    os.close(ours)
    assert watching.returncode == 0
    assert json.loads(out)["id"] == job.id
    assert "300/300" in drawn.decode()
    assert "\x1b[" in drawn.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 2**16)
    except OSError:  # nobody is on the other side any more
        return b""


def test_a_sparkline_is_as_wide_as_it_may_be():
    assert sparkline([8.0, 3.0, 1.0]) == "█▃▁"
    assert sparkline([]) == ""
    assert sparkline([1.0, 1.0]) == "▁▁"
    assert len(sparkline([float(i) for i in range(1000)], 10)) == 10
