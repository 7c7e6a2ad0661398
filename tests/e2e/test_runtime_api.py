# SPDX-License-Identifier: Apache-2.0
"""The Runtime API as a function meets it, right and wrong."""
import email.utils
import json
import time

import pytest
from harness import MODES

LIMIT = 6_291_556
STATE_ERROR = '"errorType":"InvalidStateTransition"'


def test_the_event_arrives_and_the_response_returns_byte_for_byte(lemu, mode):
    event = '{ "name":"Ada",\n "ü":"\\u00fc\\ud83d\\ude00" , "n":1.0 }'
    assert lemu.invoke(mode, "probe", event).ok().stdout == event.encode()


def test_no_event_is_an_empty_object(lemu, mode):
    assert lemu.invoke(mode, "probe").ok().stdout == b"{}"


def test_headers_of_next(lemu, mode):
    begin = time.time() * 1000
    result = lemu.invoke(mode, "probe", {"do": "headers"}, "--name", "hello", "--region", "eu-west-1", "--timeout", "20",
                         "--client-context", '{"client":{"x":1}}').ok()
    headers = result.json()
    assert headers["Lambda-Runtime-Aws-Request-Id"] == result.request_id
    assert headers["Lambda-Runtime-Invoked-Function-Arn"].startswith("arn:aws:lambda:eu-west-1:")
    assert headers["Lambda-Runtime-Invoked-Function-Arn"].endswith(":function:hello")
    assert headers["Lambda-Runtime-Trace-Id"].startswith("Root=1-")
    assert headers["Content-Type"] == "application/json"
    assert json.loads(headers["Lambda-Runtime-Client-Context"]) == {"client": {"x": 1}}
    deadline = int(headers["Lambda-Runtime-Deadline-Ms"])
    assert begin + 20_000 <= deadline <= headers["now_ms"] + 20_000


@pytest.mark.bare
@pytest.mark.parametrize("size", [100, 2048, 2049, 100_000, 6_000_000])
def test_an_event_is_framed_as_on_lambda(lemu, mode, size):
    """By its length up to 2,048 bytes, beyond in chunks without: a runtime that knows only lengths fails when deployed."""
    event = lemu.work / "event.json"
    event.write_text('{"do":"head","pad":"' + "x" * (size - 22) + '"}')
    assert event.stat().st_size == size
    result = lemu.run("invoke", *mode.options, "--client-context", "{}", lemu.function(mode.arch, "probe"), event)
    status, *fields = result.ok().json().split("\r\n")
    assert status == "HTTP/1.1 200 OK" and fields.pop() == ""
    names = [field.split(": ")[0] for field in fields]
    assert names == ["Content-Type", "Lambda-Runtime-Aws-Request-Id", "Lambda-Runtime-Client-Context",
                     "Lambda-Runtime-Deadline-Ms", "Lambda-Runtime-Invoked-Function-Arn", "Lambda-Runtime-Trace-Id", "Date",
                     "Content-Length" if size <= 2048 else "Transfer-Encoding"]
    date = email.utils.parsedate_to_datetime(fields[-2].removeprefix("Date: "))
    assert abs(date.timestamp() - time.time()) < 60 and fields[-2].endswith(" GMT")
    assert fields[-1] == (f"Content-Length: {size}" if size <= 2048 else "Transfer-Encoding: chunked")


@pytest.mark.bare
@pytest.mark.parametrize("size", [2047, 2048, 2049, 4096, 65_536, 6_291_456])
def test_an_event_of_any_size_arrives_whole(lemu, mode, size):
    event = lemu.work / "event.json"
    event.write_text('"' + "x" * (size - 2) + '"')
    result = lemu.run("invoke", *mode.options, "--timeout", "30", lemu.function(mode.arch, "probe"), event)
    assert result.ok().stdout == event.read_bytes()


def test_next_twice_gives_the_same_event(lemu, mode):
    answer = lemu.invoke(mode, "probe", {"do": "next-twice"}).ok().json()
    assert answer["first"] == answer["second"]
    assert answer["status"] == 200 and answer["same_body"]


def test_a_second_response_is_refused_and_an_old_id_unknown(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "answer-twice"}, "--repeat", "2").ok()
    first, second = result.responses()
    assert first == 1
    assert second["notes"][0].startswith("second: 403 ") and STATE_ERROR in second["notes"][0]
    assert second["notes"][1].startswith("stale: 400 ")
    assert '{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}' in second["notes"][1]


def test_init_error_after_next_is_refused(lemu, mode):
    answer = lemu.invoke(mode, "probe", {"do": "init-error"}).ok().json()
    assert answer["status"] == 403
    assert STATE_ERROR in answer["body"]


def test_the_largest_response_passes(lemu, mode):
    assert len(lemu.invoke(mode, "probe", {"do": "respond", "size": LIMIT}).ok().stdout) == LIMIT


@pytest.mark.parametrize("chunked", [0, 1])
def test_a_larger_response_is_refused_and_the_environment_goes_on(lemu, mode, chunked):
    event = {"do": "respond", "size": LIMIT + 1, "chunked": chunked, "at": 1}
    result = lemu.invoke(mode, "probe", event, "--repeat", "2").ok(1)
    payload, counters = result.stdout.splitlines()
    assert payload == (b'{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded '
                       b'maximum allowed payload size (6291556 bytes)."}')
    assert json.loads(counters) == {"memory": 2, "file": 2}, "the same process must answer the second"
    assert "probe: response: 413 " in result.stderr and '"errorType":"RequestEntityTooLarge"' in result.stderr


def test_chunked_with_trailers_as_go_posts_it(lemu, mode):
    event = {"do": "respond", "size": 40_000, "chunked": 1, "trailers": 1}
    assert lemu.invoke(mode, "probe", event).ok().stdout == b'"' + b"a" * 39_998 + b'"'


def test_a_streamed_response_is_collected(lemu, mode):
    event = {"do": "respond", "size": 1000, "chunked": 1, "trailers": 1, "mode": "streaming", "piece": 100, "pause": 5}
    assert lemu.invoke(mode, "probe", event).ok().stdout == b'"' + b"a" * 998 + b'"'


def test_a_bad_response_mode(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "respond", "size": 10, "mode": "Streaming"}, "--timeout", "1").ok(1)
    assert '"errorType":"InvalidFunctionResponseMode"' in result.stderr


def raw(request, **more):
    return {"do": "raw", "send": request, **more}


POST = "POST /2018-06-01/runtime/invocation/$ID/response HTTP/1.1\r\nHost: x\r\n"


def test_a_truncated_body(lemu, mode):
    result = lemu.invoke(mode, "probe", raw(POST + "Content-Length: 10\r\n\r\nabc", shut=1, answered=1), "--timeout", "2")
    assert result.status == 1
    assert "HTTP request detected as truncated" in result.stderr
    assert "Runtime.TruncatedResponse" in result.stderr


def test_expect_100_continue(lemu, mode):
    request = POST + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n123"
    assert lemu.invoke(mode, "probe", raw(request, answered=1)).ok().stdout == b"123"


@pytest.mark.parametrize("request_line, status, body", [
    ("GET /2018-06-01/ping", 200, "pong"),
    ("GET /2018-06-01/nope", 404, "404 page not found"),
    ("POST /2018-06-01/runtime/invocation/next", 405, ""),
    ("GET /2018-06-01/runtime/restore/next", 404, ""),
    ("POST /2018-06-01/runtime/restore/error", 404, ""),
    ("GET /2021-04-23/credentials", 404, ""),
    ("POST /2018-06-01/runtime/invocation/nobody-knows/response", 400, "InvalidRequestID"),
    ("POST /2018-06-01/runtime/invocation/nobody-knows/error", 400, "InvalidRequestID"),
])
def test_routes(lemu, request_line, status, body):
    method, path = request_line.split()
    answer = lemu.invoke(MODES[0], "probe", {"do": "request", "method": method, "path": path}).ok().json()
    assert answer["status"] == status
    assert body in answer["body"]


@pytest.mark.parametrize("fields, status", [
    ("Host: x\r\n", 200),
    ("", 200),
    ("Host: rebound.example\r\n", 403),
    ("Host: localhost\r\nOrigin: https://page.example\r\n", 403),
    ("Host: localhost\r\nSec-Fetch-Site: cross-site\r\n", 403),
], ids=["name", "none", "rebound", "origin", "cross-site"])
def test_a_web_page_is_refused(lemu, fields, status):
    answer = lemu.invoke(MODES[0], "probe", raw(f"GET /2018-06-01/ping HTTP/1.1\r\n{fields}\r\n")).ok().json()
    assert answer["notes"][0].startswith(f"raw: {status} ")


def test_absurd_requests_do_not_end_lemu(lemu):
    stranger = POST.replace("$ID", "nobody-knows")
    for request in ("\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /" + "x" * 9000 + " HTTP/1.1\r\n\r\n",
                    stranger + "Content-Length: -1\r\n\r\n", stranger + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
                    stranger + "X: " + "y" * 15000 + "\r\n\r\n"):
        answer = lemu.invoke(MODES[0], "probe", raw(request, shut=1)).ok().json()
        assert answer["notes"], "the probe got no word"


def test_a_handled_error_is_passed_on_verbatim(lemu, mode):
    body = '{"errorMessage":"no such user","errorType":"NotFound","stackTrace":["a:1"],"extra":{"x":1}}'
    result = lemu.invoke(mode, "probe", {"do": "error", "body": body, "type": "Function.NotFound"}, "--repeat", "2").ok(1)
    assert result.stdout.splitlines() == [body.encode()] * 2
    assert len(result.reports) == 2
