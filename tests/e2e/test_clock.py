# SPDX-License-Identifier: Apache-2.0
"""A daemon whose machine's wall clock is set, far ahead or back, while it works: what it measures and waits for goes on by
the monotonic clock, and a function's deadline is told by the clock that the function sees."""
import json
import mmap
import socket
import struct
import threading
import time

import pytest
from daemon import Daemon, eventually
from harness import CLOCK_HOST, HOST_ARCH, report_figures
from sink import Sink

pytestmark = [pytest.mark.needs("ptrace"), pytest.mark.leaves("work/clock", "work/state", "work/logs")]

HOUR = 3600.0
STEPS = pytest.mark.parametrize("step", [10 * HOUR, -10 * HOUR], ids=["ahead", "back"])  # longer than any limit's default
SLACK = 3.0  # what a busy machine may add to a time; nothing to ten hours


class Clock:
    """The wall clock of what runs behind `around`."""

    def __init__(self, folder):
        path = folder / "clock"
        path.write_bytes(bytes(8))
        self.around = [str(CLOCK_HOST), str(path), "--"]
        self.ahead = 0.0
        with open(path, "r+b") as file:
            self.shared = mmap.mmap(file.fileno(), 8)

    def step(self, seconds):
        self.ahead += seconds
        self.shared[:] = struct.pack("q", int(self.ahead * 1e9))


@pytest.fixture
def clock(lemu):
    return Clock(lemu.work)


def serve(lemu, clock, *options, settings=()):
    function = ",".join([str(lemu.function(HOST_ARCH, "probe")), f"arch={HOST_ARCH}", *settings])
    return Daemon(lemu, *options, functions={"probe": function}, around=clock.around)


def reports(lemu):
    """The figures of every REPORT in the functions' logs."""
    lines = [line for file in (lemu.work / "logs").rglob("*.log") for line in file.read_text().splitlines()]
    return [report_figures(line[line.index("REPORT "):]) for line in lines if "REPORT RequestId: " in line]


@STEPS
def test_the_clock_is_the_daemons(lemu, clock, step):
    """Else none of these tests would tell anything: the deadline is the daemon's now and the timeout."""
    with serve(lemu, clock, settings=["timeout=20"]) as daemon:
        for _ in range(2):
            begin = time.time()
            headers = daemon.invoke("probe", {"do": "headers"}).json()
            seen = int(headers["Lambda-Runtime-Deadline-Ms"]) / 1000
            assert begin - 0.002 <= seen - clock.ahead - 20 <= time.time() + 0.002
            clock.step(step)


@STEPS
def test_the_time_of_an_invocation(lemu, clock, step):
    with Sink(lambda _: clock.step(step) or "ok") as sink, serve(lemu, clock, "--log-dir", lemu.work / "logs") as daemon:
        begin = time.monotonic()
        assert daemon.invoke("probe", sink.event("a")).json() == {"tag": "a"}
        daemon.stop()
        took = time.monotonic() - begin
        (report,) = reports(lemu)
        assert 0 < report["Duration"] < took * 1000 and 0 < report["Init Duration"] < took * 1000
        assert report["Billed Duration"] < took * 1000 + 1


@STEPS
def test_a_timeout_fires_in_time(lemu, clock, step):
    ended = threading.Event()
    with Sink(lambda _: clock.step(step) or ended.wait(60) and "ok") as sink, \
            serve(lemu, clock, settings=["timeout=1"]) as daemon:
        daemon.invoke("probe", {})  # the init is no part of what is timed
        begin = time.monotonic()
        answer = daemon.invoke("probe", sink.event("a"))
        took = time.monotonic() - begin
        ended.set()
        assert answer.json()["errorType"] == "Sandbox.Timedout"
        assert 1.0 <= took < 1.0 + SLACK


@STEPS
def test_retries_come_in_time(lemu, clock, step):
    """Nor is an event given up for its age, which is 6 hours at most."""
    scale = 0.01
    begun = []

    def fail_and_step(_):
        begun.append(time.monotonic())
        clock.step(step)
        return "error" if len(begun) < 3 else "ok"

    with Sink(fail_and_step) as sink, \
            serve(lemu, clock, "--state-dir", lemu.work / "state", "--async-delay-scale", scale) as daemon:
        assert daemon.invoke("probe", sink.event("a"), invocation_type="Event").status == 202
        sink.wait_for(3)
        first, second = begun[1] - begun[0], begun[2] - begun[1]
        assert 60 * scale <= first < 60 * scale + SLACK and 120 * scale <= second < 120 * scale + SLACK
        eventually(lambda: b'"idle":1' in daemon.lemu.run("ps", "--endpoint", daemon.url, "--json").stdout)
    assert len(begun) == 3


@STEPS
def test_idle_environments_end_in_time(lemu, clock, step):
    def environments(daemon):
        function = daemon.lemu.run("ps", "--endpoint", daemon.url, "--json").json()["functions"][0]
        return function["idle"] + function["busy"] + function["starting"]

    with serve(lemu, clock, "--idle-timeout", "1s") as daemon:
        assert daemon.invoke("probe", {"do": "count"}).json() == {"memory": 1, "file": 1}
        begin = time.monotonic()
        clock.step(step)
        eventually(lambda: environments(daemon) == 0, seconds=1 + SLACK)
        assert time.monotonic() - begin > 0.9


@STEPS
def test_an_environment_is_not_too_old(lemu, clock, step):
    """It is replaced at 8 hours of age, and ended when it had nothing to do for 10 minutes."""
    with serve(lemu, clock) as daemon:
        for n in (1, 2, 3):
            assert daemon.invoke("probe", {"do": "count"}).json() == {"memory": n, "file": n}
            clock.step(step)


@STEPS
def test_draining_ends_in_time(lemu, clock, step):
    ended = threading.Event()
    with Sink(lambda _: ended.wait(60) and "ok") as sink, \
            serve(lemu, clock, "--drain-timeout", "1s", settings=["timeout=60"]) as daemon, \
            socket.create_connection(("127.0.0.1", daemon.port)) as busy, \
            socket.create_connection(("127.0.0.1", daemon.port)) as idle:
        body = json.dumps(sink.event("a")).encode()
        busy.sendall(b"POST /2015-03-31/functions/probe/invocations HTTP/1.1\r\nHost: localhost\r\n"
                     b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        sink.wait_for(1)
        begin = time.monotonic()
        daemon.process.terminate()
        assert idle.recv(1) == b"", "it drains"
        clock.step(step)
        daemon.result = lemu.finish(daemon.process)
        took = time.monotonic() - begin
        ended.set()
        assert 1.0 <= took < 1.0 + SLACK
