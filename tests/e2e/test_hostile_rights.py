# SPDX-License-Identifier: Apache-2.0
"""A runtime that tries what it has no right to, and that changes its own limits."""
import json
import os

import pytest
from harness import HOST_ARCH, exit_error


def test_limits_go_down_and_not_up(any_user, mode):
    result = any_user.invoke(mode, "probe", {"do": "limits"}, "--repeat", "2").ok()
    first, second = result.responses()
    for name in ("nofile", "nproc", "memlock"):
        assert first[name] == ["EPERM", ""] and second[name] == ["EPERM", ""], name
    assert (first["number"], second["number"]) == (1, 2), "it goes on with no descriptor, process or byte to spare"


@pytest.mark.bare
def test_a_limit_of_its_own_ends_it(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "cpu-limit"}, "--timeout", "60").ok(1)
    assert result.stdout == exit_error(result.request_id, "Runtime exited with error: signal: CPU time limit exceeded")


def test_a_full_tmp_is_full_and_emptied(lemu, mode):
    """ENOSPC at Lambda's 512 MB; the environment goes on, and what is in /tmp stays there for the next invocation."""
    event = {"do": "fill", "path": "/tmp/big", "mb": 600, "at": 1}
    result = lemu.invoke(mode, "probe", event, "--repeat", "2", "--timeout", "60", "--memory", "3008").ok()
    first, second = result.responses()
    assert first["error"] == "ENOSPC" and 500 << 20 < first["written"] <= 512 << 20
    assert second["memory"] == 2, "the counter in /tmp could be opened but not written"


@pytest.mark.parametrize("size, mb", [("512", 512), ("600MB", 600), ("10GB", 10240)])
def test_tmp_has_the_size_that_is_asked_for(any_user, size, mb):
    result = any_user.run("shell", "--ephemeral-storage", size, "--sandbox", "on", any_user.function(HOST_ARCH, "probe"), "--",
                          "/usr/bin/stat", "-f", "-c", "%S %b", "/tmp").ok()
    block, blocks = map(int, result.stdout.split())
    assert block * blocks == mb << 20


@pytest.mark.parametrize("size, nearest", [("511", 512), ("0", 512), ("10241MB", 10240), ("1TB", 10240)])
def test_a_size_of_tmp_that_lambda_does_not_have(lemu, size, nearest):
    refused = lemu.run("invoke", "--ephemeral-storage", size, lemu.function(HOST_ARCH, "probe")).ok(2)
    assert "outside what Lambda offers: 512 to 10240 MB" in refused.stderr
    assert f"try: --ephemeral-storage {nearest}\n" in refused.stderr


# Of the function's own IPC and process namespaces; and the triggers of pressure stall information, which are anybody's.
OWN = ("/proc/sys/fs/mqueue/", "/proc/sys/kernel/auto_msgmni", "/proc/sys/kernel/msg", "/proc/sys/kernel/sem",
       "/proc/sys/kernel/shm", "/proc/sys/kernel/ns_last_pid", "/proc/sys/kernel/pid_max", "/proc/pressure/")


def test_only_tmp_takes_files(any_user, mode):
    """On Lambda /tmp is the only place."""
    result = any_user.invoke(mode, "probe", {"do": "write-everywhere"}, "--timeout", "60").ok()
    assert [path for path in result.json() if not path.startswith(OWN)] == ["/tmp"]


def test_the_parents_limits(any_user, mode):
    """The helper is the same user where an ordinary user runs lemu, so Linux lets it be limited (prlimit(2)): the function
    breaks its own environment. An invocation at most fails by that, then there is a new environment with a new /tmp."""
    event = {"do": "limit-parent", "sleep_after": 60_000, "at": 1}
    result = any_user.invoke(mode, "probe", event, "--timeout", "1", "--repeat", "3")
    first, *others = map(json.loads, result.stdout.splitlines())
    if any_user.user is None and os.geteuid() == 0:
        assert first == {"nofile": "EPERM", "nproc": "EPERM", "cpu": "EPERM"}
        assert others == [{"memory": 1, "file": 2}, {"memory": 1, "file": 3}]
    else:
        assert first == {"nofile": "", "nproc": "", "cpu": ""}
        failed = [answer != first for answer in others]
        assert failed != [True, True], result
        assert all(answer["errorType"] == "Sandbox.Failure" for answer in others if answer != first)
