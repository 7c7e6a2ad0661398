# SPDX-License-Identifier: Apache-2.0
"""Looking after a running daemon: ps, logs, metrics, stop; its state folder, its log, its end."""
import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import threading

import pytest
from daemon import Daemon, eventually, in_background
from harness import HOST_ARCH
from sink import Sink


def probe(lemu, *settings):
    return ",".join([str(lemu.function(HOST_ARCH, "probe")), f"arch={HOST_ARCH}", "timeout=60", *settings])


@pytest.fixture
def daemon(lemu):
    with Daemon(lemu, functions={"probe": probe(lemu)}) as running:
        yield running


pytestmark = pytest.mark.leaves("work/state", "work/logs")

# One environment, for one invocation after another.
ONE = ["--concurrency", "1", "--queue"]


def ask(running, command, *words, status=0):
    return running.lemu.run(command, "--endpoint", running.url, *words).ok(status)


# ---- what runs

def test_ps(lemu):
    gate = threading.Event()
    with Sink(lambda _: gate.wait(60) and "ok") as sink, \
            Daemon(lemu, *ONE, functions={"one": probe(lemu), "two": probe(lemu, "concurrency=0")}) as running:
        assert running.invoke("two", {}).status == 429
        answer = in_background(running.invoke, "one", sink.event("a"))
        sink.wait_for(1)
        assert [line.split() for line in ask(running, "ps").stdout.decode().splitlines()] == [
            ["FUNCTION", "STARTING", "BUSY", "IDLE", "QUEUED", "INVOCATIONS", "ERRORS", "THROTTLES", "COLD-STARTS"],
            ["one", "0", "1", "0", "0", "0", "0", "0", "1"],
            ["two", "0", "0", "0", "0", "0", "0", "1", "0"]]
        gate.set()
        assert answer().status == 200
        running.invoke("one", {"do": "error"})
        state = eventually(lambda: (lambda said: said["functions"][0]["idle"] and said)(ask(running, "ps", "--json").json()))
        assert state["pid"] == running.process.pid
        assert state["functions"][0] == {
            "name": "one", "arn": "arn:aws:lambda:us-east-1:123456789012:function:one", "memoryMB": 128, "starting": 0,
            "busy": 0, "idle": 1, "queued": 0, "invocations": 2, "errors": 1, "throttles": 0, "coldStarts": 1}


def test_metrics(lemu):
    with Daemon(lemu, *ONE, functions={"probe": probe(lemu)}) as running:
        check_metrics(running)


def check_metrics(daemon):
    for event in ({}, {"do": "error"}, {}):
        daemon.invoke("probe", event)
    answer = eventually(lambda: (lambda got: b'state="idle"} 1' in got.body and got)(daemon.request("GET", "/metrics")))
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples, types = {}, {}
    for line in answer.body.decode().splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            types[name] = kind
        elif not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            assert re.fullmatch(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})?', name), line
            samples[name] = float(value)
    assert samples['lemu_invocations_total{function="probe"}'] == 3
    assert samples['lemu_errors_total{function="probe"}'] == 1
    assert samples['lemu_cold_starts_total{function="probe"}'] == 1
    assert samples['lemu_init_duration_seconds_count{function="probe"}'] == 1
    assert types["lemu_duration_seconds"] == "histogram" and types["lemu_environments"] == "gauge"
    bounds = [samples[name] for name in samples if name.startswith("lemu_duration_seconds_bucket")]
    assert bounds == sorted(bounds) and bounds[-1] == samples['lemu_duration_seconds_count{function="probe"}'] == 3


def test_health_and_what_there_is_not(daemon):
    answer = daemon.request("GET", "/health")
    assert (answer.status, answer.json()) == (200, {"status": "ok"})
    assert daemon.request("POST", "/metrics").status == 405
    assert daemon.request("GET", "/_lemu/nothing").status == 404
    assert daemon.request("GET", "/metrics", headers={"Host": "rebound.example"}).status == 403


@pytest.mark.parametrize("words", [["ps"], ["logs", "probe"], ["stop"], ["async", "ls"]], ids=lambda words: words[0])
def test_nobody_there(lemu, words):
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    result = lemu.run(words[0], "--endpoint", f"http://127.0.0.1:{port}", *words[1:]).ok(3)
    assert f"nobody serves http://127.0.0.1:{port}: Connection refused" in result.stderr


# ---- logs

def test_logs_are_one_functions(lemu):
    with Daemon(lemu, functions={"one": probe(lemu), "two": probe(lemu)}) as running:
        first = running.invoke("one", {"do": "print", "text": "from one"}).headers["x-amzn-requestid"]
        running.invoke("two", {"do": "print", "text": "from two"})
        log = eventually(lambda: (lambda said: "REPORT" in said and said)(ask(running, "logs", "one").stdout.decode()))
        assert f"START RequestId: {first} Version: $LATEST\n" in log and "from one" in log and "from two" not in log
        assert "no function of that name is served" in ask(running, "logs", "three", status=2).stderr


def test_logs_are_followed_to_the_end(lemu, daemon):
    daemon.invoke("probe", {"do": "print", "text": "before\n"})
    following = lemu.start("logs", "--endpoint", daemon.url, "--follow", "probe")
    lines = iter(following.stdout.readline, b"")

    def until(word):
        return next(line for line in lines if word in line)
    until(b"before")
    for n in range(3):
        daemon.invoke("probe", {"do": "print", "text": f"later {n}\n"})
        until(b"later %d" % n)
    daemon.stop().ok()
    assert b"REPORT" in list(lines)[-1]
    assert following.wait(60) == 0


def test_who_follows_slowly_holds_up_nobody(lemu):
    with Daemon(lemu, "--drain-timeout", "1h", functions={"loud": probe(lemu, "timeout=2")}) as running:
        follower = running.connect_to_control()
        follower.sendall(b"GET /_lemu/logs/loud?follow=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"Task timed out" in running.invoke("loud", {"do": "flood"}).body
        assert running.peak_memory_mb() < 40
        running.stop().ok()  # which waits for the follower as little
        received = b""
        while piece := follower.recv(1 << 16):
            received += piece
        assert received.startswith(b"HTTP/1.1 200 OK") and len(received) < 8 << 20
        follower.close()


def test_logs_in_files_as_cloudwatch_has_them(lemu):
    folder = lemu.work / "logs"
    with Daemon(lemu, *ONE, "--log-dir", folder, functions={"probe": probe(lemu)}) as running:
        running.invoke("probe", {"do": "print", "text": "to the file\n"})
        stream = running.invoke("probe", {"do": "env"}).json()["AWS_LAMBDA_LOG_STREAM_NAME"]
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)
    file, = (path for path in folder.rglob("*") if path.is_file())
    assert file == folder / "aws/lambda/probe" / (stream + ".log")
    text = file.read_text()
    assert "to the file\n" in text and text.count("REPORT RequestId: ") == 2


def test_a_flood_holds_up_nobody_and_fills_no_disk(lemu):
    folder = lemu.work / "logs"
    with Daemon(lemu, "--log-dir", folder,
                functions={"loud": probe(lemu, "timeout=2"), "quiet": probe(lemu)}) as running:
        flood = in_background(running.invoke, "loud", {"do": "flood"})
        for n in range(50):
            assert running.invoke("quiet", {"n": n}).json() == {"n": n}
        assert b"Task timed out" in flood().body
        assert running.peak_memory_mb() < 40
        assert len(ask(running, "logs", "loud").stdout) <= 256 << 10
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file() and "loud" in str(path)]
    assert len(sizes) == 2 and sum(sizes) <= 20 << 20


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_daemons_own_log(lemu, form):
    with Sink(lambda _: "error") as sink, Daemon(lemu, "--log-format", form, "--async-retries", "0",
                                                 functions={"probe": probe(lemu)}) as running:
        sent = running.invoke("probe", sink.event("a"), invocation_type="Event").headers["x-amzn-requestid"]
        eventually(lambda: b"dead-letter" in ask(running, "async", "ls").stdout)
        lines = running.stop().ok().lines
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    if form == "json":
        said = [json.loads(line) for line in lines]
        assert all(re.fullmatch(time, line.pop("time")) for line in said)
        stream = said[1].pop("stream")
        assert said == [
            {"level": "info", "event": "serving", "address": f"127.0.0.1:{running.port}", "functions": "1"},
            {"level": "info", "event": "environment started", "function": "probe"},
            {"level": "warning", "event": "asynchronous event given up", "function": "probe",
             "requestId": sent, "condition": "RetriesExhausted"},
            {"level": "info", "event": "draining"}]
    else:
        stream = lines[1].split("stream=")[1]
        assert [re.sub(f"^{time} ", "", line) for line in lines] == [
            f"info serving address=127.0.0.1:{running.port} functions=1",
            f"info environment started function=probe stream={stream}",
            f"warning asynchronous event given up function=probe requestId={sent} condition=RetriesExhausted",
            "info draining"]
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)


def test_the_daemons_own_log_says_as_much_as_is_asked(lemu):
    with Daemon(lemu, "--log-level", "warning", functions={"probe": probe(lemu)}) as running:
        running.invoke("probe", {})
        assert running.stop().ok().lines == []
    with Daemon(lemu, "--cold", functions={"probe": probe(lemu)}) as running:
        running.invoke("probe", {})
        ended = [line for line in running.stop().ok().lines if " environment ended function=probe stream=" in line]
        assert len(ended) == 1


def test_a_log_that_nobody_reads_holds_up_nobody(lemu):
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    with Sink(lambda _: "error") as sink:
        running = Daemon(lemu, "--async-retries", "0", functions={"probe": probe(lemu)})
        start, lemu.start = lemu.start, lambda *words, **more: start(*words, stderr=write, **more)
        with running:
            lemu.start = start
            for n in range(100):  # more than the pipe holds
                running.invoke("probe", sink.event("a"), invocation_type="Event")
            eventually(lambda: ask(running, "async", "ls").stdout.count(b"dead-letter") == 100)
            assert running.request("GET", "/health").status == 200
    os.close(write)
    os.close(read)


# ---- the state folder

def test_a_second_daemon_on_the_same_state_is_refused(lemu):
    state = lemu.work / "state"
    with Daemon(lemu, "--state-dir", state, functions={"probe": probe(lemu)}) as running:
        second = lemu.run("serve", "--port", "0", "--state-dir", state, "--function", f"probe={probe(lemu)}").ok(3)
        assert f"another lemu serve (process {running.process.pid}) has the state folder {state}" in second.stderr
        assert "lemu stop" in second.stderr
        running.stop(signal.SIGKILL)
        running.result.status = 0  # as asked
    with Daemon(lemu, "--state-dir", state, functions={"probe": probe(lemu)}) as running:
        assert running.invoke("probe", {}).status == 200


def test_a_state_folder_that_cannot_be(lemu):
    (lemu.work / "file").write_text("")
    result = lemu.run("serve", "--port", "0", "--state-dir", lemu.work / "file/state", "--function",
                      f"probe={probe(lemu)}").ok(3)
    assert f"cannot make the state folder {lemu.work}/file/state: Not a directory" in result.stderr


# ---- the end

def test_stop_waits_for_the_end(lemu):
    state = lemu.work / "state"
    for _ in range(5):
        with Daemon(lemu, "--state-dir", state, functions={"probe": probe(lemu)}) as running:
            assert running.invoke("probe", {}).status == 200
            assert ask(running, "stop").stdout == b""
            # Nothing is there any more to be waited for: the folder, the port and the processes are free.
            lemu.run("stop", "--endpoint", running.url).ok(3)
            with Daemon(lemu, "--state-dir", state, functions={"probe": probe(lemu)}):
                pass
            running.result = lemu.finish(running.process)


def test_sigterm_lets_what_runs_finish(lemu):
    gate = threading.Event()
    with Sink(lambda _: gate.wait(60) and "ok") as sink, Daemon(lemu, functions={"probe": probe(lemu)}) as running:
        idle = socket.create_connection(("127.0.0.1", running.port))
        answer = in_background(running.invoke, "probe", sink.event("a"))
        running.invoke("probe", sink.event("b"), invocation_type="Event")
        sink.wait_for(2)
        os.kill(running.process.pid, signal.SIGTERM)
        assert idle.recv(1) == b"", "closed: there is nothing more to be had"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", running.port))
        gate.set()
        assert (answer().status, answer().json()) == (200, {"tag": "a"})
        running.result = lemu.finish(running.process).ok()
        idle.close()


def test_a_large_answer_is_sent_whole_before_the_end(lemu):
    with Daemon(lemu, functions={"probe": probe(lemu)}) as running:
        connection = socket.create_connection(("127.0.0.1", running.port))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        body = b'"' + b"x" * 6_000_000 + b'"'
        connection.sendall(b"POST /2015-03-31/functions/probe/invocations HTTP/1.1\r\nHost: localhost\r\n"
                           b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        received = connection.recv(100)
        os.kill(running.process.pid, signal.SIGTERM)
        while piece := connection.recv(1 << 20):
            received += piece
        connection.close()
        assert received.endswith(body)
        running.result = lemu.finish(running.process).ok()


def test_draining_has_a_limit(lemu):
    with Sink(lambda _: threading.Event().wait(60)) as sink, \
            Daemon(lemu, "--drain-timeout", "300ms", functions={"probe": probe(lemu)}) as running:
        connection = socket.create_connection(("127.0.0.1", running.port))
        body = json.dumps(sink.event("a")).encode()
        connection.sendall(b"POST /2015-03-31/functions/probe/invocations HTTP/1.1\r\nHost: localhost\r\n"
                           b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        sink.wait_for(1)
        result = running.stop().ok()
        assert result.seconds >= 0.3
        assert connection.recv(1) == b""
        connection.close()


def test_a_second_sigterm_ends_at_once(lemu):
    with Sink(lambda _: threading.Event().wait(60)) as sink, \
            Daemon(lemu, "--drain-timeout", "1h", functions={"probe": probe(lemu)}) as running:
        waiting = socket.create_connection(("127.0.0.1", running.port))
        idle = socket.create_connection(("127.0.0.1", running.port))
        body = json.dumps(sink.event("a")).encode()
        waiting.sendall(b"POST /2015-03-31/functions/probe/invocations HTTP/1.1\r\nHost: localhost\r\n"
                        b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        sink.wait_for(1)
        os.kill(running.process.pid, signal.SIGTERM)
        assert idle.recv(1) == b"", "the first was taken"
        running.stop().ok()
        waiting.close()
        idle.close()


def test_what_comes_while_it_ends_is_refused(lemu):
    gate = threading.Event()
    with Sink(lambda _: gate.wait(60) and "ok") as sink, Daemon(lemu, functions={"probe": probe(lemu)}) as running:
        answer = in_background(running.invoke, "probe", sink.event("a"))
        sink.wait_for(1)
        late = socket.create_connection(("127.0.0.1", running.port))
        late.sendall(b"POST /2015-03-31/functions/probe/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{")
        idle = socket.create_connection(("127.0.0.1", running.port))
        eventually(lambda: running.request("GET", "/health").status == 200)  # both were taken
        os.kill(running.process.pid, signal.SIGTERM)
        assert idle.recv(1) == b""
        late.sendall(b"}")
        said = late.makefile("rb").read()
        assert said.startswith(b"HTTP/1.1 503 ") and b"this lemu serve is ending" in said
        assert b"Connection: close" in said
        gate.set()
        assert answer().status == 200
        running.result = lemu.finish(running.process).ok()
        late.close()
        idle.close()


def test_systemd_is_told(lemu):
    path = lemu.work / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(60)
        gate = threading.Event()
        start, lemu.start = lemu.start, lambda *words, **more: start(*words, env={"NOTIFY_SOCKET": str(path)}, **more)
        with Sink(lambda _: gate.wait(60) and "ok") as sink, Daemon(lemu, functions={"probe": probe(lemu)}) as running:
            lemu.start = start
            assert manager.recv(100) == b"READY=1"
            answer = in_background(running.invoke, "probe", sink.event("a"))
            sink.wait_for(1)
            os.kill(running.process.pid, signal.SIGTERM)
            assert manager.recv(100) == b"STOPPING=1"  # while it lets what runs finish
            gate.set()
            assert answer().status == 200
            running.result = lemu.finish(running.process)
