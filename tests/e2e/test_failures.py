# SPDX-License-Identifier: Apache-2.0
"""What a caller gets when a function fails: payloads, REPORT and exit codes as Lambda makes them."""
import shutil

import pytest
from harness import FOREIGN_ARCH, FUNCTIONS, HOST_ARCH, MODES, exit_error

WITHOUT_REASON = "Runtime exited without providing a reason"


def status_words(n):
    return f"Runtime exited with error: exit status {n}"


def signal_words(name):
    return f"Runtime exited with error: signal: {name}"


ENDINGS = [
    ({"do": "exit", "code": 0}, WITHOUT_REASON),
    ({"do": "exit", "code": 3}, status_words(3)),
    ({"do": "signal", "number": 6}, signal_words("aborted")),
    ({"do": "signal", "number": 11}, signal_words("segmentation fault")),
    ({"do": "signal", "number": 15}, signal_words("terminated")),
    ({"do": "signal", "number": 9}, signal_words("killed")),
]


@pytest.mark.bare
@pytest.mark.parametrize("event, words", ENDINGS, ids=lambda v: str(v.get("number", v.get("code"))) if isinstance(v, dict) else "")
def test_a_runtime_that_ends_in_the_invocation(lemu, mode, event, words):
    result = lemu.invoke(mode, "probe", event).ok(1)
    assert result.stdout == exit_error(result.request_id, words)
    assert result.report["Status"] == "error" and result.report["Error Type"] == "Runtime.ExitError"
    assert "Init Duration" in result.report
    assert "uncaught target signal" not in result.stderr, "QEMU's own words are no log of the function"


@pytest.mark.parametrize("handler, words", [
    ("init-exit-0", WITHOUT_REASON), ("init-exit-3", status_words(3)), ("init-signal-11", signal_words("segmentation fault"))])
def test_a_runtime_that_ends_in_init_is_tried_again(lemu, mode, handler, words):
    result = lemu.invoke(mode, "probe", {}, "--handler", handler).ok(1)
    assert result.stdout == exit_error(result.request_id, words)
    first, second = result.starting("INIT_REPORT ")
    assert first.endswith("\tPhase: init\tStatus: error\tError Type: Runtime.ExitError")
    assert second.endswith("\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError")
    assert result.stderr.count("probe: init: ") == 2
    assert "Init Duration" not in result.report


def test_a_runtime_that_starts_the_second_time(lemu, mode):
    result = lemu.invoke(mode, "probe", {"x": 1}, "--handler", "init-once-exit-3").ok()
    assert result.json() == {"x": 1}
    assert len(result.starting("INIT_REPORT ")) == 1
    assert "Init Duration" not in result.report, "a repeated init is part of Duration"


def test_init_error_is_the_payload(lemu, mode):
    result = lemu.invoke(mode, "probe", {}, "--handler", "init-error").ok(1)
    assert result.stdout == b'{"errorMessage":"cannot start","errorType":"Config.Missing"}'
    assert result.report["Error Type"] == "Runtime.Unknown" or result.report["Error Type"] == "Runtime.NoConfig"


def test_a_timeout(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "sleep", "ms": 60_000, "at": 2}, "--timeout", "1", "--repeat", "3").ok(1)
    first, timeout, third = result.stdout.splitlines()
    failed = result.starting("START ")[1].split()[2]
    assert timeout.decode() == ('{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: %s Error: '
                                'Task timed out after 1.00 seconds"}' % failed)
    assert first == b'{"memory":1,"file":1}'
    assert third == b'{"memory":1,"file":3}', "/tmp survives a reset, memory does not"
    line = result.starting("REPORT ")[1]
    assert "\tDuration: 1000.00 ms\tBilled Duration: 1000 ms\t" in line and line.endswith("\tStatus: timeout")


def test_a_runtime_that_never_calls_next_again_times_out_after_its_answer(lemu, mode):
    result = lemu.invoke(mode, "probe", {"sleep_after": 60_000}, "--timeout", "1")
    assert result.json() == {"sleep_after": 60_000}, "the caller has its answer already"
    assert result.report["Status"] == "timeout" and result.report["Duration"] == 1000


@pytest.mark.parametrize("event, error_type", [({"do": "exit", "code": 5, "after_answer": 1}, "Runtime.ExitError"),
                                               ({"do": "signal", "number": 11, "after_answer": 1}, "Runtime.ExitError")])
def test_a_runtime_that_ends_after_its_answer(lemu, mode, event, error_type):
    result = lemu.invoke(mode, "probe", event).ok()
    assert result.stdout == b'"answered"'
    assert result.report["Status"] == "error" and result.report["Error Type"] == error_type


def test_a_slow_init_runs_again_inside_the_invocation(lemu, mode):
    # A tenth of everything: the init limit is 1 s, the function's timeout 3 s of this clock.
    result = lemu.invoke(mode, "probe", {"x": 1}, "--handler", "init-sleep-1200", "--timeout", "30", "--timeout-scale", "0.1")
    assert result.ok().json() == {"x": 1}
    (line,) = result.starting("INIT_REPORT ")
    assert line.endswith("\tPhase: init\tStatus: timeout")
    assert result.report["Duration"] >= 1200 and "Init Duration" not in result.report


def test_a_slow_init_by_the_real_clock(lemu):
    result = lemu.invoke(MODES[0], "probe", {"x": 1}, "--handler", "init-sleep-12000", "--timeout", "30").ok()
    (line,) = result.starting("INIT_REPORT ")
    assert 9_900 < float(line.split()[3]) < 10_200 and line.endswith("\tPhase: init\tStatus: timeout")
    assert result.report["Duration"] >= 12_000 and "Init Duration" not in result.report


def invalid_entrypoint(result, words):
    result.ok(2)
    assert b'"errorType":"Runtime.InvalidEntrypoint"' in result.stdout and words.encode() in result.stdout
    assert words in result.stderr, "Lambda's own words stand beside ours"


def test_the_wrong_architecture(lemu, mode):
    other = {"arm64": "x86_64", "x86_64": "arm64"}[mode.arch]
    result = lemu.run("invoke", "--arch", mode.arch, FUNCTIONS / other / "probe/bootstrap")
    invalid_entrypoint(result, "fork/exec /var/task/bootstrap: exec format error")
    assert "--arch " + other in result.stderr, "the remedy is named"


@pytest.mark.parametrize("arch", [HOST_ARCH, FOREIGN_ARCH])
def test_a_bootstrap_that_is_not_executable(lemu, arch):
    package = lemu.package(arch)
    (package / "bootstrap").chmod(0o644)
    invalid_entrypoint(lemu.run("invoke", "--arch", arch, package), "fork/exec /var/task/bootstrap: permission denied")


@pytest.mark.parametrize("arch", [HOST_ARCH, FOREIGN_ARCH])
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_no_bootstrap(lemu, arch, kind):
    target = lemu.folder / "empty"
    target.mkdir()
    (target / "main").write_text("x")
    if kind == "zip":
        target = shutil.make_archive(str(lemu.folder / "code"), "zip", target)
    result = lemu.run("invoke", "--arch", arch, target)
    invalid_entrypoint(result, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")
