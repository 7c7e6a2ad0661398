# SPDX-License-Identifier: Apache-2.0
"""Functions that cannot run, beside one that can."""
import json
import re
import zipfile

import pytest
from daemon import Daemon, eventually
from harness import FOREIGN_ARCH, HOST_ARCH, UUID

pytestmark = pytest.mark.leaves("work/state", "work/lemu.yaml")


def probe(lemu):
    return f"{lemu.function(HOST_ARCH, 'probe')},arch={HOST_ARCH},timeout=60"


def missing_path(lemu):
    return f"{lemu.work}/nowhere", "nowhere"


def no_bootstrap(lemu):
    folder = lemu.folder / "empty"
    folder.mkdir()
    return folder, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"


def wrong_architecture(lemu):
    return f"{lemu.function(FOREIGN_ARCH, 'probe')},arch={HOST_ARCH}", "exec format error"


def corrupt_zip(lemu):
    file = lemu.folder / "corrupt.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(lemu.function(HOST_ARCH, "probe"), "bootstrap")
    file.write_bytes(file.read_bytes()[:1000])
    return file, "corrupt.zip"


def no_interpreter(lemu):
    folder = lemu.folder / "script"
    folder.mkdir()
    (folder / "bootstrap").write_text("#!/no/such/interpreter\n")
    (folder / "bootstrap").chmod(0o755)
    return folder, "no such file or directory"


def not_executable(lemu):
    folder = lemu.folder / "plain"
    folder.mkdir()
    (folder / "bootstrap").write_text("#!/bin/sh\n")
    return folder, "permission denied"


def no_qemu(lemu):
    return f"{lemu.function(FOREIGN_ARCH, 'probe')},arch={FOREIGN_ARCH}", "QEMU"


KINDS = [missing_path, no_bootstrap, wrong_architecture, corrupt_zip, no_interpreter, not_executable, no_qemu]
STREAM = "/2021-11-15/functions/broken/response-streaming-invocations"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_others_are_served(lemu, kind):
    target, words = kind(lemu)
    around = ["env", "PATH=/nowhere"] if kind is no_qemu else []
    options = ["--async-retries", "0", "--state-dir", lemu.work / "state"]
    with Daemon(lemu, *options, functions={"probe": probe(lemu), "broken": target}, around=around) as running:
        for _ in range(2):
            answer = running.invoke("broken", {}, log_type="Tail")
            assert (answer.status, answer.headers["x-amz-function-error"]) == (200, "Unhandled")
            assert answer.headers["x-amz-executed-version"] == "$LATEST"
            said = answer.json()
            assert list(said) == ["errorType", "errorMessage"] and said["errorType"] == "Runtime.InvalidEntrypoint"
            assert re.fullmatch(rf"RequestId: {UUID} Error: .+", said["errorMessage"], re.DOTALL)
            assert words in said["errorMessage"], said
            assert running.invoke("probe", {"n": 1}).json() == {"n": 1}
        streamed = running.request("POST", STREAM, b"{}")
        assert streamed.status == 200 and b"Runtime.InvalidEntrypoint" in streamed.body
        served = lemu.run("invoke", "--endpoint", running.url, "broken").ok(1)
        assert served.json()["errorType"] == "Runtime.InvalidEntrypoint"
        assert served.report["Error Type"] == "Runtime.InvalidEntrypoint"
        sent = running.invoke("broken", {}, invocation_type="Event").headers["x-amzn-requestid"]
        eventually(lambda: any(event["state"] == "dead-letter" and event["requestId"] == sent
                               for event in running.control("GET", "/_lemu/async").json()["events"]))
        log = lemu.run("logs", "--endpoint", running.url, "broken").ok().stdout.decode()
        assert log.count("START RequestId: ") == log.count("END RequestId: ") == log.count("REPORT RequestId: ") >= 4
        errors = re.search(rb'lemu_errors_total\{function="broken"\} (\d+)', running.request("GET", "/metrics").body)
        assert int(errors.group(1)) >= 4
        lines = running.stop().ok().lines
    told = [line for line in lines if " warning " in line and "function broken: " in line]
    assert len(told) == 1 and "; it answers Runtime.InvalidEntrypoint" in told[0]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_strictly_they_are_not(lemu, kind):
    target, _ = kind(lemu)
    around = ["env", "PATH=/nowhere"] if kind is no_qemu else []
    result = lemu.run("serve", "--port", "0", "--strict", "--function", f"probe={probe(lemu)}",
                      "--function", f"broken={target}", around=around)
    assert result.status in (2, 3) and "lemu: error: function broken: " in result.stderr and result.stdout == b""


def test_with_none_that_runs_there_is_nothing_to_serve(lemu):
    result = lemu.run("serve", "--port", "0", "--function", "one=nowhere", "--function", "two=nowhere").ok(2)
    assert "function two: " in result.stderr


@pytest.mark.parametrize("settings, status", [
    ("memory=1", 2), ("timeout=901", 2), ("arch=mips", 2), ("cpu=none", 2), ("qemu=/nowhere", 2), ("sysroot=/nowhere", 2),
    ("region=nowhere", 2), ("env-file=nowhere", 2), ("launch=host-binfmt", 3),
])
def test_what_options_ask_for_in_vain_ends_the_start(lemu, settings, status):
    broken = f"{lemu.function(FOREIGN_ARCH, 'probe')},{settings}"
    result = lemu.run("serve", "--port", "0", "--function", f"probe={probe(lemu)}", "--function", f"broken={broken}")
    assert result.status == status and "broken" in result.stderr, result


def test_in_a_file(lemu):
    (lemu.work / "lemu.yaml").write_text(json.dumps({
        "port": 0, "functions": {"probe": str(lemu.function(HOST_ARCH, "probe")), "broken": {"path": "nowhere"}}}))
    with Daemon(lemu, "--config", "lemu.yaml") as running:
        assert running.invoke("broken", {}).json()["errorType"] == "Runtime.InvalidEntrypoint"
        assert running.invoke("probe", {"n": 1}).json() == {"n": 1}
        assert "lemu.yaml: line 1" in running.stop().ok().stderr
    text = (lemu.work / "lemu.yaml").read_text().replace('"port"', '"strict": true, "port"')
    (lemu.work / "lemu.yaml").write_text(text)
    assert "function broken: " in lemu.run("serve", "--config", "lemu.yaml").ok(2).stderr
