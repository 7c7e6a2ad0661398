# SPDX-License-Identifier: Apache-2.0
"""A runtime that makes processes, leaves them behind, stops them, or turns on those it finds."""
import json
import signal
import socket

import capabilities
import harness
import pytest
from harness import MODES, exit_error

WITHOUT_REASON = "Runtime exited without providing a reason"


@pytest.mark.bare
@pytest.mark.parametrize("code, words", [(0, WITHOUT_REASON), (3, "Runtime exited with error: exit status 3")])
def test_a_child_holds_the_connection_of_the_runtime_that_left(lemu, mode, code, words):
    """Lambda watches the process it started: its end is the runtime's, whoever else is there."""
    result = lemu.invoke(mode, "probe", {"do": "orphan", "how": "hold", "code": code}).ok(1)
    assert result.stdout == exit_error(result.request_id, words)
    assert result.report["Error Type"] == "Runtime.ExitError"


@pytest.mark.bare
def test_a_child_answers_and_the_runtime_leaves(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "orphan", "how": "answer", "code": 3}).ok()
    assert result.stdout == b'"by a child"'
    assert result.report["Status"] == "error" and result.report["Error Type"] == "Runtime.ExitError"


def test_a_runtime_that_becomes_a_daemon_has_ended(lemu, mode):
    """A bootstrap that forks and exits 0, as daemons do: its child is not the runtime."""
    result = lemu.invoke(mode, "probe", {}, "--handler", "init-orphan").ok(1)
    assert result.stdout == exit_error(result.request_id, WITHOUT_REASON)
    assert len(result.starting("INIT_REPORT ")) == 2 and result.report["Error Type"] == "Runtime.ExitError"


@pytest.mark.bare
@pytest.mark.parametrize("who", ["self", "group"])
def test_a_runtime_that_stops_itself(lemu, mode, who):
    """Nobody continues it; SIGKILL ends stopped processes too."""
    event = {"do": "stop", "who": who, "at": 1}
    result = lemu.invoke(mode, "probe", event, "--timeout", "1", "--repeat", "2")
    if mode.sandbox == "on":  # without a sandbox the counter of "at" may be another's
        first, second = result.ok(1).stdout.splitlines()
        assert b"Task timed out after 1.00 seconds" in first and second == b'{"memory":1,"file":2}'
    assert result.reports[0]["Status"] == "timeout" and result.seconds < 30


def test_a_runtime_that_stops_in_init(lemu, mode):
    options = ("--handler", "init-once-stop", "--timeout-scale", "0.1", "--timeout", "30")
    result = lemu.invoke(mode, "probe", {"x": 1}, *options).ok()
    assert result.json() == {"x": 1}
    assert result.starting("INIT_REPORT ")[0].endswith("\tPhase: init\tStatus: timeout")


def test_stopping_everything_and_the_init(lemu, mode):
    """From inside, PID 1 of the namespace is deaf to SIGSTOP; kill(-1) leaves out the caller."""
    for who in ("parent", "all"):
        result = lemu.invoke(mode, "probe", {"do": "stop", "who": who}, "--repeat", "2").ok()
        assert [answer["error"] in ("", "EPERM", "ESRCH") for answer in result.responses()] == [True, True]


BARE = harness.BARE_MODES


def helper(lemu, bare, number, then):
    capabilities.require_mode(bare)
    event = {"do": "stop", "who": "parent", "number": int(number), "then": then, "code": 3}
    result = lemu.invoke(bare, "probe", event, "--timeout", "2", "--repeat", "2")
    assert result.seconds < 60 and len(result.reports) == 2, result
    return result


@pytest.mark.parametrize("bare", BARE, ids=str)
def test_the_helper_is_killed(lemu, bare):
    """Without a sandbox it is a process as any other of the user's. With its parent the runtime is killed too, and each
    invocation finds a new environment."""
    result = helper(lemu, bare, signal.SIGKILL, "exit").ok(1)
    for answer in result.responses():
        assert answer["errorType"] == "Sandbox.Failure" and "the execution environment ended" in answer["errorMessage"]
    assert [report["Error Type"] for report in result.reports] == ["Sandbox.Failure"] * 2
    assert all("Init Duration" in report for report in result.reports), "each had an environment of its own"


@pytest.mark.parametrize("bare", BARE, ids=str)
def test_the_helper_is_killed_beside_an_answer(lemu, bare):
    """Until the kernel has seen to the helper and with it to the runtime, this may have answered in part, in whole, or
    even asked for the next event: each is told as what it was, and the command ends by itself, leaving nothing."""
    result = helper(lemu, bare, signal.SIGKILL, "answer")
    answers = result.responses()
    assert result.status == (0 if answers == [{"error": ""}] * 2 else 1)
    for answer in answers:
        assert answer.get("errorType") in ("Sandbox.Failure", "Runtime.TruncatedResponse") or answer == {"error": ""}


@pytest.mark.leaves("file tmp/lemu-")
@pytest.mark.parametrize("bare", BARE, ids=str)
def test_the_helper_and_lemu_are_stopped_and_killed(any_user, bare):
    """By a daemonised grandchild, which does not outlive them: a process that it did not know of ends it."""
    capabilities.require_mode(bare)
    result = any_user.invoke(bare, "probe", {"do": "turn", "on": "lemu"}, "--timeout", "20")
    assert result.status == -signal.SIGKILL, result
    assert not harness.wait_for_no_descendants(10)


@pytest.mark.leaves("file tmp/lemu-")
@pytest.mark.parametrize("bare", BARE, ids=str)
def test_the_helper_and_its_parent_are_stopped_and_killed(any_user, bare):
    capabilities.require_mode(bare)
    result = any_user.invoke(bare, "probe", {"do": "turn", "on": "parents"}, "--timeout", "5")
    assert result.status in (1, -signal.SIGKILL), result
    assert not harness.wait_for_no_descendants(10)


@pytest.mark.parametrize("bare", BARE, ids=str)
def test_the_helper_is_stopped(lemu, bare):
    """Nobody then tells that the runtime has ended, so its time runs out; lemu continues the helper for the reset."""
    result = helper(lemu, bare, signal.SIGSTOP, "exit").ok(1)
    assert all(b"Task timed out after 2.00 seconds" in line for line in result.stdout.splitlines())
    assert helper(lemu, bare, signal.SIGSTOP, "answer").ok().responses() == [{"error": ""}] * 2


def test_killing_everything(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "kill-all"}, "--repeat", "2").ok()
    assert result.responses() == [{"error": "", "ended": 3}] * 2


def test_ptrace(any_user, mode):
    traced = any_user.invoke(mode, "probe", {"do": "ptrace"}).ok().json()
    if mode.emulated:  # QEMU has no ptrace
        assert traced == {"parent": "ENOSYS", "first": "ENOSYS", "child": "ENOSYS"}
    else:
        assert traced == {"parent": "EPERM", "first": "EPERM", "child": ""}


def test_the_end_of_a_traced_runtime(lemu):
    """Its tracer, a child of its own, never collects it: to its parent it has not ended. Only the timeout is left."""
    event = {"do": "traced-exit", "code": 3, "at": 1}
    result = lemu.invoke(MODES[0], "probe", event, "--timeout", "1", "--repeat", "2").ok(1)
    first, second = result.stdout.splitlines()
    assert b"Task timed out after 1.00 seconds" in first and second == b'{"memory":1,"file":2}'
    assert "probe: ptrace" not in result.stderr


@pytest.mark.alone
def test_a_fork_bomb_that_nothing_stops_but_the_timeout(any_user, mode):
    result = any_user.invoke(mode, "probe", {"do": "forkbomb-for-ever", "at": 1}, "--timeout", "1", "--memory", "10240",
                             "--repeat", "2").ok(1)
    first, second = result.stdout.splitlines()
    assert b"Task timed out after 1.00 seconds" in first and second == b'{"memory":1,"file":2}'
    assert result.seconds < 60
    assert "qemu" not in result.stderr.split("lemu: ")[0], result


def test_a_fork_bomb_is_told_so_politely(lemu, mode):
    """Under QEMU every process is two tasks, and QEMU has its own words for a refused thread."""
    result = lemu.invoke(mode, "probe", {"do": "forkbomb", "limit": 5000}, "--timeout", "60", "--memory", "10240").ok()
    assert result.json()["error"] == "EAGAIN"
    assert "qemu" not in result.stderr.split("lemu: ")[0], result


@pytest.mark.bare
def test_a_listening_socket_is_gone_afterwards(lemu, mode):
    port = lemu.invoke(mode, "probe", {"do": "listen"}).ok().json()["port"]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_listening_socket_is_closed_by_a_reset(lemu, mode):
    """The second process of the environment has its own; the first one's is gone before it starts."""
    event = {"do": "listen", "sleep_after": 60_000}
    result = lemu.invoke(mode, "probe", event, "--timeout", "1", "--repeat", "2").ok()
    ports = [json.loads(line)["port"] for line in result.stdout.splitlines()]
    assert len(ports) == 2
    assert [report["Status"] for report in result.reports] == ["timeout"] * 2
