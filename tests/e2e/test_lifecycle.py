# SPDX-License-Identifier: Apache-2.0
"""Environments: reuse and reset, and that nothing outlives lemu however it ends."""
import json
import os
import signal
import subprocess

import harness
import pytest
from harness import wait_until


def test_one_environment_for_all_invocations(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "count"}, "--repeat", "5").ok()
    assert result.responses() == [{"memory": n, "file": n} for n in range(1, 6)]
    assert len({report["REPORT RequestId"] if "REPORT RequestId" in report else report["RequestId"]
                for report in result.reports}) == 5
    assert ["Init Duration" in report for report in result.reports] == [True, False, False, False, False]


@pytest.mark.bare
def test_repeat_goes_on_after_failures(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "exit", "code": 3, "at": 2}, "--repeat", "3").ok(1)
    first, second, third = result.stdout.splitlines()
    if mode.sandbox == "on":
        assert json.loads(first) == {"memory": 1, "file": 1}
        assert b"exit status 3" in second
        assert json.loads(third) == {"memory": 1, "file": 3}


def test_no_sigterm_without_extensions(lemu, mode):
    # The default action of SIGTERM would also end it; a reset by SIGKILL leaves the daemon, which ignores
    # SIGTERM, no chance either. That both are gone is checked for every test.
    result = lemu.invoke(mode, "probe", {"do": "daemon"}).ok()
    assert result.json()["daemon"] > 1
    assert "terminated" not in result.stderr


@pytest.mark.bare
@pytest.mark.parametrize("event", [{"do": "daemon"}, {"do": "fork", "n": 5}, {"do": "listen"}], ids=lambda e: e["do"])
def test_what_a_function_started_is_gone(lemu, mode, event):
    result = lemu.invoke(mode, "probe", event).ok()
    assert result.seconds < 30, "what it started would sleep for ever"
    assert harness.wait_for_no_descendants(0) == {}, "gone already when lemu ends, not some time later"


def start_and_hang(lemu, mode, event, *options):
    """A lemu whose function is at work: it has said so on stderr."""
    process = lemu.start("invoke", *mode.options, "--timeout", "60", "--data", json.dumps(event), *options,
                         lemu.function(mode.arch, "probe"))
    said = b""
    while b"START RequestId" not in said:
        piece = os.read(process.stderr.fileno(), 4096)
        assert piece, said
        said += piece
    return process


@pytest.mark.bare
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_a_signal_ends_everything_at_once(lemu, mode, number):
    process = start_and_hang(lemu, mode, {"do": "sleep", "ms": 60_000})
    process.send_signal(number)
    result = lemu.finish(process, timeout=10)
    assert result.status == 128 + number
    assert result.seconds < 30, "the function sleeps for 60"
    assert harness.wait_for_no_descendants(0) == {}


@pytest.mark.bare
def test_a_killed_lemu_leaves_no_process_and_its_folder_is_swept(lemu, mode):
    process = start_and_hang(lemu, mode, {"do": "daemon", "sleep_after": 60_000})
    process.kill()
    lemu.finish(process, timeout=10)
    assert harness.wait_for_no_descendants(5) == {}
    lemu.invoke(mode, "probe", {"x": 1}).ok()
    # The fixture's check sees that the killed one's folder is gone too.


def test_a_running_environment_is_not_swept(lemu):
    mode = harness.MODES[0]
    process = start_and_hang(lemu, mode, {"do": "sleep", "ms": 60_000})
    mine = harness.files_below(lemu.tmp)
    lemu.invoke(mode, "probe", {"x": 1}).ok()
    assert harness.files_below(lemu.tmp) == mine
    process.send_signal(signal.SIGINT)
    assert lemu.finish(process, timeout=10).status == 130


@pytest.mark.leaves("file tmp/")
def test_keep_leaves_the_folder_and_prints_its_path(lemu):
    result = lemu.invoke(harness.MODES[0], "probe", {"do": "count"}, "--keep").ok()
    (line,) = [line for line in result.lines if "kept: " in line]
    folder = line.split("kept: ")[1]
    assert os.path.isdir(folder)
    assert os.path.exists(os.path.join(folder, "tmp/count")), "what the function wrote to /tmp is there"


def test_two_at_once_do_not_meet(lemu, mode):
    processes = [lemu.start("invoke", *mode.options, "--data", '{"do":"count"}', "--repeat", "3",
                            lemu.function(mode.arch, "probe")) for _ in range(4)]
    for process in processes:
        result = lemu.finish(process).ok()
        assert result.responses() == [{"memory": n, "file": n} for n in (1, 2, 3)]


def test_the_caller_has_the_answer_before_the_function_is_done(lemu, mode):
    process = lemu.start("invoke", *mode.options, "--timeout", "60", "--data", '{"do":"echo","sleep_after":30000}',
                         lemu.function(mode.arch, "probe"))
    answer = os.read(process.stdout.fileno(), 4096)
    assert answer == b'{"do":"echo","sleep_after":30000}'
    assert process.poll() is None, "the environment is still at work"
    process.send_signal(signal.SIGINT)
    assert lemu.finish(process, timeout=10).status == 130
