# SPDX-License-Identifier: Apache-2.0
"""Many invocations and many starts leave lemu and the machine as they were. `./dev soak` runs the long form."""
import http.client
import os
import pathlib
import subprocess

import pytest
from daemon import Daemon, eventually
from harness import HOST_ARCH

LONG = os.environ.get("LEMU_SOAK") == "1"
WARM, COLD, SERVED = (10_000, 2_000, 1_000_000) if LONG else (1_000, 30, 3_000)
KB_PER_CALL = 0.05  # a leak of 50 bytes a call would show; less is the allocator's and the kernel's grain


def resident_kb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def kernel_objects():
    """Processes of the machine, mounts of this namespace."""
    return len([name for name in os.listdir("/proc") if name.isdigit()]), \
        len(pathlib.Path("/proc/self/mountinfo").read_text().splitlines())


def test_warm_invocations_leave_lemu_as_it_was(lemu, mode):
    function = lemu.function(mode.arch, "probe")
    event = '{"x":"%s"}' % ("y" * 8000)  # a pipe holds a few of these: so lemu is where we are
    process = lemu.start("invoke", *mode.options, "--data", event, "--repeat", WARM, "--report", "none", function)
    settled = None
    for number in range(1, WARM + 1):
        assert process.stdout.readline() == event.encode() + b"\n"
        if number in (WARM // 5, WARM - 20):  # the first calls fill caches and the allocator's pools
            seen = resident_kb(process.pid), descriptors(process.pid)
            if settled is None:
                settled = seen
    lemu.finish(process).ok()
    assert seen[1] - settled[1] <= 3, "descriptors (a look at /proc opens some for a moment)"
    assert seen[0] - settled[0] <= 256 + KB_PER_CALL * WARM, "resident memory, kB"


@pytest.mark.alone
@pytest.mark.bare
def test_cold_starts_leave_the_machine_as_it_was(lemu, mode):
    function = lemu.function(mode.arch, "probe")
    command = lemu.command("invoke", *mode.options, "--data", '{"x":1}', "--report", "none", function)
    before = kernel_objects()
    for _ in range(COLD):
        done = subprocess.run(command, env=lemu.environment, stdin=subprocess.DEVNULL, capture_output=True)
        assert (done.returncode, done.stdout) == (0, b'{"x":1}'), done.stderr.decode()
    assert abs(kernel_objects()[0] - before[0]) < 60, "processes (others come and go)"
    assert kernel_objects()[1] == before[1], "mounts"


def metrics(running):
    return running.request("GET", "/metrics").body.decode()


def test_warm_invocations_leave_the_daemon_as_it_was(lemu):
    function = f"{lemu.function(HOST_ARCH, 'probe')},concurrency=1"
    with Daemon(lemu, functions={"probe": function}) as running:
        caller = http.client.HTTPConnection("127.0.0.1", running.port)
        settled = None
        for number in range(1, SERVED + 1):
            caller.request("POST", "/2015-03-31/functions/probe/invocations", b'{"x":1}')
            answer = caller.getresponse()
            assert (answer.status, answer.read()) == (200, b'{"x":1}')
            if number == SERVED // 5:
                settled = resident_kb(running.process.pid), descriptors(running.process.pid)
        seen = resident_kb(running.process.pid), descriptors(running.process.pid)
        caller.close()
        eventually(lambda: f'lemu_invocations_total{{function="probe"}} {SERVED}\n' in metrics(running))  # the last is, soon
        assert 'lemu_cold_starts_total{function="probe"} 1\n' in metrics(running)
        assert seen[1] - settled[1] <= 3, "descriptors (a look at /proc opens some for a moment)"
        assert seen[0] - settled[0] <= 256 + KB_PER_CALL * min(SERVED, 10_000), "resident memory, kB"
