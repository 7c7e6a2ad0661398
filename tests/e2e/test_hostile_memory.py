# SPDX-License-Identifier: Apache-2.0
"""A runtime that takes more memory than it has: at once, slowly, in one process or in many. Lambda kills it: the payload is
that of a runtime killed by SIGKILL, and REPORT says Runtime.OutOfMemory (recorded from production, 2026)."""
import pytest
from harness import exit_error

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
