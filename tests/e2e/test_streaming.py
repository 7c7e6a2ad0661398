# SPDX-License-Identifier: Apache-2.0
"""`lemu invoke` of functions that stream: what they write is on stdout as they write it."""
import base64
import json
import os
import time

import pytest
from harness import MODES
from stream_gate import StreamGate

STREAMING = {"do": "stream", "mode": "streaming"}
FOR_HTTP = {"do": "stream", "type": "application/vnd.awslambda.http-integration-response"}
BROKEN = "lemu: the response ended in an error: "


def start(lemu, mode, event, *options):
    return lemu.start("invoke", *mode.options, "--data", json.dumps(event), *options, lemu.function(mode.arch, "probe"))


@pytest.mark.bare
@pytest.mark.parametrize("event", [STREAMING, FOR_HTTP], ids=["by-mode", "by-content-type"])
def test_each_piece_is_on_stdout_before_the_next_is_written(lemu, mode, event):
    with StreamGate() as gate:
        process = start(lemu, mode, {**event, "text": "one|two|three", "gate": gate.port}, "--timeout", "60")
        for piece in (b"one", b"two", b"three"):
            gate.written_at()
            assert os.read(process.stdout.fileno(), 100) == piece
            gate.open()
        result = lemu.finish(process).ok()
    assert result.stdout == b"", "the answer must not be written again"
    assert "Status" not in result.report


def test_a_response_that_is_not_streamed_is_written_whole(lemu, mode):
    with StreamGate() as gate:
        process = start(lemu, mode, {"do": "stream", "text": "one|two", "gate": gate.port}, "--timeout", "60")
        os.set_blocking(process.stdout.fileno(), False)
        for _ in range(2):
            gate.written_at()
            assert process.stdout.read() is None
            gate.open()
        os.set_blocking(process.stdout.fileno(), True)
        assert lemu.finish(process).ok().stdout == b"onetwo"


def test_the_first_byte_is_not_held_back(lemu):
    delays = []
    for _ in range(5):
        with StreamGate() as gate:
            process = start(lemu, MODES[0], {**STREAMING, "text": "a|b|c|d|e", "gate": gate.port}, "--timeout", "60")
            for _ in range(5):
                written_at = gate.written_at()
                assert len(os.read(process.stdout.fileno(), 100)) == 1
                delays.append(time.monotonic_ns() - written_at)
                gate.open()
            lemu.finish(process).ok()
    # A delayed acknowledgement or Nagle's algorithm would show as 40 ms in nearly all of them.
    assert sorted(delays)[len(delays) // 4] < 20_000_000, delays


def test_repeated_streams_are_a_line_each(lemu, mode):
    result = lemu.invoke(mode, "probe", {**STREAMING, "text": "one|two"}, "--repeat", "3").ok()
    assert result.stdout == b"onetwo\n" * 3
    assert len(result.reports) == 3


def test_more_than_a_buffered_response_may_hold(lemu, mode):
    result = lemu.invoke(mode, "probe", {**STREAMING, "size": 1_000_000, "count": 20}, "--timeout", "60").ok()
    assert result.stdout == b"s" * 20_000_000


def test_more_than_can_be_streamed(lemu):
    limit = 200 << 20
    event = {**STREAMING, "size": 1 << 20, "count": 201, "at": 1}
    result = lemu.invoke(MODES[0], "probe", event, "--repeat", "2", "--timeout", "60").ok(1)
    streamed, counters = result.stdout.splitlines()
    assert limit - (1 << 20) < len(streamed) <= limit
    assert len(result.starting(BROKEN + "Function.ResponseSizeTooLarge ")) == 1
    assert f"response: 413 {{\"errorMessage\":\"Exceeded maximum allowed payload size ({limit} bytes).\"" in result.stderr
    assert json.loads(counters) == {"memory": 2, "file": 2}, "the same process must answer the second"


def test_an_error_in_the_trailers(lemu, mode):
    body = base64.b64encode(b'{"errorMessage":"half way","errorType":"Asked"}').decode()
    event = {**STREAMING, "text": "one|two", "error_type": "Function.Asked", "error_body": body}
    result = lemu.invoke(mode, "probe", event, "--repeat", "2").ok(1)
    assert result.stdout == b"onetwo\n" * 2
    assert result.lines.count(BROKEN + 'Function.Asked {"errorMessage":"half way","errorType":"Asked"}') == 2
    assert len(result.reports) == 2 and not result.starting("INIT_REPORT")


@pytest.mark.bare
@pytest.mark.parametrize("end, words", [("exit", "exit status 3"), ("kill", "signal: killed")])
def test_a_runtime_that_dies_within_its_response(lemu, mode, end, words):
    result = lemu.invoke(mode, "probe", {**STREAMING, "text": "one|two", "end": end, "code": 3}, "--repeat", "2").ok(1)
    assert result.stdout == b"onetwo\n" * 2, "what it had written is passed on"
    broken = result.starting(BROKEN)
    assert len(broken) == 2
    assert all(f"Runtime exited with error: {words}" in line for line in broken)
    assert [report["Error Type"] for report in result.reports] == ["Runtime.ExitError"] * 2


def test_a_runtime_that_closes_its_connection_within_its_response(lemu, mode):
    result = lemu.invoke(mode, "probe", {**STREAMING, "text": "one", "end": "close"}, "--repeat", "2").ok(1)
    assert result.stdout == b"one\n" * 2
    assert [report["Error Type"] for report in result.reports] == ["Runtime.TruncatedResponse"] * 2
    assert not result.starting("INIT_REPORT"), "the runtime lives on"


def test_a_timeout_within_a_response(lemu, mode):
    result = lemu.invoke(mode, "probe", {**STREAMING, "text": "one", "end": "hang"}, "--timeout", "1").ok(1)
    assert result.stdout == b"one"
    assert len(result.starting(BROKEN + "Sandbox.Timedout")) == 1
    assert result.report["Status"] == "timeout"


def test_a_reader_that_goes_away(lemu):
    process = start(lemu, MODES[0], {**STREAMING, "size": 1_000_000, "count": 20}, "--timeout", "60")
    assert os.read(process.stdout.fileno(), 10) == b"s" * 10
    process.stdout.close()
    process.stdout = None
    result = lemu.finish(process)
    assert result.status == 4
    assert "writing to stdout" in result.stderr
