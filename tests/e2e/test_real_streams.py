# SPDX-License-Identifier: Apache-2.0
"""Official runtimes that stream with a prelude, through InvokeWithResponseStream and boto3's own decoder."""
import json
import time

import pytest
from capabilities import foreign_userland, require
from daemon import Daemon
from harness import FUNCTIONS
from stream_gate import StreamGate

# What stands between the prelude and the body.
SEPARATOR = b"\0" * 8


def go_event(parts, **more):
    query = "&".join([f"parts={','.join(parts)}", *(f"{name}={value}" for name, value in more.items())])
    return {"version": "2.0", "rawPath": "/", "rawQueryString": query, "headers": {},
            "requestContext": {"http": {"method": "GET", "path": "/"}, "domainName": "localhost"}}


def parts_event(parts, **more):
    return {"parts": parts, **more}


# Package, how its events are made, its prelude.
RUNTIMES = {
    "go": ("go-stream/bootstrap", go_event, {"statusCode": 201, "headers": {"X-Made-By": "go"}}),
    "nodejs-ric": ("node-stream", parts_event, {"statusCode": 201, "headers": {"x-made-by": "node"}}),
    "rust": ("rust-stream/bootstrap", parts_event,
             {"statusCode": 200, "headers": {"x-made-by": "rust", "content-type": "application/octet-stream"},
              "cookies": []}),
}


def go_left(rest, complete):
    """The function has ended its process."""
    return rest == b"" and complete["ErrorCode"] == "Sandbox.Failure" and "exit status 2" in complete["ErrorDetails"]


def rust_told(rest, complete):
    """Rust's client writes its error as a piece of the body."""
    return b"Lambda-Runtime-Function-Error-Type: Runtime.StreamError" in rest and complete == {}


def node_told(rest, complete):
    """Node's client sends its error in the trailers."""
    told = json.loads(complete["ErrorDetails"])
    return rest == b"" and complete["ErrorCode"] == "Error" and told["errorMessage"] == "told to" and "trace" in told


FAILURES = {"go": go_left, "nodejs-ric": node_told, "rust": rust_told}


@pytest.fixture(params=list(RUNTIMES))
def streaming(request, lemu, mode):
    """A daemon with one of the functions, how its events are made, and its prelude."""
    require("boto3", request.param)
    if request.param == "rust" and mode.emulated:
        require(f"rust-{mode.arch}")
    package, make_event, prelude = RUNTIMES[request.param]
    function = f"{FUNCTIONS / mode.arch / package},arch={mode.arch},launch={mode.launch},timeout=60"
    if request.param == "nodejs-ric":
        root = foreign_userland(mode.arch)
        function += ",memory=512,handler=app.stream" + (f",sysroot={root}" if root else "")
    with Daemon(lemu, functions={"streams": function}) as daemon:
        yield daemon, make_event, prelude


def stream(daemon, event):
    answer = daemon.boto3().invoke_with_response_stream(FunctionName="streams", Payload=json.dumps(event))
    for part in answer["EventStream"]:
        yield part["PayloadChunk"]["Payload"] if "PayloadChunk" in part else part["InvokeComplete"]


def read_exactly(events, wanted):
    got = b""
    while len(got) < len(wanted):
        got += next(events)
    assert got == wanted


def test_each_part_arrives_before_the_next_is_written(streaming):
    daemon, make_event, prelude = streaming
    delays = []
    for _ in range(3):
        with StreamGate() as gate:
            events = stream(daemon, make_event(["one", "two", "three"], gate=gate.port))
            head = b""
            while not head.endswith(SEPARATOR + b"one"):
                head += next(events)
            assert json.loads(head.partition(SEPARATOR)[0]) == prelude
            for part in (b"two", b"three"):
                gate.written_at()
                begin = time.monotonic()
                gate.open()
                read_exactly(events, part)
                delays.append(time.monotonic() - begin)
            gate.written_at()
            gate.open()
            assert list(events) == [{}]
    # Rust's client leaves Nagle's algorithm on: each part would wait 40 ms for a delayed acknowledgement.
    assert min(delays) < 0.03, delays


def test_a_buffered_caller_gets_prelude_and_body_whole(streaming):
    daemon, make_event, prelude = streaming
    body = daemon.invoke("streams", make_event(["one", "two"])).body
    head, _, rest = body.partition(SEPARATOR)
    assert json.loads(head) == prelude and rest == b"onetwo"


def test_the_environment_goes_on_after_a_failure_within_the_stream(streaming, request):
    daemon, make_event, _ = streaming
    failed_as = FAILURES[request.node.callspec.params["streaming"]]
    for _ in range(2):
        with StreamGate() as gate:
            events = stream(daemon, make_event(["one"], gate=gate.port, fail="1"))
            got = b""
            while not got.endswith(SEPARATOR + b"one"):
                got += next(events)
            gate.written_at()
            gate.open()
            *rest, complete = events
        assert failed_as(b"".join(rest), complete)
        *parts, complete = stream(daemon, make_event(["two"]))
        assert b"".join(parts).endswith(SEPARATOR + b"two") and complete == {}
