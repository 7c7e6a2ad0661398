# SPDX-License-Identifier: Apache-2.0
"""JSON that is nested so deep that to copy or write it as a document would overflow the stack."""
import base64
import json
import signal

import pytest
from daemon import Daemon, eventually
from harness import HOST_ARCH

pytestmark = pytest.mark.leaves("work/state")

LEVELS = 300_000
DEEP = b"[" * LEVELS + b"]" * LEVELS


def serve(lemu, *options, settings=()):
    function = ",".join([str(lemu.function(HOST_ARCH, "probe")), f"arch={HOST_ARCH}", "timeout=20", *settings])
    return Daemon(lemu, "--state-dir", lemu.work / "state", *options, functions={"probe": function})


def dead_letter(running):
    """The record of the one there is."""
    def there():
        events = running.control("GET", "/_lemu/async").json()["events"]
        return [event["requestId"] for event in events if event["state"] == "dead-letter"]
    request_id = eventually(there)[0]
    shown = running.lemu.run("async", "--endpoint", running.url, "show", request_id).ok().stdout
    return request_id, json.loads(shown)


def test_as_an_event_and_as_its_context(lemu):
    with serve(lemu) as running:
        assert running.invoke("probe", DEEP).body == DEEP
        context = base64.b64encode(b'{"a":' + b"[" * 1300 + b"]" * 1300 + b"}").decode()
        asked = running.invoke("probe", {"do": "headers"}, client_context=context)
        assert asked.json()["Lambda-Runtime-Client-Context"].count("[") == 1300


@pytest.mark.parametrize("cause, body", [(0, DEEP), (1, b'{"errorMessage":"m","errorType":"T"}')], ids=["body", "cause"])
def test_as_an_error(lemu, cause, body):
    event = {"do": "error-nested", "levels": LEVELS, "cause": cause}
    # What is taken apart is nothing that can be, as with aws-lambda-rie, whose parser has a limit too.
    seen = b'"Invalid error body"' if cause else body
    with serve(lemu, "--async-retries", "0") as running:
        answer = running.invoke("probe", event)
        assert (answer.headers["x-amz-function-error"], answer.body) == ("Unhandled", seen)
        assert running.invoke("probe", event, invocation_type="Event").status == 202
        response = dead_letter(running)[1]["responsePayload"]
        assert response == (json.loads(seen) if cause else body.decode())
    local = lemu.run("invoke", lemu.function(HOST_ARCH, "probe"), "--arch", HOST_ARCH, "--data", json.dumps(event))
    assert local.ok(1).stdout.strip() == seen


def test_as_an_accepted_event(lemu):
    with serve(lemu, settings=["handler=init-sleep-10000"]) as running:
        assert running.invoke("probe", DEEP, invocation_type="Event").status == 202
        running.stop(signal.SIGKILL)
        running.result.status = 0
    with serve(lemu, settings=["concurrency=0"]) as running:  # gives it up as it starts
        request_id, record = dead_letter(running)
        assert record["requestPayload"] == record["lemu"]["payload"] == DEEP.decode()
    with serve(lemu) as running:
        running.lemu.run("async", "--endpoint", running.url, "redrive", request_id).ok()
        eventually(lambda: running.control("GET", "/_lemu/async").json() == {"events": []})


def test_as_configuration(lemu):
    config = lemu.work / "config.yaml"
    config.write_bytes(DEEP)
    refused = lemu.run("serve", "--config", config)
    assert refused.status == 2, refused.stderr
