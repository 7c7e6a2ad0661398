# SPDX-License-Identifier: Apache-2.0
"""What a Lambda emulator must show to the letter, through AWS's own SDK (boto3): a test for each check, by its number.

The checks that stand elsewhere, through the same or more SDKs:
11 (aws-lambda-go's chunked answers with trailers) in test_clients.py, every client with the official Go runtime;
12 (streams with a prelude, their frames decoded by the SDK) in test_real_streams.py;
15 (weighted aliases) is no part of lemu, and 18 (one C++ source, two architectures) is in test_report.py.
"""
import base64
import json
import math
import shutil

import pytest
from daemon import Daemon
from harness import FUNCTIONS, exit_error, report_figures

pytestmark = [pytest.mark.needs("boto3"), pytest.mark.leaves("work/logs")]

RESPONSE_LIMIT = 6_291_556
SYNCHRONOUS_LIMIT, ASYNCHRONOUS_LIMIT = 6_291_456, 1_048_576
TAIL_LIMIT = 4096


class Answered:
    """One Invoke's answer as boto3 tells it."""

    def __init__(self, answer):
        assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST"
        self.request_id = answer["ResponseMetadata"]["RequestId"]
        self.error = answer.get("FunctionError")
        self.payload = answer["Payload"].read()
        self.tail = base64.b64decode(answer["LogResult"])
        self.log = self.tail.decode(errors="backslashreplace")

    def json(self):
        assert self.error is None, self.payload
        return json.loads(self.payload)

    @property
    def report(self):
        return report_figures(self.log.splitlines()[-1])


class Served(Daemon):
    """A daemon with one function, the probe unless a package is named, in one of the ways to run it."""

    def __init__(self, lemu, mode, *settings, package=None, options=()):
        program = package or lemu.function(mode.arch, "probe")
        words = [str(program), f"arch={mode.arch}", f"launch={mode.launch}", f"sandbox={mode.sandbox}", *settings]
        self.logs = lemu.work / "logs"
        super().__init__(lemu, "--log-dir", str(self.logs), *options, functions={"checked": ",".join(words)})

    def ask(self, event):
        return Answered(self.boto3().invoke(FunctionName="checked", Payload=json.dumps(event), LogType="Tail"))

    def end(self):
        """Ends the daemon: all lines that its function's environments have logged."""
        self.stop()
        return [line for file in self.logs.rglob("*.log") for line in file.read_text().splitlines()]


def test_1_next_twice_is_the_same_event(lemu, mode):
    with Served(lemu, mode) as served:
        answered = served.ask({"do": "next-twice"})
        said = answered.json()
        assert said["first"] == said["second"] == answered.request_id
        assert said["status"] == 200 and said["same_body"]


def test_2_a_second_response(lemu, mode):
    with Served(lemu, mode) as served:
        assert served.ask({"do": "answer-twice"}).json() == 1
        at_once, after_next = served.ask({"do": "answer-twice"}).json()["notes"]
        assert at_once.startswith("second: 403 ") and '"errorType":"InvalidStateTransition"' in at_once
        assert after_next.startswith("stale: 400 ") and '"errorType":"InvalidRequestID"' in after_next


def test_3_init_error_after_next(lemu, mode):
    with Served(lemu, mode) as served:
        said = served.ask({"do": "init-error"}).json()
        assert said["status"] == 403 and '"errorType":"InvalidStateTransition"' in said["body"]


def test_4_a_response_that_is_too_large(lemu, mode):
    with Served(lemu, mode, "timeout=60") as served:
        refused = served.ask({"do": "respond", "size": RESPONSE_LIMIT + 1, "at": 1})
        assert refused.error == "Unhandled"
        assert json.loads(refused.payload)["errorType"] == "Function.ResponseSizeTooLarge"
        assert "probe: response: 413 " in refused.log
        assert served.ask({"do": "count"}).json() == {"memory": 2, "file": 2}, "the same process goes on"


@pytest.mark.parametrize("event, words", [
    ({"do": "exit", "code": 0}, "Runtime exited without providing a reason"),
    ({"do": "exit", "code": 3}, "Runtime exited with error: exit status 3"),
    ({"do": "signal", "number": 11}, "Runtime exited with error: signal: segmentation fault"),
], ids=["exit-0", "exit-3", "segmentation-fault"])
def test_5_a_runtime_that_ends(lemu, mode, event, words):
    with Served(lemu, mode) as served:
        ended = served.ask(event)
        assert (ended.error, ended.payload) == ("Unhandled", exit_error(ended.request_id, words))
        assert ended.report["Status"] == "error" and ended.report["Error Type"] == "Runtime.ExitError"
        assert served.ask({"x": 1}).json() == {"x": 1}


def test_6_a_timeout(lemu, mode):
    with Served(lemu, mode, "timeout=1") as served:
        event = {"do": "sleep", "ms": 60_000, "at": 2}
        assert served.ask(event).json() == {"memory": 1, "file": 1}
        late = served.ask(event)
        assert (late.error, late.payload.decode()) == ("Unhandled", (
            '{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: %s Error: '
            'Task timed out after 1.00 seconds"}' % late.request_id))
        assert "\tDuration: 1000.00 ms\t" in late.log and late.report["Status"] == "timeout"
        assert served.ask(event).json() == {"memory": 1, "file": 3}, "/tmp survives a reset, memory does not"


def take_away(bootstrap, _):
    bootstrap.unlink()


def forbid(bootstrap, _):
    bootstrap.chmod(0o644)


def build_for_another(bootstrap, arch):
    bootstrap.unlink()
    shutil.copy2(FUNCTIONS / {"arm64": "x86_64", "x86_64": "arm64"}[arch] / "probe/bootstrap", bootstrap)


@pytest.mark.needs("cross-cc")
@pytest.mark.parametrize("spoil, words", [
    (take_away, "no such file or directory"), (forbid, "permission denied"), (build_for_another, "exec format error"),
], ids=["missing", "not-executable", "another-machine"])
def test_7_a_bootstrap_that_cannot_be_run(lemu, mode, spoil, words):
    """With such a bootstrap the daemon does not start (test_failures.py has the words), but one may become so."""
    package = lemu.package(mode.arch)
    with Served(lemu, mode, package=package, options=["--cold"]) as served:
        assert served.ask({"x": 1}).json() == {"x": 1}
        spoil(package / "bootstrap", mode.arch)
        refused = served.ask({"x": 1})
        assert refused.error == "Unhandled"
        assert refused.report["Error Type"] == json.loads(refused.payload)["errorType"]
        assert refused.payload.decode() == (
            '{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: %s Error: '
            'fork/exec /var/task/bootstrap: %s"}' % (refused.request_id, words))


def test_8_a_slow_init(lemu, mode):
    # A tenth of everything: the init limit is 1 s, the function's timeout 3 s of this clock.
    with Served(lemu, mode, "timeout=30", "handler=init-sleep-1200", options=["--timeout-scale", "0.1"]) as served:
        answered = served.ask({"x": 1})
        assert answered.json() == {"x": 1}
        assert answered.report["Duration"] >= 1200 and "Init Duration" not in answered.report
        (line,) = [line for line in served.end() if "INIT_REPORT " in line]
        assert line.endswith("\tPhase: init\tStatus: timeout")


def test_10_no_extension_no_sigterm(lemu, mode):
    heard = "probe: heard SIGTERM"
    with Served(lemu, mode, "timeout=1") as served:
        assert heard in served.ask({"do": "hear-sigterm", "raise": 1}).log, "it would be told"
        assert served.ask({"do": "sleep", "ms": 60_000}).report["Status"] == "timeout"
        served.ask({"do": "hear-sigterm"})
        assert "".join(served.end()).count(heard) == 1, "neither the reset nor the end sends it"


def test_13_the_log_tail(lemu, mode):
    with Served(lemu, mode) as served:
        short = served.ask({"do": "print", "text": "a word"})
        lines = short.log.splitlines()
        assert lines[0] == f"START RequestId: {short.request_id} Version: $LATEST" and "a word" in lines
        assert lines[-1].startswith(f"REPORT RequestId: {short.request_id}\t")
        long = served.ask({"do": "print", "text": "w" * 3000, "lines": 500})
        assert len(long.tail) == TAIL_LIMIT
        assert long.log.splitlines()[-1].startswith(f"REPORT RequestId: {long.request_id}\t")


def test_14_what_is_billed(lemu, mode):
    with Served(lemu, mode, "memory=128") as served:
        report = served.ask({"do": "sleep", "ms": 3}).report
        assert report["Memory Size"] == 128
        assert report["Billed Duration"] == math.ceil(round(report["Duration"] + report["Init Duration"], 2))
    # No answer of Lambda's tells GB-seconds; lemu's own report does: 4 ms of 128 MB are 0.0005.
    (told,) = lemu.invoke(mode, "probe", {}, "--memory", "128", "--report", "json").ok().json_reports
    assert told["metrics"]["billedGBSeconds"] == pytest.approx(told["metrics"]["billedDurationMs"] / 4 * 0.0005)


def test_16_reserved_concurrency_of_0(lemu, mode):
    with Served(lemu, mode, "concurrency=0") as served:
        client = served.boto3()
        with pytest.raises(client.exceptions.TooManyRequestsException) as throttled:
            client.invoke(FunctionName="checked")
        told = throttled.value.response
        assert told["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert told["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


@pytest.mark.parametrize("kind, limit", [("RequestResponse", SYNCHRONOUS_LIMIT), ("Event", ASYNCHRONOUS_LIMIT)])
def test_17_an_event_that_is_too_large(lemu, mode, kind, limit):
    with Served(lemu, mode, "timeout=60") as served:
        client = served.boto3()

        def send(size):
            return client.invoke(FunctionName="checked", InvocationType=kind, Payload=b'"' + b"x" * (size - 2) + b'"')

        with pytest.raises(client.exceptions.ClientError) as refused:
            send(limit + 1)
        told = refused.value.response
        assert (told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Code"]) == (413, "RequestEntityTooLargeException")
        assert send(limit)["StatusCode"] == {"RequestResponse": 200, "Event": 202}[kind]
