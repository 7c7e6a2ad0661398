# SPDX-License-Identifier: Apache-2.0
"""AWS's own clients against `lemu serve`, unchanged, and functions on the official runtimes behind it."""
import json
import shutil

import pytest
from capabilities import FOREIGN_MACHINE, foreign_userland, require
from daemon import Daemon
from harness import EXAMPLES, FOREIGN_ARCH, FUNCTIONS, HOST_ARCH, TOOLS
from sdk_clients import CLIENTS, STREAMING_CLIENTS
from stream_gate import StreamGate

ADA = {"name": "Ada"}


@pytest.fixture(params=list(CLIENTS))
def client(request):
    require(request.param)
    return CLIENTS[request.param]


def probe(lemu, *settings):
    return ",".join([str(lemu.function(HOST_ARCH, "probe")), *settings])


def test_what_invoke_answers(lemu, client):
    with Daemon(lemu, functions={"probe": probe(lemu, "timeout=60")}) as daemon:
        said = client.invoke(daemon, "probe", {"n": 1})
        assert (said.status, said.payload, said.error, said.version, said.log) == (200, b'{"n": 1}', None, "$LATEST", "")

        said = client.invoke(daemon, "probe", {"do": "exit"}, "DryRun")
        assert (said.status, said.payload, said.error) == (204, b"", None)

        said = client.invoke(daemon, "probe", {"do": "print", "text": "heard"}, "Tail")
        lines = said.log.splitlines()
        assert lines[0].startswith("START RequestId: ") and "heard" in lines and lines[-1].startswith("REPORT RequestId: ")

        said = client.invoke(daemon, "probe", {"do": "exit", "code": 3})
        assert (said.status, said.error) == (200, "Unhandled")
        assert json.loads(said.payload)["errorType"] == "Runtime.ExitError"

        with StreamGate() as gate:
            said = client.invoke(daemon, "probe", {"do": "stream", "text": "one", "gate": gate.port}, "Event")
            assert (said.status, said.payload, said.error) == (202, b"", None)
            gate.written_at()
            gate.open()

        said = client.invoke(daemon, "nobody", {})
        assert (said.failed, said.attempts) == ("ResourceNotFoundException", 1)


def test_a_throttle_is_tried_again_by_the_client_itself(lemu, client):
    with Daemon(lemu, functions={"probe": probe(lemu, "concurrency=0")}) as daemon:
        said = client.invoke(daemon, "probe", {})
        assert (said.failed, said.attempts) == ("TooManyRequestsException", 3)


@pytest.mark.needs("boto3")
def test_a_throttle_that_passes(lemu):
    with Daemon(lemu, functions={"probe": probe(lemu, "concurrency=1", "timeout=60")}) as daemon, StreamGate() as gate:
        busy = CLIENTS["boto3"].stream(daemon, "probe", {"do": "stream", "mode": "streaming", "text": "one",
                                                         "gate": gate.port})
        assert next(busy) == b"one"
        gate.written_at()
        statuses = []

        def make_room(response, **_):
            statuses.append(response[0].status_code)
            if statuses == [429]:
                gate.open()
                assert list(busy) == [{}]

        second = daemon.boto3(retries={"mode": "standard", "total_max_attempts": 5})
        second.meta.events.register_first("needs-retry.lambda.Invoke", make_room)
        answer = second.invoke(FunctionName="probe", Payload=b"{}")
        assert answer["Payload"].read() == b"{}"
        # The first function has answered, but may not have asked for its next event by the second attempt.
        assert statuses == [429] * (len(statuses) - 1) + [200] and len(statuses) > 1


@pytest.mark.parametrize("name", STREAMING_CLIENTS)
def test_a_stream_that_ends_in_an_error(lemu, name):
    require(name)
    with Daemon(lemu, functions={"probe": probe(lemu, "timeout=60")}) as daemon, StreamGate() as gate:
        event = {"do": "stream", "mode": "streaming", "text": "one|two", "gate": gate.port,
                 "error_type": "Function.Asked", "error_body": "eyJlcnJvclR5cGUiOiJBc2tlZCJ9"}
        events = CLIENTS[name].stream(daemon, "probe", event)
        for piece in (b"one", b"two"):
            assert next(events) == piece
            gate.written_at()
            gate.open()
        assert list(events) == [{"ErrorCode": "Function.Asked", "ErrorDetails": '{"errorType":"Asked"}'}]


def go(lemu, arch):
    return EXAMPLES / "go" / arch / "bootstrap", []


def rust(lemu, arch):
    return FUNCTIONS / arch / "rust-stream/bootstrap", []


def cpp(lemu, arch):
    return FUNCTIONS / arch / "cpp-official/bootstrap", []


def node(lemu, arch):
    root = foreign_userland(arch)
    return FUNCTIONS / arch / "node-stream", ["memory=512", "handler=app.plain", *([f"sysroot={root}"] if root else [])]


HANDLER = "def handle(event, context):\n    return {'message': 'Hello, ' + event['name'] + '!'}\n"


def python(lemu, arch):
    root = foreign_userland(arch)
    interpreter = sorted((root / "usr/bin").glob("python3.[0-9]*"))[0].name if root else "python3"
    package = lemu.work / "python"
    shutil.copytree(TOOLS / f"awslambdaric-{arch}", package)
    (package / "app.py").write_text(HANDLER)
    (package / "bootstrap").write_text(
        f"#!/usr/bin/{interpreter}\nimport sys, runpy\nsys.path.insert(0, '/var/task')\n"
        "sys.argv = ['awslambdaric', 'app.handle']\nrunpy.run_module('awslambdaric', run_name='__main__')\n")
    (package / "bootstrap").chmod(0o755)
    return package, ["memory=512", "handler=app.handle", *([f"sysroot={root}"] if root else [])]


RUNTIMES = {"go": (go, "go", ADA, b'"message":"Hello, Ada!"'),
            "rust": (rust, "rust", {"parts": ["Hello, ", "Ada!"]}, b"Hello, Ada!"),
            "cpp": (cpp, "cpp-official", ADA, b'"event":{"name": "Ada"}'),
            "node": (node, "nodejs-ric", ADA, b'"message":"Hello, Ada!"'),
            "python": (python, "python-ric", ADA, b'"message": "Hello, Ada!"')}


@pytest.mark.leaves("work/python")
@pytest.mark.parametrize("arch", [HOST_ARCH, FOREIGN_ARCH])
@pytest.mark.parametrize("runtime", list(RUNTIMES))
def test_every_client_invokes_a_function_on_each_official_runtime(lemu, runtime, arch):
    make, capability, event, told = RUNTIMES[runtime]
    require(capability, *CLIENTS)
    if arch == FOREIGN_ARCH:
        require(f"qemu-{FOREIGN_MACHINE}", *([f"rust-{arch}"] if runtime == "rust" else []))
    path, settings = make(lemu, arch)
    function = ",".join([str(path), f"arch={arch}", "timeout=60", *settings])
    with Daemon(lemu, functions={"real": function}) as daemon:
        for name, client in CLIENTS.items():
            said = client.invoke(daemon, "real", event)
            assert (said.status, said.error) == (200, None), (name, said)
            assert told in said.payload, name
        for name in STREAMING_CLIENTS:
            *chunks, complete = CLIENTS[name].stream(daemon, "real", event)
            assert told in b"".join(chunks) and complete == {}, name
