# SPDX-License-Identifier: Apache-2.0
"""`lemu serve --config`, and what its environments do between invocations."""
import json
import os
import pathlib
import signal
import socket
import threading
import time

import capabilities
import pytest
from daemon import Daemon, at_once, eventually
from harness import HOST_ARCH, POOR_HOST
from sink import Sink
from test_serve_faults import children_below

pytestmark = pytest.mark.leaves("work/state")


@pytest.mark.needs("userns")
def test_a_function_has_its_own_size_of_tmp(lemu):
    function = lemu.function(HOST_ARCH, "probe")
    (lemu.work / "lemu.yaml").write_text(f"port: 0\nephemeral-storage: 600MB\nfunctions:\n  large: {function}\n")
    with Daemon(lemu, "--config", lemu.work / "lemu.yaml", functions={"usual": f"{function},ephemeral-storage=512"}) as running:
        for name, size in (("large", 600), ("usual", 512)):
            filled = running.invoke(name, {"do": "fill", "path": "/tmp/big", "mb": 650}).json()
            assert filled["error"] == "ENOSPC" and (size - 12) << 20 < filled["written"] <= size << 20


def test_a_configuration_file(lemu):
    folder = lemu.work / "app"
    folder.mkdir()
    (folder / "bootstrap").symlink_to(lemu.function(HOST_ARCH, "probe"))
    (folder / "more.env").write_text("FROM_FILE=yes\n")
    (folder / "lemu.yaml").write_text(f"""\
# What a project keeps beside its functions.
port: 0
host-name: [lambda.test, other.test]
timeout: 7
cold: false
functions:
  plain: ./bootstrap
  set:
    path: {lemu.function(HOST_ARCH, "probe")}
    memory: 256
    timeout: 30
    env: {{STAGE: test, NUMBER: 1}}
    env-file: more.env
    concurrency: 0x
""")
    wrong = lemu.run("serve", "--config", folder / "lemu.yaml").ok(2)
    assert f"{folder}/lemu.yaml: line 14, column 18: function set: concurrency: '0x' is not a whole number" in wrong.stderr
    text = (folder / "lemu.yaml").read_text().replace("concurrency: 0x", "concurrency: 1")
    (folder / "lemu.yaml").write_text(text)
    with Daemon(lemu, "--config", folder / "lemu.yaml", "--timeout", "9",
                functions={"third": f"{lemu.function(HOST_ARCH, 'probe')}"}) as running:
        environment = running.invoke("set", {"do": "env"}).json()
        assert (environment["STAGE"], environment["NUMBER"], environment["FROM_FILE"]) == ("test", "1", "yes")
        assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
        for name in ("plain", "third"):
            assert running.invoke(name, {"n": 1}).json() == {"n": 1}
        health = running.request("GET", "/health", headers={"Host": "other.test"})
        assert health.status == 200
        # The command line goes over what the file says of all functions, and under what it says of one.
        for name, seconds in (("plain", 9), ("set", 30)):
            begin = time.time()
            seen = {field.lower(): value for field, value in running.invoke(name, {"do": "headers"}).json().items()}
            deadline = int(seen["lambda-runtime-deadline-ms"]) / 1000
            assert begin + seconds - 0.001 <= deadline <= time.time() + seconds


@pytest.mark.parametrize("text, words", [
    ("functions: [", "lemu.yaml: line 1, column 1: "),
    ("functions: [a]", "lemu.yaml: line 1, column 12: functions is no map of names"),
    ("functions:\n  a: {timeout: 3}", "lemu.yaml: line 2, column 6: a has no path"),
    ("functions:\n  a: {path: b, timeot: 3}", "lemu.yaml: line 2, column 24: function a: timeot: 'timeot' is none of "),
    ("functions:\n  a: {path: b, env: {X: [1]}}", "lemu.yaml: line 2, column 25: env.X takes a text, a number, or true"),
    ("prot: 1\nfunctions: {a: b}", "lemu.yaml: line 1, column 7: prot: 'prot' is none of "),
    ("functions: {a: b}\nport: 99999", "lemu.yaml: line 2, column 7: port: '99999' is not a port"),
    ("timeout: 3\ntimeout: 3\nfunctions: {a: b}", "lemu.yaml: line 2, column 1: timeout stands there twice"),
    ("functions:\n  a: b\n  a: c", "lemu.yaml: line 3, column 3: a stands there twice"),
    ("functions:\n  a: {path: b, env: {AB: [c]}}", "lemu.yaml: line 2, column 26: env.AB takes a text"),
    ("timeout:\nfunctions: {a: b}", "lemu.yaml: line 1, column 1: timeout has no value"),
    ("? [a]\n: 3\nfunctions: {a: b}", "lemu.yaml: line 1, column 3: a key is a text"),
    ("state-dir: state\nfunctions:\n  a: {path: nowhere}", "lemu.yaml: line 3, column 13: function a: "),
    ("cold: maybe\nfunctions: {a: b}", "lemu.yaml: line 1, column 7: cold: 'maybe' is neither true nor false"),
    ("functions:\n  a: {path: b, queue: 1}", "lemu.yaml: line 2, column 23: function a: queue: '1' is neither true nor false"),
    ("functions:\n  a: {path: b, keep: true}", "'keep' is none of "),
    ("functions:\n  a: {path: b, port: 1}", "'port' is none of "),
    ("- a", "lemu.yaml: line 1, column 1: the file is no map of settings"),
    ("port: 0", "no function to serve"),
    ("a: &a [*a, *a]\nfunctions: {a: b}", "lemu.yaml: line "),
    ("[" * 5000, "lemu.yaml: line 1, column "),
], ids=["broken", "list", "no-path", "typo", "deep", "unknown", "port", "twice", "function-twice", "no-text",
        "no-value", "key", "no-file", "flag", "function-flag", "not-served", "daemons", "no-map", "nothing", "loop", "nested"])
def test_a_file_that_is_wrong_is_told_where(lemu, text, words):
    (lemu.work / "lemu.yaml").write_text(text)
    said = lemu.run("serve", "--config", "lemu.yaml").ok(2).stderr
    assert words in said, said


def test_one_functions_own_environments(lemu):
    """cold, freeze and queue of one function, over what is said of all; from a file and from the command line."""
    probe = lemu.function(HOST_ARCH, "probe")
    (lemu.work / "lemu.yaml").write_text(f"""\
port: 0
cold: true
functions:
  fresh: {probe}
  warm: {{path: {probe}, cold: false}}
""")
    with Daemon(lemu, "--config", "lemu.yaml", functions={
            "kept": f"{probe},cold=false,freeze", "narrow": f"{probe},concurrency=1", "wide": f"{probe},concurrency=1,queue",
    }) as running:
        for name, counts in (("fresh", [1, 1]), ("warm", [1, 2]), ("kept", [1, 2])):
            assert [running.invoke(name, {"do": "count"}).json()["memory"] for _ in range(2)] == counts, name
        assert len(eventually(lambda: stopped(running.process.pid))) == 1  # kept's alone
        def statuses(name):
            return {answer.status for answer in at_once(4, lambda: running.invoke(name, {"do": "sleep", "ms": 300}))}
        assert statuses("narrow") == {200, 429} and statuses("wide") == {200}


@pytest.mark.parametrize("text, words", [
    ("a=b,cold=yes", "--function a: cold: 'yes' is neither true nor false"),
    ("a=b,cool", "--function a: cool: 'cool' is none of "),
    ("a=b,arch", "--function a: arch: '' is none of "),
    ("a=b,keep", "'keep' is none of "),
    ("a=b,async-retries=3", "--function a: async-retries: '3' is none of 0, 1, 2"),
    ("a", "--function: 'a' is not written NAME=PATH"),
    ("a=b,=c", "--function: '=c' is not written NAME=PATH"),
], ids=["switch", "typo", "no-value", "not-served", "retries", "no-path", "no-key"])
def test_a_function_that_is_written_wrong(lemu, text, words):
    said = lemu.run("serve", "--function", text).ok(2).stderr
    assert words in said, said


def test_no_such_file(lemu):
    assert "--config: " in lemu.run("serve", "--config", "nowhere.yaml").ok(2).stderr


def stopped(pid):
    """{descendant that is stopped: its processor time}; see proc(5)."""
    found = {}
    for child in children_below(pid):
        with open(f"/proc/{child}/stat", encoding="ascii", errors="replace") as stat:
            rest = stat.read().rpartition(")")[2].split()
        if rest[0] == "T":
            found[child] = int(rest[11]) + int(rest[12])
    return found


@pytest.mark.parametrize("sandbox", ["on", "off"])
def test_frozen_between_invocations(lemu, sandbox):
    probe = f"{lemu.function(HOST_ARCH, 'probe')},sandbox={sandbox},timeout=60"
    with Daemon(lemu, "--freeze", "--concurrency", "1", "--queue", functions={"probe": probe}) as running:
        for number in range(3):
            # A child floods the log for ever, while the function answers.
            assert running.invoke("probe", {"do": "flood", "background": 1}).json() == "flooding"
            frozen = eventually(lambda: (lambda seen: len(seen) == number + 2 and seen)(stopped(running.process.pid)))
            assert stopped(running.process.pid) == frozen, "the function and its children, all of them"
            assert running.invoke("probe", {"n": number}).json() == {"n": number}


def let_time_pass(running, seconds=1):
    """Another function sleeps."""
    running.invoke("clock", {"do": "sleep", "ms": int(seconds * 1000)})


@pytest.mark.needs("freezer")
@pytest.mark.parametrize("sandbox", ["on", "off"])
def test_frozen_although_a_timer_continues_it(lemu, sandbox):
    """The kernel continues the processes every millisecond (SIGCONT), and they do not run all the same."""
    probe = lemu.function(HOST_ARCH, "probe")
    functions = {"probe": f"{probe},sandbox={sandbox},freeze,concurrency=1,queue", "clock": probe}
    with Daemon(lemu, functions=functions) as running:
        for _ in range(2):
            before = running.invoke("probe", {"do": "restless"}).json()["ticks"]
            let_time_pass(running)
            after = running.invoke("probe", {"do": "restless"}).json()["ticks"]
            assert after - before < 400, "a second is some 900 ticks"
            assert running.invoke("probe", {"n": 1}).json() == {"n": 1}
        said = running.stop().stderr
    assert "frozen between invocations by the kernel (cgroup.freeze)" in said


def freezer_groups(pid):
    """The events of that lemu's control groups."""
    return [path.read_text() for path in pathlib.Path("/sys/fs/cgroup").rglob(f"lemu-{pid}-*/cgroup.events")]


@pytest.mark.leaves("work/state", "file tmp/lemu-")
@pytest.mark.needs("freezer")
@pytest.mark.parametrize("sandbox", ["on", "off"])
def test_no_group_outlives_a_killed_lemu(lemu, sandbox):
    probe = f"{lemu.function(HOST_ARCH, 'probe')},sandbox={sandbox},freeze"
    running = Daemon(lemu, functions={"probe": probe}).__enter__()
    assert running.invoke("probe", {"do": "restless"}).status == 200
    eventually(lambda: any("frozen 1" in events for events in freezer_groups(running.process.pid)))
    running.process.kill()
    lemu.finish(running.process)
    assert eventually(lambda: not freezer_groups(running.process.pid))


def test_stopped_again_where_the_kernel_does_not_freeze(lemu):
    """Without a control group of its own, a function's processes that are continued are stopped again."""
    capabilities.require("poor-hosts")
    probe = f"{lemu.function(HOST_ARCH, 'probe')},freeze"
    around = [str(POOR_HOST), "--read-only-cgroups", "--"]
    with Daemon(lemu, functions={"probe": probe}, around=around) as running:
        assert running.invoke("probe", {"do": "fork", "n": 1}).status == 200
        for _ in range(3):
            frozen = eventually(lambda: (lambda seen: len(seen) == 2 and seen)(stopped(running.process.pid)))
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
            assert eventually(lambda: len(stopped(running.process.pid)) == 2)
        said = running.stop().stderr
    assert "stopped between invocations by a signal" in said and "cgroup" in said


def test_what_waits_for_a_caller_that_has_gone_is_not_run(lemu):
    gate = threading.Event()
    probe = f"{lemu.function(HOST_ARCH, 'probe')},timeout=60"
    with Sink(lambda _: gate.wait(60) and "ok") as sink, \
            Daemon(lemu, "--queue", "--concurrency", "1", "--queue-limit", "2", functions={"probe": probe}) as running:
        def call(tag):
            body = json.dumps(sink.event(tag)).encode()
            connection = socket.create_connection(("127.0.0.1", running.port))
            connection.sendall(b"POST /2015-03-31/functions/probe/invocations HTTP/1.1\r\nHost: localhost\r\n"
                               b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            return connection

        def queued(number):
            line = f'lemu_queued_invocations{{function="probe"}} {number}\n'
            return line.encode() in running.request("GET", "/metrics").body
        with call("first"):
            sink.wait_for(1)
            gone, half = call("gone"), call("half")
            eventually(lambda: queued(2))
            assert running.invoke("probe", sink.event("too many")).status == 429
            gone.close()
            eventually(lambda: queued(1))
            half.shutdown(socket.SHUT_WR)  # may still read, so it is told
            with half, half.makefile("rb") as answer:
                assert b"closed its side of the connection while the invocation waited" in answer.read()
            with call("last"):
                gate.set()
                assert [told.tag for told in sink.wait_for(2)] == ["first", "last"]
