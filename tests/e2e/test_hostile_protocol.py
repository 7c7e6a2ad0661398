# SPDX-License-Identifier: Apache-2.0
"""A runtime that misuses its connections to the Runtime API: lemu answers what can be answered, forgets the rest, and
the invocation goes on. Status codes and bodies of refusals are those of the Runtime API of aws-lambda-rie; where Go's
net/http (its server) has an opinion on bare HTTP, ours is the same."""
import json
import signal
import subprocess

import pytest
from harness import MODES

NEXT = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"
PING = "GET /2018-06-01/ping HTTP/1.1\r\nHost: x\r\n"
POST = "POST /2018-06-01/runtime/invocation/$ID/response HTTP/1.1\r\nHost: x\r\n"
ERROR = "POST /2018-06-01/runtime/invocation/$ID/error HTTP/1.1\r\nHost: x\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n\r\n"
LIMIT = 6_291_556


def raw(send, **more):
    return {"do": "raw", "send": send, **more}


def notes(lemu, mode, event, *options):
    """What the probe heard back, by its own answer."""
    return lemu.invoke(mode, "probe", event, "--timeout", "30", *options).ok().json()["notes"]


@pytest.mark.bare
def test_garbage(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "garbage", "n": 200, "at": 1}, "--repeat", "2", "--timeout", "30").ok()
    first, second = result.responses()
    assert first == {"sent": 200, "told": 200}, "each is told what is wrong with it"
    assert second == {"memory": 2, "file": 2}, "the same process goes on"


@pytest.mark.bare
@pytest.mark.parametrize("request_bytes", [NEXT, PING + "\r\n", POST.rstrip("\r\n")], ids=["next", "ping", "head"])
def test_connections_closed_at_each_byte(lemu, mode, request_bytes):
    result = lemu.invoke(mode, "probe", {"do": "cut", "send": request_bytes, "at": 1}, "--repeat", "2", "--timeout", "30").ok()
    first, second = result.responses()
    assert first["cuts"] > len(request_bytes) and second == {"memory": 2, "file": 2}


@pytest.mark.parametrize("post, body", [(POST, ""), (POST, "12"), (ERROR, ""), (ERROR, '{"errorM')],
                         ids=["response-nothing", "response-part", "error-nothing", "error-part"])
def test_a_body_that_ends_too_soon(lemu, mode, post, body):
    """Runtime.TruncatedResponse: the invocation has its answer, the environment goes on."""
    event = raw(post + "Content-Length: 10\r\n\r\n" + body, shut=1, answered=1, at=1)
    result = lemu.invoke(mode, "probe", event, "--repeat", "2").ok(1)
    payload, second = result.stdout.splitlines()
    assert payload == b'{"errorMessage":"Unknown application error occurred","errorType":"Runtime.TruncatedResponse"}'
    assert second == b'{"memory":2,"file":2}'
    assert result.reports[0]["Error Type"] == "Runtime.TruncatedResponse" and "Status" not in result.reports[1]
    assert "raw: 400 " in result.stderr and '"errorType":"TruncatedHTTPRequest"' in result.stderr


@pytest.mark.bare
def test_one_byte_at_a_time(lemu, mode):
    event = raw(POST + "Content-Length: 8000\r\n\r\n" + "7" * 8000, drip=1, answered=1)
    assert lemu.invoke(mode, "probe", event, "--timeout", "60").ok().stdout == b"7" * 8000


def test_the_largest_response_a_byte_at_a_time(lemu):
    """Six million segments: lemu keeps up with the sender, so nobody waits for more than the sending."""
    event = {"do": "respond", "size": LIMIT, "drip": 1}
    result = lemu.invoke(MODES[0], "probe", event, "--timeout", "300", timeout=300).ok()
    assert len(result.stdout) == LIMIT


def test_the_largest_response_in_small_chunks(lemu, mode):
    event = {"do": "respond", "size": LIMIT, "chunked": 1, "piece": 700}
    assert len(lemu.invoke(mode, "probe", event, "--timeout", "60").ok().stdout) == LIMIT


def test_headers_up_to_a_mebibyte(lemu, mode):
    """Go's net/http, and so rapid, takes a header of 1 MiB."""
    field = "x: " + "y" * 1000 + "\r\n"
    fits = notes(lemu, mode, raw(PING, then=field, times=900, end="\r\n"))
    assert fits == ["raw: 200 pong"]
    too_much = notes(lemu, mode, raw(PING, then=field, times=2000, end="\r\n"))
    assert too_much[0].startswith("raw: 431 ")
    endless = notes(lemu, mode, raw(PING, then=field, times=-1))
    assert endless[0].startswith("raw: 431 ")
    line = notes(lemu, mode, raw("GET /", then="x" * 1000, times=-1))
    assert line[0].startswith("raw: 431 ")


@pytest.mark.parametrize("request_line, status", [
    ("DELETE /2018-06-01/runtime/invocation/next", 405), ("HEAD /2018-06-01/ping", 405),
    ("PUT /2018-06-01/runtime/invocation/$ID/response", 405), ("BREW /2018-06-01/ping", 405),
    ("GET /2018-06-01/runtime/invocation/$ID/response", 405), ("POST /2018-06-01/runtime/invocation//response", 400),
    ("GET /2018-06-01/runtime/invocation/next/", 404), ("GET /2018-06-01/../2018-06-01/ping", 404),
    ("GET /2018-06-01/ping?x=1", 200), ("GET http://elsewhere/2018-06-01/ping", 200),
    ("GET http://elsewhere.example/2018-06-01/ping", 403),
    ("GET http://x", 404), ("GET *", 404), ("CONNECT x:80", 404), ("OPTIONS *", 404),
])
def test_methods_and_targets(lemu, mode, request_line, status):
    """A target in absolute form is the host and the path in it (RFC 9112, 3.2.2)."""
    (note,) = notes(lemu, mode, raw(request_line + " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", shut=1))
    assert note.startswith(f"raw: {status} "), note


@pytest.mark.parametrize("send, status", [
    ("GET /2018-06-01/ping HTTP/1.0\r\n\r\n", 200),
    ("GET /2018-06-01/ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200),
    ("GET /2018-06-01/ping HTTP/1.2\r\nHost: x\r\n\r\n", 400),
    ("GET /2018-06-01/ping\r\n\r\n", 400),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    (PING + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", 200),
    (PING + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n", 200),
    (PING + "field: of\r\n several: lines\r\n\r\n", 200),
    (PING + " folded: x\r\n\r\n", 403),  # no host is called so
    (PING + "no colon\r\n\r\n", 400),
    (PING + "sp ace: x\r\n\r\n", 400),
    ("\r\n\r\n" + PING + "\r\n", 200),
    (PING.replace("\r\n", "\n") + "\n", 200),
])
def test_protocols(lemu, mode, send, status):
    (note,) = notes(lemu, mode, raw(send, shut=1))
    assert note.startswith(f"raw: {status} "), note


STRANGER = POST.replace("$ID", "nobody")


@pytest.mark.parametrize("head", [
    STRANGER + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n123",
    STRANGER + "Content-Length: 99999999999999999999\r\n\r\n123",
    STRANGER + "Content-Length: 0x3\r\n\r\n123",
    STRANGER + "Content-Length: 3\r\nContent-Length: 4\r\n" + CHUNKED + "3\r\n123\r\n0\r\n\r\n",
    STRANGER + "Content-Length: x\r\n" + CHUNKED + "3\r\n123\r\n0\r\n\r\n",
    STRANGER + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    STRANGER + "Transfer-Encoding: chunked\r\n" + CHUNKED + "0\r\n\r\n",
    STRANGER + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
], ids=["two-lengths", "too-long", "hexadecimal", "two-lengths-and-chunked", "no-length-and-chunked", "gzip", "chunked-twice",
        "xchunked"])
def test_ambiguous_bodies_are_refused(lemu, mode, head):
    """Where a body ends must not be a matter of taste: that is how requests are smuggled (RFC 9112, 6.3)."""
    (note,) = notes(lemu, mode, raw(head, shut=1))
    assert note.startswith("raw: 400 "), note
    assert "Invalid request ID" not in note, "it is not a request at all"


def test_endless_bodies_end(lemu, mode):
    """One that nobody asked for is read up to a limit, then refused and closed."""
    chunk = "1000\r\n" + "x" * 4096 + "\r\n"
    stranger = notes(lemu, mode, raw(STRANGER + CHUNKED, then=chunk, times=-1))
    assert stranger[0].startswith("raw: 400 ") and "InvalidRequestID" in stranger[0]
    extension = notes(lemu, mode, raw(STRANGER + CHUNKED + "1;", then="x" * 1000, times=-1))
    assert extension[0].startswith("raw: 400 ")
    trailers = notes(lemu, mode, raw(STRANGER + CHUNKED + "0\r\n", then="t: " + "x" * 100 + "\r\n", times=-1))
    assert trailers[0].startswith("raw: 400 ")


def test_an_endless_response_is_too_large(lemu, mode):
    event = raw(POST + CHUNKED, then="1000\r\n" + "x" * 4096 + "\r\n", times=-1, answered=1, at=1)
    result = lemu.invoke(mode, "probe", event, "--repeat", "2", "--timeout", "30").ok(1)
    payload, second = result.stdout.splitlines()
    assert payload.startswith(b'{"errorType":"Function.ResponseSizeTooLarge"') and second == b'{"memory":2,"file":2}'
    assert "raw: 413 " in result.stderr


@pytest.mark.parametrize("tail", ["1;", "0\r\n"], ids=["chunk-extension", "trailers"])
def test_an_endless_end_of_a_response_is_truncated(lemu, mode, tail):
    more = "x" * 1000 if tail == "1;" else "t: " + "x" * 100 + "\r\n"
    result = lemu.invoke(mode, "probe", raw(POST + CHUNKED + tail, then=more, times=-1, answered=1, at=1),
                         "--repeat", "2", "--timeout", "30").ok(1)
    payload, second = result.stdout.splitlines()
    assert b'"errorType":"Runtime.TruncatedResponse"' in payload and second == b'{"memory":2,"file":2}'


def test_chunk_extensions_and_trailers_pass(lemu, mode):
    body = "3;a=b;c=\"d\"\r\n123\r\n1\r\n4\r\n0;last\r\nx: y\r\n\r\n"
    assert lemu.invoke(mode, "probe", raw(POST + CHUNKED + body, answered=1)).ok().stdout == b"1234"


def test_pipelined_requests(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "pipeline", "n": 500}).ok()
    assert result.stdout == b'"pipe"'
    assert "probe: pongs 500 accepted 1" in result.lines


@pytest.mark.bare
def test_more_connections_than_there_may_be(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "connections", "n": 1100, "at": 1}, "--repeat", "2", "--timeout", "30",
                         "--memory", "1024").ok()
    first, second = result.responses()
    assert first == {"opened": 1100} and second == {"memory": 2, "file": 2}


def test_connections_leave_lemu_descriptors_of_its_own(lemu, mode):
    """With lemu's descriptors in use up, it could not look at the function's memory any more."""
    event = {"do": "connections", "n": 1100, "mb": 500}
    words = lemu.command("invoke", *mode.options, "--timeout", "60", "--memory", "128", "--data", json.dumps(event),
                         lemu.function(mode.arch, "probe"))
    process = subprocess.Popen(["prlimit", "--nofile=128:128", *words], cwd=lemu.work, env=lemu.environment,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    result = lemu.finish(process).ok(1)
    assert result.report["Error Type"] == "Runtime.OutOfMemory"


def test_an_event_that_many_connections_ask_for_and_none_reads(lemu, mode):
    """lemu holds it once, whatever the kernel holds of it for each."""
    event = lemu.work / "event.json"
    event.write_text(json.dumps({"do": "connections", "n": 50, "next": 1, "sleep_after": 60000, "pad": "x" * 6_000_000}))
    process = lemu.start("invoke", *mode.options, "--timeout", "60", "--memory", "512", lemu.function(mode.arch, "probe"), event)
    assert process.stdout.read(13) == b'{"opened":50}'
    status = dict(line.split(":\t") for line in open(f"/proc/{process.pid}/status").read().splitlines())
    assert int(status["VmHWM"].split()[0]) < 64_000, status["VmHWM"]
    process.send_signal(signal.SIGTERM)
    assert lemu.finish(process).status == 143


@pytest.mark.bare
def test_connecting_without_end(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "connect-for-ever", "at": 1}, "--timeout", "1", "--repeat", "2")
    assert result.reports[0]["Status"] == "timeout" and result.seconds < 60
    if mode.sandbox == "on":
        assert result.stdout.splitlines()[1] == b'{"memory":1,"file":2}'


def test_an_error_in_the_trailers(lemu, mode):
    """A stream that says at its end that it failed: the caller keeps the bytes, and the invocation is a failed one."""
    event = {"do": "respond", "size": 100, "chunked": 1, "trailers": 1, "mode": "streaming", "failed": "Runtime.Broken"}
    result = lemu.invoke(mode, "probe", event).ok(1)
    assert len(result.stdout) == 100 and "Status" not in result.report
