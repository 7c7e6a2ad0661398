# SPDX-License-Identifier: Apache-2.0
"""A function that wants lemu's own memory, connections or descriptors through the Runtime API: lemu stays small, and the
invocation goes on. And what is taken as Go's server takes it is so on the Runtime API only."""
import json
import socket

import pytest
from daemon import Daemon
from harness import HOST_ARCH, MODES
from test_rie import Rie

PATH = "/2018-06-01/runtime/"
LENGTH = "Host: x\r\nContent-Length: 6000000\r\n\r\n"
CHUNKED = "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = "3e8\r\n" + "x" * 1000 + "\r\n"
FIELD = "x: " + "y" * 995 + "\r\n"

# What each of 150 connections sends, without an end.
FLOODS = {
    "init-errors": {"head": f"POST {PATH}init/error HTTP/1.1\r\n{LENGTH}", "then": "x" * 1000, "times": 4000},
    "chunked-init-errors": {"head": f"POST {PATH}init/error HTTP/1.1\r\n{CHUNKED}", "then": CHUNK, "times": 4000},
    "responses": {"head": f"POST {PATH}invocation/nobody/response HTTP/1.1\r\n{LENGTH}", "then": "x" * 1000, "times": 4000},
    "errors": {"head": f"POST {PATH}invocation/nobody/error HTTP/1.1\r\n{CHUNKED}", "then": CHUNK, "times": 4000},
    "next-with-body": {"head": f"GET {PATH}invocation/next HTTP/1.1\r\n{LENGTH}", "then": "x" * 1000, "times": 4000},
    "heads": {"head": "GET /2018-06-01/ping HTTP/1.1\r\n", "then": FIELD, "times": 900},
    "heads-of-bare-lines": {"head": "GET /2018-06-01/ping HTTP/1.1\n", "then": "x:\n" * 300, "times": 900},
    "a-target": {"head": "GET /", "then": "x" * 1000, "times": 900},
    "chunk-extensions": {"head": f"POST /x HTTP/1.1\r\n{CHUNKED}1;", "then": "x" * 1000, "times": 900},
    "trailers": {"head": f"POST /x HTTP/1.1\r\n{CHUNKED}0\r\n", "then": FIELD, "times": 900},
    "pipelined": {"head": "", "then": "GET /2018-06-01/ping HTTP/1.1\r\nHost: x\r\n\r\n" * 20, "times": 4000},
}


def peak_mb(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return int(status.read().split("VmHWM:")[1].split()[0]) / 1024


@pytest.mark.bare
@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_lemu_stays_small(lemu, mode, flood):
    event = json.dumps({"do": "swamp", "n": 150, "sleep_after": 60_000, **flood})
    process = lemu.start("invoke", *mode.options, "--timeout", "90", "--data", event, lemu.function(mode.arch, "probe"))
    assert process.stdout.read(14) == b'{"opened":150}', lemu.finish(process)
    peak = peak_mb(process)
    process.terminate()
    assert lemu.finish(process).status == 143
    assert peak < 64


@pytest.mark.parametrize("flood", ["init-errors", "heads"])
def test_the_daemon_stays_small(lemu, flood):
    event = {"do": "swamp", "n": 150, **FLOODS[flood]}
    with Daemon(lemu, functions={"probe": f"{lemu.function(HOST_ARCH, 'probe')},timeout=90"}) as daemon:
        assert daemon.invoke("probe", event).json() == {"opened": 150}
        assert daemon.peak_memory_mb() < 64
        assert daemon.invoke("probe", {"do": "echo"}).json() == {"do": "echo"}


@pytest.mark.parametrize("flood", ["init-errors", "heads"])
def test_in_place_of_rie_it_stays_small(lemu, flood):
    event = {"do": "swamp", "n": 150, **FLOODS[flood]}
    with Rie(lemu, lemu.function(HOST_ARCH, "probe"), env={"AWS_LAMBDA_FUNCTION_TIMEOUT": "90"}) as rie:
        assert rie.invoke(event) == (200, '{"opened":150}')
        assert peak_mb(rie.process) < 64
        assert rie.invoke('"again"') == (200, '"again"')


def test_functions_leave_the_daemon_its_descriptors(lemu):
    """Each environment takes all the connections that it gets; lemu may open 256 files here, and needs some itself."""
    functions = {f"f{i}": f"{lemu.function(HOST_ARCH, 'probe')},timeout=90" for i in range(6)}
    with Daemon(lemu, functions=functions, around=("prlimit", "--nofile=256:256")) as daemon:
        for name in functions:
            answer = daemon.invoke(name, {"do": "swamp", "n": 100, "head": "GET"})
            assert answer.json() == {"opened": 100}, name
        for name in functions:
            assert daemon.invoke(name, {"do": "echo"}).json() == {"do": "echo"}, name


# ---- what Go's server takes

BOTH = "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n11\r\n0\r\n\r\n"
POST = f"POST {PATH}invocation/$ID/response HTTP/1.1\r\nHost: x\r\n"
TAKEN = {
    "bare-lines": f"POST {PATH}invocation/$ID/response HTTP/1.1\nHost: x\nContent-Length: 2\n\n11",
    "mixed-lines": f"POST {PATH}invocation/$ID/response HTTP/1.1\r\nHost: x\nContent-Length: 2\r\n\n11",
    "folded-line": POST + "Content-Type: a/b;\r\n c=d\r\nContent-Length: 2\r\n\r\n11",
    "both-framings": POST + BOTH,
    "both-and-bare-lines": POST.replace("\r\n", "\n") + "Transfer-Encoding: chunked\nContent-Length: 9\n\n2\r\n11\r\n0\r\n\r\n",
    "chunked-1.0": POST.replace("1.1", "1.0") + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n11",
}


@pytest.mark.bare
@pytest.mark.parametrize("request_bytes", TAKEN.values(), ids=TAKEN)
def test_a_runtimes_request_is_taken_as_by_go(lemu, mode, request_bytes):
    result = lemu.invoke(mode, "probe", {"do": "raw", "send": request_bytes, "answered": 1}).ok()
    assert result.stdout == b"11" and "the Runtime API answered" not in result.stderr


def ask_raw(port, request):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request.encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


@pytest.mark.parametrize("fields, line_end", [("Content-Length: 2\n\n11", "\n"), (BOTH, "\r\n")], ids=["bare-lines", "both"])
def test_no_other_port_takes_that(lemu, fields, line_end):
    """Where requests of several callers could follow each other, it would be a way to smuggle one (RFC 9112, 11.2)."""
    with Daemon(lemu, functions={"probe": lemu.function(HOST_ARCH, "probe")}) as daemon:
        head = f"POST /2015-03-31/functions/probe/invocations HTTP/1.1{line_end}Host: localhost{line_end}"
        answer = ask_raw(daemon.port, head + fields)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400 "), answer
    with Rie(lemu, lemu.function(HOST_ARCH, "probe")) as rie:
        head = f"POST /2015-03-31/functions/function/invocations HTTP/1.1{line_end}Host: localhost{line_end}"
        answer = ask_raw(rie.port, head + fields)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400 "), answer


# ---- what the user is told

NOWHERE = {"do": "request", "method": "GET", "path": "/2018-06-01/nowhere"}
TOLD = "the Runtime API answered 404 to 'GET /2018-06-01/nowhere': there is no such path"


@pytest.mark.bare
@pytest.mark.parametrize("event, told", [
    (NOWHERE, TOLD),
    ({"do": "request", "method": "PUT", "path": "/2020-01-01/extension/register"},
     "the Runtime API answered 404 to 'PUT /2020-01-01/extension/register': lemu has no Extensions API"),
    ({"do": "init-error"}, "the Runtime API answered 403 to 'POST /2018-06-01/runtime/init/error': State transition from "
                           "Running to InitError failed for runtime. Error: State transition is not allowed"),
    ({"do": "raw", "send": "G?T / HTTP/1.1\r\n\r\n"}, "the Runtime API answered 400 to a request that it cannot read: "
                                                           "bad method"),
], ids=["path", "extension", "state", "no-request"])
def test_a_refused_request_is_told_once(lemu, mode, event, told):
    result = lemu.invoke(mode, "probe", event, "--repeat", "3").ok()
    notes = [line for line in result.lines if line.startswith("lemu: note: the Runtime API answered ")]
    assert len(notes) == 1 and notes[0].startswith("lemu: note: " + told), result
    assert "the Runtime API answered" not in lemu.invoke(mode, "probe", event, "-q").ok().stderr


def test_the_daemon_tells_it_in_its_log_once_a_function(lemu):
    with Daemon(lemu, "--cold", functions={"probe": lemu.function(HOST_ARCH, "probe")}) as daemon:
        for _ in range(3):
            assert daemon.invoke("probe", NOWHERE).json()["status"] == 404
        lines = [line for line in daemon.stop().stderr.splitlines() if "Runtime API" in line]
    assert len(lines) == 1 and f" warning {TOLD} function=probe " in lines[0], lines


def test_in_place_of_rie_it_is_told_in_the_log(lemu):
    with Rie(lemu, lemu.function(HOST_ARCH, "probe")) as rie:
        for _ in range(3):
            assert rie.invoke(NOWHERE)[0] == 200
    lines = [line for line in rie.result.stderr.splitlines() if "Runtime API answered" in line]
    assert len(lines) == 1 and lines[0].endswith("[WARNING] (rapid) " + TOLD), lines
