# SPDX-License-Identifier: Apache-2.0
"""Asynchronous invocation: on disk before the 202, tried again as Lambda does, given up into a folder, redriven."""
import json
import re
import signal
import sqlite3
import subprocess
import threading
import time

import pytest
from daemon import Daemon, eventually
from harness import HOST_ARCH, UUID
from sink import Sink

pytestmark = pytest.mark.leaves("work/state", "work/out")

SCALE = 0.002  # of Lambda's one and two minutes
FIRST_DELAY, SECOND_DELAY = 60 * SCALE, 120 * SCALE


def serve(lemu, *options, settings=()):
    function = ",".join([str(lemu.function(HOST_ARCH, "probe")), f"arch={HOST_ARCH}", "timeout=60", *settings])
    return Daemon(lemu, "--state-dir", lemu.work / "state", "--async-delay-scale", SCALE, *options,
                  functions={"probe": function})


def send(running, sink, tag):
    """Sends an Event; its request id."""
    answer = running.invoke("probe", sink.event(tag), invocation_type="Event")
    assert (answer.status, answer.body) == (202, b"")
    assert "x-amz-executed-version" not in answer.headers
    return answer.headers["x-amzn-requestid"]


def journal(lemu):
    """The request ids of the events on disk, read beside the daemon."""
    with sqlite3.connect(f"file:{lemu.work}/state/journal.db?mode=ro", uri=True) as database:
        return [row[0] for row in database.execute("SELECT request_id FROM event")]


def listed(running):
    """What `lemu async ls` shows, a dictionary for each event."""
    lines = running.lemu.run("async", "--endpoint", running.url, "ls").ok().stdout.decode().splitlines()
    heads = lines[0].split()
    return [dict(zip(heads, re.split(r" {2,}", line))) for line in lines[1:]]


def dead_letters(running):
    return [event for event in listed(running) if event["STATE"] == "dead-letter"]


def record_of(running, request_id):
    return json.loads(running.lemu.run("async", "--endpoint", running.url, "show", request_id).ok().stdout)


def held(gate):
    """A sink's decision that waits for the test."""
    def decide(_):
        gate.wait(60)
        return "ok"
    return decide


@pytest.mark.needs("boto3")
def test_an_event_is_on_disk_before_the_answer(lemu):
    gate = threading.Event()
    with Sink(held(gate)) as sink, serve(lemu) as running:
        answer = running.boto3().invoke(FunctionName="probe", InvocationType="Event",
                                        Payload=json.dumps(sink.event("a")))
        request_id = answer["ResponseMetadata"]["RequestId"]
        assert answer["StatusCode"] == 202 and re.fullmatch(UUID, request_id)
        assert journal(lemu) == [request_id]
        assert sink.wait_for(1)[0].request_id == request_id
        assert listed(running) == [{"REQUEST-ID": request_id, "FUNCTION": "probe", "STATE": "running",
                                    "ATTEMPTS": "0", "DUE": "-"}]
        gate.set()
        eventually(lambda: journal(lemu) == [])
        assert listed(running) == []


@pytest.mark.needs("awscli-2")
def test_the_aws_cli_sends_one(lemu):
    with Sink() as sink, serve(lemu) as running:
        ran = subprocess.run(
            ["/usr/bin/aws", "lambda", "invoke", "--endpoint-url", running.url, "--function-name", "probe",
             "--invocation-type", "Event", "--payload", json.dumps(sink.event("cli")), "--cli-binary-format",
             "raw-in-base64-out", str(lemu.work / "out")], capture_output=True, text=True,
            env={**lemu.environment, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
                 "AWS_DEFAULT_REGION": "us-east-1"})
        assert ran.returncode == 0, ran.stderr
        assert json.loads(ran.stdout) == {"StatusCode": 202}
        sink.wait_for(1, "cli")


def test_a_killed_daemon_loses_no_event(lemu):
    gate = threading.Event()
    with Sink(held(gate)) as sink:
        with serve(lemu) as running:
            sent = [send(running, sink, f"n{n}") for n in range(5)]
            sink.wait_for(5)
            running.stop(signal.SIGKILL)
            running.result.status = 0  # what is asked of a daemon that ends by itself
        assert sorted(journal(lemu)) == sorted(sent)
        gate.set()
        before = len(sink.told)
        with serve(lemu):
            again = sink.wait_for(before + 5)[before:]
            assert sorted(told.request_id for told in again) == sorted(sent)
            eventually(lambda: journal(lemu) == [])


def test_an_error_is_tried_twice_more_then_given_up(lemu):
    times, verdict = [], ["error"]

    def decide(_):
        times.append(time.monotonic())
        return verdict[0]
    with Sink(decide) as sink, serve(lemu) as running:
        request_id = send(running, sink, "a")
        eventually(lambda: dead_letters(running))
        assert [told.request_id for told in sink.told] == [request_id] * 3
        assert times[1] - times[0] >= FIRST_DELAY and times[2] - times[1] >= SECOND_DELAY
        record = record_of(running, request_id)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("timestamp"))
        assert record.pop("lemu")["function"] == "probe"
        assert record == {
            "version": "1.0",
            "requestContext": {"requestId": request_id,
                               "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:probe",
                               "condition": "RetriesExhausted", "approximateInvokeCount": 3},
            "requestPayload": sink.event("a"),
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": {"errorMessage": "told to", "errorType": "Told"}}
        assert (lemu.work / "state/dead-letters/probe" / f"{request_id}.json").is_file()
        assert journal(lemu) == []

        verdict[0] = "ok"
        lemu.run("async", "--endpoint", running.url, "redrive", request_id).ok()
        assert sink.wait_for(4)[3].request_id == request_id
        eventually(lambda: listed(running) == [])
        gone = lemu.run("async", "--endpoint", running.url, "redrive", request_id).ok(2)
        assert f"there is no dead letter with the request id {request_id}" in gone.stderr


@pytest.mark.parametrize("failure", ["error", "exit"])
def test_a_later_success_ends_it(lemu, failure):
    verdicts = [failure, failure, "ok"]
    with Sink(lambda _: verdicts.pop(0)) as sink, serve(lemu) as running:
        request_id = send(running, sink, "a")
        assert {told.request_id for told in sink.wait_for(3)} == {request_id}
        eventually(lambda: listed(running) == [])


def test_fewer_retries(lemu):
    with Sink(lambda _: "error") as sink, serve(lemu, "--async-retries", "0") as running:
        request_id = send(running, sink, "a")
        eventually(lambda: dead_letters(running))
        assert record_of(running, request_id)["requestContext"]["approximateInvokeCount"] == 1
        assert len(sink.told) == 1


def test_an_event_that_is_too_old_is_given_up(lemu):
    with Sink(lambda _: "error") as sink, serve(lemu, "--async-delay-scale", "1", "--async-max-age", "30s") as running:
        request_id = send(running, sink, "a")
        eventually(lambda: dead_letters(running))
        context = record_of(running, request_id)["requestContext"]
        assert (context["condition"], context["approximateInvokeCount"]) == ("EventAgeExceeded", 1)
        assert len(sink.told) == 1


def test_one_functions_own_retries_and_age(lemu):
    probe = lemu.function(HOST_ARCH, "probe")
    functions = {"never": f"{probe},async-retries=0", "once": f"{probe},async-retries=1", "plain": str(probe),
                 "young": f"{probe},async-max-age=30s,async-delay-scale=1"}
    with Sink(lambda _: "error") as sink, Daemon(lemu, "--state-dir", lemu.work / "state", "--async-delay-scale", "0.0001",
                                                 functions=functions) as running:
        ids = {name: running.invoke(name, sink.event(name), invocation_type="Event").headers["x-amzn-requestid"]
               for name in functions}
        eventually(lambda: len(dead_letters(running)) == 4)
        given_up = {name: record_of(running, ids[name])["requestContext"] for name in functions}
        assert {name: (context["condition"], context["approximateInvokeCount"]) for name, context in given_up.items()} == {
            "never": ("RetriesExhausted", 1), "once": ("RetriesExhausted", 2), "young": ("EventAgeExceeded", 1),
            "plain": ("RetriesExhausted", 3)}
        assert {name: sink.count(name) for name in functions} == {"never": 1, "once": 2, "young": 1, "plain": 3}


def test_what_waits_for_its_retry_tells_when_that_is(lemu):
    with Sink(lambda _: "error") as sink, serve(lemu, "--async-delay-scale", "1") as running:
        request_id = send(running, sink, "a")
        row = eventually(lambda: [event for event in listed(running) if event["STATE"] == "waiting"])[0]
        assert (row["REQUEST-ID"], row["ATTEMPTS"]) == (request_id, "1")
        assert re.fullmatch(r"in (\d|[1-5]\d|60)s", row["DUE"]) and len(sink.told) == 1


def test_throttled_events_run_as_soon_as_there_is_room(lemu):
    with Sink() as sink, serve(lemu, "--async-delay-scale", "1", settings=["concurrency=1"]) as running:
        sent = [send(running, sink, f"n{n}") for n in range(8)]
        # Lambda's back-offs in one step would be 1 + 2 + 4 + ... s: in vain at the 20 s that this waits.
        assert [told.request_id for told in sink.wait_for(8)] == sent
        eventually(lambda: listed(running) == [])


def test_a_throttled_event_waits_and_that_is_no_attempt(lemu):
    gate = threading.Event()
    with Sink(held(gate)) as sink, serve(lemu, settings=["concurrency=1"]) as running:
        send(running, sink, "first")
        sink.wait_for(1)
        waiting = send(running, sink, "second")
        assert running.invoke("probe", sink.event("third")).status == 429
        counted = re.compile(rb'lemu_throttles_total\{function="probe"\} (\d+)')
        eventually(lambda: int(counted.search(running.request("GET", "/metrics").body).group(1)) >= 5)
        assert {event["REQUEST-ID"]: event["ATTEMPTS"] for event in listed(running)}[waiting] == "0"
        gate.set()
        assert sink.wait_for(2)[1].request_id == waiting


def test_a_function_that_may_not_run(lemu):
    with Sink() as sink, serve(lemu, settings=["concurrency=0"]) as running:
        request_id = send(running, sink, "a")
        eventually(lambda: dead_letters(running))
        record = record_of(running, request_id)
        assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"
        assert record["requestContext"]["approximateInvokeCount"] == 0 and "responseContext" not in record
        assert sink.told == []


def test_an_event_waits_for_a_daemon_that_serves_its_function(lemu):
    gate = threading.Event()
    with Sink(held(gate)) as sink:
        with serve(lemu, "--drain-timeout", "0s") as running:
            request_id = send(running, sink, "a")
            sink.wait_for(1)
        gate.set()
        with Daemon(lemu, "--state-dir", lemu.work / "state",
                    functions={"other": lemu.function(HOST_ARCH, "probe")}) as running:
            eventually(lambda: [event["REQUEST-ID"] for event in listed(running)] == [request_id])
        with serve(lemu):
            assert sink.wait_for(2)[1].request_id == request_id


def test_invoke_async_and_the_limit(lemu):
    with Sink() as sink, serve(lemu) as running:
        answer = running.request("POST", "/2014-11-13/functions/probe/invoke-async/", json.dumps(sink.event("old")))
        assert answer.status == 202
        sink.wait_for(1, "old")
        large = running.invoke("probe", b'"' + b"x" * 1048575 + b'"', invocation_type="Event")
        assert (large.status, large.headers["x-amzn-errortype"]) == (413, "RequestEntityTooLargeException")
        assert large.json()["Message"] == ("1048577 byte payload is too large for the Event invocation type "
                                           "(limit 1048576 bytes)")
        assert running.invoke("probe", b"{", invocation_type="Event").status == 400


def test_a_damaged_journal_is_kept_aside(lemu):
    state = lemu.work / "state"
    state.mkdir()
    (state / "journal.db").write_bytes(b"no database " * 1000)
    with Sink() as sink, serve(lemu) as running:
        send(running, sink, "a")
        sink.wait_for(1)
        log = running.stop().ok().stderr
        assert "the journal of asynchronous events was damaged; it is kept as" in log
    assert (state / f"journal.db.damaged-{running.process.pid}").read_bytes().startswith(b"no database")
