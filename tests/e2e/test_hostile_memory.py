# SPDX-License-Identifier: Apache-2.0
"""A runtime that takes more memory than it has: at once, slowly, in one process or in many. Lambda kills it: the payload is
that of a runtime killed by SIGKILL, and REPORT says Runtime.OutOfMemory (recorded from production, 2026)."""
import shutil

import pytest
from harness import HOST_ARCH, exit_error

MB = 128


def is_out_of_memory(result, at=0):
    failed = result.starting("START ")[at].split()[2]
    assert result.stdout.splitlines()[at] == exit_error(failed, "Runtime exited with error: signal: killed"), result
    report = result.reports[at]
    assert report["Status"] == "error" and report["Error Type"] == "Runtime.OutOfMemory", result
    return report


@pytest.mark.bare
@pytest.mark.parametrize("event", [
    {"do": "alloc", "mb": 1500}, {"do": "alloc", "mb": 1500, "pause": 1}, {"do": "alloc", "mb": 160, "free": 1},
    {"do": "hoard", "children": 1, "mb": 1500}, {"do": "hoard", "children": 8, "mb": 300},
    {"do": "hoard", "children": 8, "mb": 300, "pause": 1}, {"do": "hoard", "children": 100, "mb": 10, "pause": 5},
    {"do": "hoard", "children": 4, "mb": 300, "name": "lemu-sandbox"},
], ids=["at-once", "slowly", "freed", "child", "children", "children-slowly", "many-children",
    "by-the-helpers-name"])
def test_more_than_there_is(lemu, mode, event):
    report = is_out_of_memory(lemu.invoke(mode, "probe", event, "--memory", str(MB), "--timeout", "60").ok(1))
    assert report["Max Memory Used"] > MB


def test_the_environment_is_made_anew(lemu, mode):
    event = {"do": "hoard", "children": 4, "mb": 300, "at": 1}
    result = lemu.invoke(mode, "probe", event, "--memory", str(MB), "--timeout", "60", "--repeat", "2").ok(1)
    is_out_of_memory(result)
    assert result.stdout.splitlines()[1] == b'{"memory":1,"file":2}'
    assert result.reports[1]["Max Memory Used"] <= 16, "the high-water mark is the new environment's"


@pytest.mark.parametrize("event", [{"do": "alloc", "mb": 100}, {"do": "hoard", "children": 5, "mb": 20},
                                   {"do": "hoard", "children": 40, "mb": 2}], ids=["one", "few", "many"])
def test_up_to_the_limit(lemu, mode, event):
    report = lemu.invoke(mode, "probe", event, "--memory", str(MB), "--timeout", "30").ok().report
    assert 75 <= report["Max Memory Used"] <= MB and "Status" not in report


def test_in_init(lemu, mode):
    result = lemu.invoke(mode, "probe", {}, "--handler", "init-alloc-400", "--memory", str(MB)).ok(1)
    is_out_of_memory(result)
    assert [line.split("\t")[-1] for line in result.starting("INIT_REPORT ")] == ["Error Type: Runtime.OutOfMemory"] * 2


@pytest.mark.bare
@pytest.mark.parametrize("event", [
    {"how": "shared", "children": 1, "idle": 17, "mb": 600}, {"how": "shared", "children": 1, "mb": 600},
    {"how": "undumpable", "children": 1, "mb": 600}, {"how": "undumpable", "mb": 600},
    {"how": "leaderless", "children": 1, "mb": 600}, {"how": "leaderless", "children": 1, "idle": 17, "mb": 600},
    {"how": "plain", "children": 20, "mb": 30, "own": 60}, {"how": "executable", "mb": 600},
    {"how": "memory-file", "mb": 600}, {"how": "memory-file", "children": 1, "mb": 600},
    {"how": "memory-file", "children": 1, "idle": 17, "mb": 600},
], ids=["shared-in-a-crowd", "shared", "undumpable-child", "undumpable", "leaderless", "leaderless-in-a-crowd",
        "no-copies-of-the-first", "executable", "memory-file", "memory-file-of-a-child", "memory-file-in-a-crowd"])
def test_hidden(any_user, mode, event):
    event = {"do": "hide", "hold": 20_000, **event}
    report = is_out_of_memory(any_user.invoke(mode, "probe", event, "--memory", str(MB), "--timeout", "60").ok(1))
    assert report["Max Memory Used"] > MB


@pytest.mark.bare
def test_hidden_in_copies_of_qemus_pages(any_user, mode):
    if mode.arch == HOST_ARCH:
        pytest.skip("there is no QEMU natively")
    file = "/dev/.lemu/qemu" if mode.sandbox == "on" else shutil.which("qemu-aarch64")
    event = {"do": "hide", "how": "file", "file": file, "mb": 600, "hold": 20_000}
    report = is_out_of_memory(any_user.invoke(mode, "probe", event, "--memory", str(MB), "--timeout", "60").ok(1))
    assert report["Max Memory Used"] > MB


@pytest.mark.bare
@pytest.mark.parametrize("event", [
    {"how": "vfork", "mb": 100, "hold": 200}, {"how": "plain", "children": 20, "mb": 1, "own": 60, "hold": 300},
    {"how": "executable", "mb": 60, "own": 2, "hold": 300}, {"how": "undumpable", "mb": 60, "hold": 300},
    {"how": "memory-file", "mb": 60, "own": 10, "hold": 300},
], ids=["one-memory-for-two", "a-crowd", "executable", "undumpable", "memory-file"])
def test_not_more_than_there_is(any_user, mode, event):
    """What is counted as the function's for want of certainty is not much more than it has."""
    event = {"do": "hide", **event}
    report = any_user.invoke(mode, "probe", event, "--memory", str(MB), "--timeout", "60").ok().report
    assert 60 <= report["Max Memory Used"] <= MB and "Status" not in report


def test_shared_memory_that_nobody_has_mapped(any_user, mode):
    """Its segments stay when nobody has them; there are no more of them than the function has memory."""
    event = {"do": "hide", "how": "system-v", "mb": 600, "at": 1}
    result = any_user.invoke(mode, "probe", event, "--memory", str(MB), "--timeout", "60").ok()
    assert result.json() == {"hidden": True, "error": "ENOSPC"}, result
    event = {"do": "hide", "how": "system-v", "mb": 40}
    assert any_user.invoke(mode, "probe", event, "--memory", str(MB), "--timeout", "60").ok().json()["error"] == ""
