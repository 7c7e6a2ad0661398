# SPDX-License-Identifier: Apache-2.0
"""A runtime that ends: by each signal, with 0 and with 3, in each phase. The words are those of Go's os/exec, as Lambda's
own supervisor prints them; what a caller sees of each is in the payloads recorded from Lambda."""
import json

import pytest
from harness import MODES, exit_error

WITHOUT_REASON = "Runtime exited without providing a reason"

# Signals whose default action ends a process; the texts are those of Go's syscall.Signal.String().
DEADLY = {
    1: "hangup", 2: "interrupt", 3: "quit", 4: "illegal instruction", 5: "trace/breakpoint trap", 6: "aborted",
    7: "bus error", 8: "floating point exception", 9: "killed", 10: "user defined signal 1", 11: "segmentation fault",
    12: "user defined signal 2", 13: "broken pipe", 14: "alarm clock", 15: "terminated", 16: "stack fault",
    24: "CPU time limit exceeded", 25: "file size limit exceeded", 26: "virtual timer expired",
    27: "profiling timer expired", 29: "I/O possible", 30: "power failure", 31: "bad system call",
}


def words_of(code):
    return f"Runtime exited with error: exit status {code}" if code else WITHOUT_REASON


@pytest.mark.bare
@pytest.mark.parametrize("number", DEADLY)
def test_each_signal_in_an_invocation(lemu, mode, number):
    result = lemu.invoke(mode, "probe", {"do": "signal", "number": number}).ok(1)
    assert result.stdout == exit_error(result.request_id, f"Runtime exited with error: signal: {DEADLY[number]}")
    assert result.report["Status"] == "error" and result.report["Error Type"] == "Runtime.ExitError"
    assert "qemu" not in result.stderr.split("lemu: ")[0], "QEMU's own words are no log of the function"


@pytest.mark.bare
@pytest.mark.parametrize("number", DEADLY)
def test_each_signal_in_init(lemu, mode, number):
    """A failed init is repeated in the invocation, and its second failure is the caller's answer."""
    result = lemu.invoke(mode, "probe", {}, "--handler", f"init-signal-{number}").ok(1)
    assert result.stdout == exit_error(result.request_id, f"Runtime exited with error: signal: {DEADLY[number]}")
    phases = [line.split("\t")[1:] for line in result.starting("INIT_REPORT ")]
    assert phases == [["Phase: init", "Status: error", "Error Type: Runtime.ExitError"],
                      ["Phase: invoke", "Status: error", "Error Type: Runtime.ExitError"]]
    assert "qemu" not in result.stderr.split("lemu: ")[0]


@pytest.mark.parametrize("number", [40, 64])
def test_a_real_time_signal_has_a_number_only(lemu, number):
    result = lemu.invoke(MODES[0], "probe", {"do": "signal", "number": number}).ok(1)
    assert result.stdout == exit_error(result.request_id, f"Runtime exited with error: signal: signal {number}")


@pytest.mark.bare
@pytest.mark.parametrize("code", [0, 3, 255])
def test_exit_before_next(lemu, mode, code):
    result = lemu.invoke(mode, "probe", {}, "--handler", f"init-exit-{code}").ok(1)
    assert result.stdout == exit_error(result.request_id, words_of(code))
    assert len(result.starting("INIT_REPORT ")) == 2 and result.report["Error Type"] == "Runtime.ExitError"


@pytest.mark.bare
@pytest.mark.parametrize("code", [0, 3])
def test_exit_after_an_init_error(lemu, mode, code):
    """The runtime's own words are the payload, whatever it then leaves with."""
    result = lemu.invoke(mode, "probe", {}, "--handler", f"init-error-{code}").ok(1)
    assert result.stdout == b'{"errorMessage":"cannot start","errorType":"Config.Missing"}'
    assert result.stderr.count("probe: init/error: 202") == 2
    assert result.report["Status"] == "error" and result.report["Error Type"] == "Runtime.NoConfig"


@pytest.mark.bare
@pytest.mark.parametrize("code", [0, 3])
def test_exit_with_the_event(lemu, mode, code):
    result = lemu.invoke(mode, "probe", {"do": "exit", "code": code}, "--repeat", "2").ok(1)
    assert [json.loads(line)["errorMessage"].split("Error: ")[1] for line in result.stdout.splitlines()] == [words_of(code)] * 2
    assert all("Status" in report for report in result.reports) and "Init Duration" not in result.reports[1]


@pytest.mark.bare
@pytest.mark.parametrize("code", [0, 3])
def test_exit_after_the_answer(lemu, mode, code):
    """The caller has its answer; the environment is reset, and says so in REPORT."""
    result = lemu.invoke(mode, "probe", {"do": "exit", "code": code, "after_answer": 1}, "--repeat", "2").ok()
    assert result.responses() == ["answered"] * 2
    assert [report["Error Type"] for report in result.reports] == ["Runtime.ExitError"] * 2


@pytest.mark.bare
@pytest.mark.parametrize("code", [0, 3])
def test_exit_between_invocations(lemu, mode, code):
    """Whether the second event is handed to the ended process or to a new one is a race, on Lambda too; the third finds
    a sound environment in any case."""
    result = lemu.invoke(mode, "probe", {"do": "leave-with-next", "code": code, "at": 1}, "--repeat", "3")
    first, second, third = result.stdout.splitlines()
    if mode.sandbox == "on":
        assert first == b'"left"' and third.startswith(b'{"memory":')
        assert second.startswith(b'{"memory":') or words_of(code).encode() in second


def test_past_every_limit_at_once(lemu, mode):
    """Init past its limit, its repetition past the function's timeout: the timer runs during that too."""
    options = ("--handler", "init-sleep-60000", "--timeout", "5", "--timeout-scale", "0.1", "--repeat", "2")
    result = lemu.invoke(mode, "probe", {}, *options).ok(1)
    for payload in result.stdout.splitlines():
        assert json.loads(payload)["errorType"] == "Sandbox.Timedout"
    assert [line.split("\t")[1:] for line in result.starting("INIT_REPORT ")] == \
        [["Phase: init", "Status: timeout"]] + [["Phase: invoke", "Status: timeout"]] * 2
    assert [report["Status"] for report in result.reports] == ["timeout"] * 2
    assert [report["Duration"] for report in result.reports] == [500] * 2


@pytest.mark.bare
def test_deaf_to_every_signal(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "sleep", "ms": 60_000, "deaf": 1}, "--timeout", "1").ok(1)
    assert b"Task timed out after 1.00 seconds" in result.stdout and result.seconds < 30
