# SPDX-License-Identifier: Apache-2.0
"""`lemu serve` where the machine, the network or the caller is against it."""
import json
import os
import random
import re
import resource
import select
import signal
import socket
import struct
import threading
import time

import pytest
from daemon import Daemon, at_once, eventually, in_background
from harness import HOST_ARCH, REPO
from sink import Sink
from stream_gate import StreamGate

pytestmark = pytest.mark.leaves("work/state")

INVOKE = b"POST /2015-03-31/functions/probe/invocations HTTP/1.1\r\nHost: localhost\r\n"


def probe(lemu, *settings, arch=HOST_ARCH):
    return ",".join([str(lemu.function(arch, "probe")), f"arch={arch}", "timeout=60", *settings])


@pytest.fixture
def daemon(lemu):
    with Daemon(lemu, functions={"probe": probe(lemu)}) as running:
        yield running


def connect(running):
    return socket.create_connection(("127.0.0.1", running.port), timeout=60)


def exchange(running, request):
    """Everything that is answered to these bytes, up to the end of the connection."""
    with connect(running) as connection:
        try:
            connection.sendall(request)
        except OSError:
            pass  # refused before it was sent whole
        answer = b""
        try:
            while piece := connection.recv(1 << 16):
                answer += piece
        except ConnectionResetError:
            pass
        return answer


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def works(running):
    assert running.invoke("probe", {"still": "here"}).json() == {"still": "here"}


# ---- the machine

def test_a_full_disk_refuses_events_and_nothing_else(lemu):
    state = lemu.work / "state"
    state.mkdir()
    # A mount namespace of its own: as root outside, else as root of a user namespace.
    namespaces = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    mount = f'mount -t tmpfs -o size=300k,mode=700 none "{state}" && exec "$@"'
    around = [*namespaces, "sh", "-c", mount, "sh"]
    functions = {"probe": probe(lemu)}
    with Sink() as sink, Daemon(lemu, "--state-dir", state, functions=functions, around=around) as running:
        large = {**sink.event("large"), "filler": "x" * 400_000}
        for _ in range(3):
            refused = running.invoke("probe", large, invocation_type="Event")
            assert (refused.status, refused.headers["x-amzn-errortype"]) == (503, "ServiceUnavailableException")
            assert refused.json()["Message"] == ("the event was not accepted: the journal of asynchronous events: "
                                                 "database or disk is full")
            works(running)
            assert running.invoke("probe", sink.event("small"), invocation_type="Event").status == 202
        sink.wait_for(3, "small")
        assert sink.count("large") == 0


def test_descriptors_run_out_and_come_back(lemu):
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
    start, lemu.start = lemu.start, lambda *words, **more: start(*words, preexec_fn=few, **more)
    with Daemon(lemu, functions={"probe": probe(lemu)}) as running:
        lemu.start = start
        first = connect(running)
        others = [connect(running) for _ in range(200)]
        # What is over the limit is told so; who came before it is served, a new environment included.
        refused = [answer for answer in (other.recv(1000) for other in others[100:]) if answer]
        assert refused and all(answer.startswith(b"HTTP/1.1 503 ") for answer in refused)
        body = b'{"n":1}'
        first.sendall(INVOKE + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        assert first.recv(4096).endswith(body)
        for connection in [first, *others]:
            connection.close()
        eventually(lambda: b'{"status":"ok"}' in exchange(running, b"GET /health HTTP/1.0\r\n\r\n"))
        works(running)


def test_the_hard_limit_on_open_files_is_what_counts(lemu):
    def usual():
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, 2000))
    start, lemu.start = lemu.start, lambda *words, **more: start(*words, preexec_fn=usual, **more)
    with Daemon(lemu, "--max-connections", "16000", functions={"probe": probe(lemu)}) as running:
        lemu.start = start
        held = [connect(running) for _ in range(800)]
        for connection in held:
            connection.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        for connection in held:
            assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
            connection.close()
        assert running.invoke("probe", {"do": "rlimits"}).json()["nofile"] == [1024, 1024]
        assert ("there can be 1000 connections at once, not 16000: half of the files that lemu may open "
                "(raise the hard limit: ulimit -Hn)") in running.stop().stderr


# ---- callers

def test_a_header_that_never_ends_is_given_up(lemu):
    with Daemon(lemu, "--header-timeout", "300ms", functions={"probe": probe(lemu)}) as running:
        slow = [connect(running) for _ in range(50)]
        for connection in slow:
            connection.sendall(INVOKE)
        works(running)
        for connection in slow:
            assert connection.makefile("rb").read().startswith(b"HTTP/1.1 408 Request Timeout\r\n")
            connection.close()


def test_a_body_that_never_ends_is_given_up(lemu):
    with Daemon(lemu, "--body-timeout", "300ms", functions={"probe": probe(lemu)}) as running:
        slow = [connect(running) for _ in range(20)]
        for connection in slow:
            connection.sendall(INVOKE + b"Content-Length: 10\r\n\r\n{")
        works(running)
        for connection in slow:
            answer = connection.makefile("rb").read()
            assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n") and b"RequestTimeoutException" in answer
            connection.close()


def test_a_header_that_is_too_large(lemu):
    with Daemon(lemu, "--header-limit", "8k", functions={"probe": probe(lemu)}) as running:
        assert exchange(running, INVOKE + b"X-Filler: " + b"x" * 10_000).startswith(b"HTTP/1.1 431 ")
        works(running)


def test_an_endless_body(daemon):
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with connect(daemon) as connection:
        connection.sendall(INVOKE + b"Transfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(OSError):  # refused, and no more read a moment later
            while True:
                connection.sendall(piece)
    works(daemon)
    assert daemon.peak_memory_mb() < 40


def padded(event, size):
    """The event as JSON of that many bytes."""
    bare = json.dumps({**event, "pad": ""})
    return json.dumps({**event, "pad": "x" * (size - len(bare))}).encode()


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_large_payloads_of_many_callers_have_one_memory(lemu, framing):
    """Without a limit over all of them the daemon would hold most of 200 times 6 MB."""
    event = padded({"do": "sleep", "ms": 10}, 6 << 20)
    function = probe(lemu, "concurrency=4")
    with Daemon(lemu, "--queue", "--payloads-memory", "48M", functions={"probe": function}) as running:
        works(running)
        def call():
            if framing == "length":
                return running.invoke("probe", event)
            pieces = iter([event[:100_000], event[100_000:]])
            return running.request("POST", "/2015-03-31/functions/probe/invocations", pieces)
        answers = at_once(200, call)
        assert [answer.body for answer in answers] == [b'{"slept":10}'] * 200
        # A body that comes in chunks is moved into a string twice as large, so that it is there twice for a moment.
        assert running.peak_memory_mb() < 48 * 3
        works(running)


def test_large_events_of_many_callers_have_one_memory(lemu):
    """Until they are on disk."""
    function = probe(lemu, "concurrency=1")
    with Sink() as sink, Daemon(lemu, "--queue", "--payloads-memory", "8M", functions={"probe": function}) as running:
        event = padded(sink.event("large"), 1_000_000)
        answers = at_once(200, lambda: running.invoke("probe", event, invocation_type="Event"))
        assert {answer.status for answer in answers} == {202}
        sink.wait_for(200, "large")
        assert running.peak_memory_mb() < 150


def read_answer(connection):
    """As far as its Content-Length says."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(1 << 16)
    head = received[:received.index(b"\r\n\r\n") + 4]
    size = len(head) + int(re.search(rb"Content-Length: (\d+)", head).group(1))
    pieces, count = [received], len(received)
    while count < size:
        pieces.append(connection.recv(1 << 20))
        assert pieces[-1], "broken off"
        count += len(pieces[-1])
    return b"".join(pieces)


def test_no_room_for_a_payload(lemu):
    options = ["--payloads-memory", "100k", "--body-timeout", "500ms"]
    with StreamGate() as gate, Daemon(lemu, *options, functions={"probe": probe(lemu)}) as running:
        event = padded({"do": "stream", "text": "a", "gate": gate.port}, 100_000)
        held = in_background(running.invoke, "probe", event)
        gate.written_at()
        for _ in range(2):
            refused = running.invoke("probe", event)
            assert (refused.status, refused.headers["x-amzn-errortype"]) == (503, "ServiceUnavailableException")
            assert "no room for this one (--payloads-memory)" in refused.json()["Message"]
        works(running)  # a small one takes no room
        gate.open()
        assert held().body == b"a"
        assert running.invoke("probe", padded({}, 100_000)).status == 200


def test_half_a_payload_does_not_keep_the_room(lemu):
    options = ["--payloads-memory", "100k", "--body-timeout", "500ms"]
    with Daemon(lemu, *options, functions={"probe": probe(lemu)}) as running:
        slow = [connect(running) for _ in range(3)]
        for connection in slow:
            connection.sendall(INVOKE + b"Content-Length: 100000\r\n\r\n{")
        first, *others = [connection.makefile("rb").read().split(b" ", 2)[1] for connection in slow]
        assert first == b"408" and set(others) <= {b"408", b"503"}  # who got the room in turn loses it too
        assert running.invoke("probe", padded({}, 100_000)).status == 200
        for connection in slow:
            connection.close()


def test_more_connections_than_are_wanted(lemu):
    with Daemon(lemu, "--max-connections", "10", functions={"probe": probe(lemu)}) as running:
        held = [connect(running) for _ in range(10)]
        for connection in held:  # taken, each
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
        for request in (INVOKE + b"Content-Length: 2\r\n\r\n{}", b"GET /2015-03-31/functions/probe HTTP/1.0\r\n\r\n"):
            answer = exchange(running, request)
            assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n") and b"Connection: close\r\n" in answer
        # What tells of the daemon has a few of its own, and its control socket is another matter.
        assert b'{"status":"ok"}' in exchange(running, b"GET /health HTTP/1.0\r\n\r\n")
        assert lemu.run("ps", "--endpoint", running.url).ok().stdout.startswith(b"FUNCTION")
        reserve = [connect(running) for _ in range(4)]
        assert exchange(running, b"").startswith(b"HTTP/1.1 503 ")
        for connection in reserve:
            connection.close()
        held.pop().close()
        eventually(lambda: b'{"status":"ok"}' in exchange(running, b"GET /health HTTP/1.0\r\n\r\n"))
        for connection in held:
            connection.close()


def test_a_daemon_at_its_limit_of_connections_is_stopped(lemu):
    with Daemon(lemu, "--max-connections", "3", functions={"probe": probe(lemu)}) as running:
        held = [connect(running) for _ in range(3)]
        eventually(lambda: b"Connection: close" in exchange(running, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        lemu.run("stop", "--endpoint", running.url).ok()
        running.result = lemu.finish(running.process)
        for connection in held:
            connection.close()


def test_a_connection_that_is_not_used_is_closed(lemu):
    with Daemon(lemu, "--keep-alive-timeout", "300ms", functions={"probe": probe(lemu)}) as running:
        silent, used = connect(running), connect(running)
        used.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert used.makefile("rb").read().startswith(b"HTTP/1.1 200 ")
        assert silent.recv(1) == b""
        assert running.invoke("probe", {"do": "sleep", "ms": 600}).status == 200
        silent.close()
        used.close()


def test_a_body_that_is_not_whole_holds_no_end(lemu):
    with Daemon(lemu, "--drain-timeout", "1h", functions={"probe": probe(lemu)}) as running:
        half = connect(running)
        half.sendall(INVOKE + b"Content-Length: 10\r\n\r\n{")
        works(running)
        running.stop().ok()
        answer = half.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 503 ") and b"this lemu serve is ending" in answer
        half.close()


@pytest.mark.parametrize("option", ["--header-timeout", "--body-timeout", "--keep-alive-timeout"])
def test_no_time_is_no_limit(lemu, option):
    assert f"{option}: '0' is too short" in lemu.run("serve", option, "0").ok(2).stderr


SMUGGLED = b"POST /2015-03-31/functions/probe/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize("fields, body", [
    (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + SMUGGLED),
    (b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", b"0\r\n\r\n" + SMUGGLED),
    (b"Content-Length: 2\r\nContent-Length: 3\r\n", b"{}" + SMUGGLED),
    (b"Content-Length: +2\r\n", b"{}" + SMUGGLED),
    (b"Content-Length: 0x2\r\n", b"{}" + SMUGGLED),
    (b"Content-Length: -1\r\n", SMUGGLED),
    (b"Content-Length: 99999999999999999999\r\n", SMUGGLED),
    (b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n" + SMUGGLED),
    (b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n" + SMUGGLED),
    (b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n" + SMUGGLED),
    (b"Transfer-Encoding: chunked\r\n", b"2;a\n{}\r\n0\r\n\r\n" + SMUGGLED),
    (b"Transfer-Encoding: chunked\r\n", b"+2\r\n{}\r\n0\r\n\r\n" + SMUGGLED),
    (b"Transfer-Encoding: chunked\r\n", b"2\r\n{}XX0\r\n\r\n" + SMUGGLED),
    (b"Transfer-Encoding: chunked\r\n", b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n" + SMUGGLED),
    (b"Transfer-Encoding: chunked\r\n", b"g\r\n{}\r\n0\r\n\r\n" + SMUGGLED),
], ids=map(str, range(15)))
def test_a_smuggled_request_is_not_run(daemon, fields, body):
    answer = exchange(daemon, INVOKE + fields + b"\r\n" + body)
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert answer.count(b"HTTP/1.1 ") == 1 and b"Connection: close" in answer
    works(daemon)


@pytest.mark.parametrize("chunk", [b"-2\r\n{}", b"11111111111111111\r\n", b"2\r\n{}XX0\r\n\r\n"], ids=["sign", "digits", "end"])
def test_chunks_that_are_none_are_called_so(daemon, chunk):
    answer = exchange(daemon, INVOKE + b"Transfer-Encoding: chunked\r\n\r\n" + chunk)
    assert answer.startswith(b"HTTP/1.1 400 ") and b"The request's body is not in well-formed chunks." in answer


def test_malformed_requests(daemon):
    """The fuzz target's corpus, as it is and with bytes changed."""
    chance = random.Random(1)
    corpus = sorted((REPO / "tests/fuzz/corpus/http").iterdir())
    assert len(corpus) > 20
    for file in corpus:
        content = file.read_bytes()[1:]  # the first byte is for the target
        for number in range(6):
            changed = bytearray(content)
            for _ in range(number * 2 if changed else 0):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            with connect(daemon) as connection:
                connection.sendall(bytes(changed))
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1 << 16):
                    pass
    works(daemon)


def test_resets_at_each_point(lemu):
    gate = threading.Event()
    with Sink(lambda _: gate.wait(60) and "ok") as sink, Daemon(lemu, functions={"probe": probe(lemu)}) as running:
        held = json.dumps(sink.event("a")).encode()
        stream = json.dumps({"do": "stream", "mode": "streaming", "size": 1_000_000, "count": 8}).encode()
        whole = INVOKE + b"Content-Length: %d\r\n\r\n%s" % (len(held), held)
        large = b'"' + b"x" * 4_000_000 + b'"'
        streamed = whole.replace(b"2015-03-31", b"2021-11-15").replace(b"invocations", b"response-streaming-invocations")
        for request, reads in [(b"", 0), (b"PO", 0), (INVOKE, 0), (whole[:-5], 0), (whole, 0),
                               (streamed.replace(held, stream).replace(str(len(held)).encode(), str(len(stream)).encode(), 1), 1),
                               (INVOKE + b"Content-Length: %d\r\n\r\n%s" % (len(large), large), 1)]:
            for _ in range(5):
                connection = connect(running)
                # Who has gone before lemu has accepted the connection is not served: nobody knows whose it was.
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
                connection.sendall(request)
                if reads:
                    assert connection.recv(1)
                reset(connection)
            works(running)
        sink.wait_for(5)
        gate.set()


# ---- functions

@pytest.mark.parametrize("handler, event, words", [
    ("init-exit-3", {}, "Runtime exited with error: exit status 3"),
    ("init-signal-9", {}, "Runtime exited with error: signal: killed"),
    ("init-error", {}, None),
    ("index.handler", {"do": "exit", "code": 3}, "Runtime exited with error: exit status 3"),
    ("index.handler", {"do": "signal", "number": 9}, "Runtime exited with error: signal: killed"),
    ("index.handler", {"do": "stop", "who": "self"}, "Task timed out after 1.00 seconds"),
    ("index.handler", {"do": "sleep", "ms": 60000}, "Task timed out after 1.00 seconds"),
    ("index.handler", {"do": "cut"}, None),
    ("index.handler", {"do": "garbage"}, None),
    ("index.handler", {"do": "leave-with-next"}, None),
], ids=["init-exit", "init-killed", "init-error", "exit", "killed", "stop", "sleep", "cut", "garbage", "leave-with-next"])
def test_functions_that_fail_at_each_stage(lemu, handler, event, words):
    with Daemon(lemu, "--concurrency", "2", functions={"probe": probe(lemu, f"handler={handler}", "timeout=1")}) as running:
        for _ in range(4):  # more than the concurrency: each slot is given back
            answer = running.invoke("probe", event)
            assert answer.status == 200
            if words:
                assert answer.headers["x-amz-function-error"] == "Unhandled" and words.encode() in answer.body
        if handler == "index.handler":
            # One that leaves while it waits for an event may be given this one first.
            eventually(lambda: running.invoke("probe", {"n": 1}).body == b'{"n": 1}')


@pytest.mark.parametrize("number, ranks", [(signal.SIGKILL, range(3)), (signal.SIGSTOP, [2])], ids=["kill", "stop"])
def test_processes_of_an_idle_environment_are_killed_or_stopped_from_outside(lemu, number, ranks):
    """By the out-of-memory killer, say: the helper's two halves, and the function."""
    with Daemon(lemu, functions={"probe": probe(lemu, "timeout=1")}) as running:
        for rank in ranks:
            works(running)
            below = children_below(running.process.pid)
            os.kill(below[rank], number)
            # At most the one that meets it fails, and is told so.
            eventually(lambda: running.invoke("probe", {"n": 2}).body == b'{"n": 2}')


def children_below(pid):
    """The descendants of a process, whichever of its threads started them."""
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as children:
            for child in children.read().split():
                found += [int(child), *children_below(int(child))]
    return found
