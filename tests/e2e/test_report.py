# SPDX-License-Identifier: Apache-2.0
"""That the figures of REPORT are measured, and mean what they mean on Lambda."""
import math

import pytest
from harness import FOREIGN_ARCH, HOST_ARCH, MODES


def billed(report):
    return math.ceil(round(report["Duration"] + report.get("Init Duration", 0), 2))


def test_the_lines_of_an_invocation(lemu, mode):
    result = lemu.invoke(mode, "probe", {}, "--memory", "256").ok()
    lines = [line for line in result.lines if line.split(" ")[0] in ("START", "END", "REPORT")]
    assert [line.split(" ")[0] for line in lines] == ["START", "END", "REPORT"]
    assert lines[0] == f"START RequestId: {result.request_id} Version: $LATEST"
    assert lines[1] == f"END RequestId: {result.request_id}"
    assert lines[2].startswith(f"REPORT RequestId: {result.request_id}\tDuration: ") and lines[2].endswith(" ms\t")
    names = [part.split(":")[0] for part in lines[2].split("\t")]
    assert names == ["REPORT RequestId", "Duration", "Billed Duration", "Memory Size", "Max Memory Used", "Init Duration", ""]
    report = result.report
    assert report["Memory Size"] == 256
    assert report["Billed Duration"] == billed(report)


@pytest.mark.bare
def test_duration_is_the_functions_time(lemu, mode):
    report = lemu.invoke(mode, "probe", {"do": "sleep", "ms": 200}).ok().report
    assert 200 <= report["Duration"] < 320


def test_work_after_the_response_counts(lemu, mode):
    report = lemu.invoke(mode, "probe", {"sleep_after": 300}).ok().report
    assert 300 <= report["Duration"] < 420


def test_init_duration_is_the_inits_time(lemu, mode):
    report = lemu.invoke(mode, "probe", {}, "--handler", "init-sleep-300").ok().report
    assert 300 <= report["Init Duration"] < 450
    assert report["Duration"] < 200
    assert report["Billed Duration"] == billed(report)


@pytest.mark.parametrize("mb", [16, 64])
def test_memory_is_the_functions_own(lemu, mode, mb):
    report = lemu.invoke(mode, "probe", {"do": "alloc", "mb": mb}, "--memory", "256").ok().report
    assert mb <= report["Max Memory Used"] <= mb + 8, "QEMU's own share is not the function's"


def test_memory_is_a_high_water_mark(lemu, mode):
    event = {"do": "alloc", "mb": 64, "free": 1, "hold": 60, "at": 1}
    first, second = lemu.invoke(mode, "probe", event, "--memory", "256", "--repeat", "2").ok().reports
    assert first["Max Memory Used"] >= 64 and second["Max Memory Used"] >= 64


def test_memory_of_children_counts(lemu, mode):
    report = lemu.invoke(mode, "probe", {"do": "fork", "n": 3, "mb": 20}, "--memory", "256").ok().report
    assert 60 <= report["Max Memory Used"] <= 60 + 20


@pytest.mark.parametrize("event", [{"do": "alloc", "mb": 200}, {"do": "alloc", "mb": 200, "free": 1}], ids=["kept", "freed"])
def test_too_much_memory_ends_the_function(lemu, mode, event):
    result = lemu.invoke(mode, "probe", {**event, "at": 1}, "--memory", "128", "--repeat", "2").ok(1)
    killed, after = result.stdout.splitlines()
    failed = result.starting("START ")[0].split()[2]
    assert killed.decode() == ('{"errorType":"Runtime.ExitError","errorMessage":"RequestId: %s Error: '
                               'Runtime exited with error: signal: killed"}' % failed)
    assert result.reports[0]["Status"] == "error" and result.reports[0]["Error Type"] == "Runtime.OutOfMemory"
    assert after == b'{"memory":1,"file":2}'


def test_emulated_times_are_marked(lemu, mode):
    result = lemu.invoke(mode, "probe", {}).ok()
    marks = [line for line in result.lines if "Graviton" in line]
    assert len(marks) == (1 if mode.emulated else 0)


def test_json_reports(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "exit", "code": 1, "at": 2}, "--report", "json", "--repeat", "3").ok(1)
    assert result.starting("REPORT ") == []
    reports = result.json_reports
    assert len(reports) == 3 and [line for line in result.lines[-3:] if line.startswith("{")] == result.lines[-3:]
    assert [report["status"] for report in reports] == ["success", "error", "success"]
    assert reports[1]["errorType"] == "Runtime.ExitError"
    names = {"native": "native", "binfmt": "private-binfmt", "direct": "direct"}
    for report in reports:
        assert report["execution"]["mode"] == names[mode.launch] and report["execution"]["emulated"] == mode.emulated
        assert report["sandbox"]["mode"] in ("full", "partial")
        assert report["metrics"]["memorySizeMB"] == 128
        for figure in report["metrics"]:
            assert report["obtained"][figure], f"how {figure} was obtained"


def test_a_report_file_on_a_full_disk(lemu):
    result = lemu.invoke(MODES[0], "probe", {"x": 1}, "--report", "json", "--report-file", "/dev/full").ok(4)
    assert result.json() == {"x": 1}, "the response does not suffer"
    (error,) = result.starting("lemu: error: ")
    assert "/dev/full" in error and "No space left on device" in error


@pytest.mark.leaves("file work/reports.jsonl")
def test_report_file(lemu, tmp_path):
    file = lemu.work / "reports.jsonl"
    result = lemu.invoke(MODES[0], "probe", {}, "--report", "json", "--report-file", file, "--repeat", "2").ok()
    assert len(file.read_text().splitlines()) == 2 and result.json_reports == []


def test_report_none(lemu):
    result = lemu.invoke(MODES[0], "probe", {}, "--report", "none").ok()
    assert result.starting("REPORT ") == []


def test_the_same_cpp_bootstrap_answers_the_same_on_both_architectures(lemu):
    import capabilities
    answers, logs = set(), set()
    for mode in MODES:
        capabilities.require_mode(mode)
        for function in ("cpp", "cpp-dynamic"):
            if function == "cpp-dynamic" and mode.emulated:
                capabilities.require("cross-sysroot")
            result = lemu.invoke(mode, function, {"name": "Ada", "n": [1, 2, 3]}, "--handler", "app.main", "--name", "same").ok()
            answers.add(result.stdout)
            logs.add(tuple(line for line in result.lines if line.startswith(("init of", "event of", "a line"))))
    assert len(answers) == 1 and b'"handler":"app.main"' in answers.pop()
    assert logs == {("init of same", "event of 28 bytes", "a line on stderr")} or len(logs) == 1
    assert {HOST_ARCH, FOREIGN_ARCH} == {mode.arch for mode in MODES}
