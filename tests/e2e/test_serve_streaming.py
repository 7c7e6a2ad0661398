# SPDX-License-Identifier: Apache-2.0
"""InvokeWithResponseStream: its events through real SDKs, and the bytes as the function writes them."""
import base64
import http.client
import json
import socket
import time

import pytest
from daemon import Daemon, eventually
from harness import HOST_ARCH
from stream_gate import StreamGate

PATH = "/2021-11-15/functions/%s/response-streaming-invocations"
STREAMING = {"do": "stream", "mode": "streaming"}


def probe(lemu, *settings, arch=HOST_ARCH):
    return ",".join([str(lemu.function(arch, "probe")), f"arch={arch}", "timeout=60", *settings])


@pytest.fixture
def daemon(lemu):
    with Daemon(lemu, functions={"probe": probe(lemu)}) as running:
        yield running


def stream(running, event, **more):
    """boto3's events of one invocation: an iterator of (name, content)."""
    answer = running.boto3().invoke_with_response_stream(FunctionName="probe", Payload=json.dumps(event), **more)
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST"
    assert answer["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    for part in answer["EventStream"]:
        (name, content), = part.items()
        yield name, content


def whole(events):
    """The bytes of a stream, and how it was completed."""
    events = list(events)
    assert [name for name, _ in events] == ["PayloadChunk"] * (len(events) - 1) + ["InvokeComplete"]
    return b"".join(content["Payload"] for _, content in events[:-1]), events[-1][1]


@pytest.mark.needs("boto3")
@pytest.mark.parametrize("event", [STREAMING, {"do": "stream"}], ids=["says-so", "does-not-say-so"])
def test_each_piece_reaches_the_caller_before_the_next_is_written(lemu, mode, event):
    function = probe(lemu, f"launch={mode.launch}", f"sandbox={mode.sandbox}", arch=mode.arch)
    with Daemon(lemu, functions={"probe": function}) as running, StreamGate() as gate:
        events = stream(running, {**event, "text": "one|two|three", "gate": gate.port})
        for piece in (b"one", b"two", b"three"):
            assert next(events) == ("PayloadChunk", {"Payload": piece})
            gate.written_at()
            gate.open()
        assert list(events) == [("InvokeComplete", {})]


@pytest.mark.needs("boto3")
def test_a_buffered_response_is_streamed_too(daemon):
    assert whole(stream(daemon, {"a": 1})) == (b'{"a": 1}', {})
    payload, complete = whole(stream(daemon, {"do": "respond", "size": 6_291_556}))
    assert len(payload) == 6_291_556 and complete == {}


@pytest.mark.needs("boto3")
def test_a_streaming_runtime_is_whole_for_a_buffered_caller(daemon):
    for event in (STREAMING, {"do": "stream"}):
        answer = daemon.boto3().invoke(FunctionName="probe", Payload=json.dumps({**event, "text": "one|two"}))
        assert answer["Payload"].read() == b"onetwo" and "FunctionError" not in answer
    answer = daemon.boto3().invoke(FunctionName="probe",
                                   Payload=json.dumps({**STREAMING, "size": 1_000_000, "count": 7}))
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read())["errorType"] == "Function.ResponseSizeTooLarge"


@pytest.mark.needs("boto3")
def test_more_than_a_buffered_response_may_hold(daemon):
    payload, complete = whole(stream(daemon, {**STREAMING, "size": 1_000_000, "count": 20}))
    assert payload == b"s" * 20_000_000 and complete == {}


@pytest.mark.needs("boto3")
def test_the_log_comes_with_the_end(daemon):
    payload, complete = whole(stream(daemon, {**STREAMING, "text": "one"}, LogType="Tail"))
    assert payload == b"one" and set(complete) == {"LogResult"}
    log = base64.b64decode(complete["LogResult"]).decode()
    assert log.startswith("START RequestId: ") and "\nREPORT RequestId: " in log


@pytest.mark.needs("boto3")
def test_errors_before_the_first_byte(daemon):
    body = '{"errorMessage":"no such user","errorType":"NotFound"}'
    payload, complete = whole(stream(daemon, {"do": "error", "body": body}))
    assert payload == body.encode() and complete == {"ErrorCode": "Unhandled"}
    payload, complete = whole(stream(daemon, {"do": "exit", "code": 3}))
    assert json.loads(payload)["errorType"] == "Runtime.ExitError" and complete == {"ErrorCode": "Unhandled"}


@pytest.mark.needs("boto3")
def test_an_error_in_the_trailers(daemon):
    details = '{"errorMessage":"half way","errorType":"Asked"}'
    event = {**STREAMING, "text": "one|two", "error_type": "Function.Asked",
             "error_body": base64.b64encode(details.encode()).decode()}
    assert whole(stream(daemon, event)) == (b"onetwo", {"ErrorCode": "Function.Asked", "ErrorDetails": details})


@pytest.mark.needs("boto3")
@pytest.mark.parametrize("end, code, words", [
    ("exit", "Sandbox.Failure", "Runtime exited with error: exit status 3"),
    ("kill", "Sandbox.Failure", "Runtime exited with error: signal: killed"),
    ("close", "Runtime.TruncatedResponse", "Unknown application error occurred"),
])
def test_a_stream_that_breaks_off(lemu, mode, end, code, words):
    function = probe(lemu, f"launch={mode.launch}", f"sandbox={mode.sandbox}", arch=mode.arch)
    with Daemon(lemu, functions={"probe": function}) as running:
        for _ in range(2):
            payload, complete = whole(stream(running, {**STREAMING, "text": "one|two", "end": end}))
            assert payload == b"onetwo"
            assert complete["ErrorCode"] == code and words in complete["ErrorDetails"]


@pytest.mark.needs("boto3")
def test_a_timeout_within_a_stream(lemu):
    with Daemon(lemu, functions={"probe": probe(lemu, "timeout=1")}) as running:
        payload, complete = whole(stream(running, {**STREAMING, "text": "one", "end": "hang"}))
        assert payload == b"one"
        assert complete["ErrorCode"] == "Sandbox.Timeout"
        assert "Task timed out after 1.00 seconds" in complete["ErrorDetails"]


# ---- without an SDK

def post(running, event, path=PATH % "probe", headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    connection.request("POST", path, json.dumps(event), headers or {})
    return connection.getresponse()


def test_the_answers_header(daemon):
    answer = post(daemon, {**STREAMING, "text": "one"})
    assert answer.status == 200
    assert answer.getheader("Content-Type") == "application/vnd.amazon.eventstream"
    assert answer.getheader("X-Amz-Executed-Version") == "$LATEST"
    assert answer.getheader("Transfer-Encoding") == "chunked"
    assert answer.getheader("x-amzn-RequestId")
    assert answer.getheader("x-amzn-Remapped-Content-Length") == "0"
    assert answer.getheader("X-Amzn-Trace-Id").startswith("root=1-")
    answer.read()


def test_what_is_refused(daemon):
    assert post(daemon, {}, headers={"X-Amz-Invocation-Type": "DryRun"}).status == 204
    asynchronous = post(daemon, {}, headers={"X-Amz-Invocation-Type": "Event"})
    assert asynchronous.status == 400
    assert "[RequestResponse, DryRun]" in json.loads(asynchronous.read())["message"]
    unknown = post(daemon, {}, PATH % "nobody")
    assert unknown.status == 404 and unknown.getheader("x-amzn-ErrorType") == "ResourceNotFoundException"


def test_a_caller_that_goes_away_does_not_stop_the_function(lemu):
    with Daemon(lemu, functions={"probe": probe(lemu, "concurrency=1")}) as daemon, StreamGate() as gate:
        connection = socket.create_connection(("127.0.0.1", daemon.port))
        body = json.dumps({**STREAMING, "text": "one|two|three", "gate": gate.port}).encode()
        connection.sendall(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s"
                           % ((PATH % "probe").encode(), len(body), body))
        assert connection.recv(1)
        connection.close()
        for _ in range(3):
            gate.written_at()
            gate.open()
        # Its environment is free when it has run to its end, and is used again.
        answers = []
        eventually(lambda: answers.append(daemon.invoke("probe", {"do": "count"})) or answers[-1].status == 200)
        assert answers[-1].json() == {"memory": 2, "file": 1}


def test_a_slow_caller_holds_the_function_back_and_not_the_daemon(daemon):
    count = 64
    connection = socket.create_connection(("127.0.0.1", daemon.port))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    body = json.dumps({**STREAMING, "size": 1_000_000, "count": count}).encode()
    connection.sendall(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s"
                       % ((PATH % "probe").encode(), len(body), body))
    received = len(connection.recv(1))
    for n in range(20):  # while nobody reads: the function could have written everything by then
        assert daemon.invoke("probe", {"n": n}).json() == {"n": n}
    while received < count * 1_000_000:
        piece = connection.recv(1 << 20)
        assert piece
        received += len(piece)
    connection.close()
    assert daemon.peak_memory_mb() < 40, "what the caller has not read is not kept"


def test_the_first_byte_is_not_held_back(daemon):
    delays = []
    for _ in range(20):
        with StreamGate() as gate:
            answer = post(daemon, {**STREAMING, "text": "a|b|c", "gate": gate.port})
            for _ in range(3):
                answer.read1(1 << 16)
                delays.append(time.monotonic_ns() - gate.written_at())
                gate.open()
            answer.read()
    # A delayed acknowledgement or Nagle's algorithm would show as 40 ms in nearly all of them.
    assert sorted(delays)[len(delays) // 4] < 20_000_000, delays
