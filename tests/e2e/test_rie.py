# SPDX-License-Identifier: Apache-2.0
"""`lemu rie` in place of aws-lambda-rie: its command line, variables, path, answers and output."""
import http.client
import json
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys

import pytest
from capabilities import has_interpreter
from daemon import Daemon
from harness import HOST_ARCH, REPO, STAGE, TOOLS, UUID
from stream_gate import StreamGate

PATH = "/2015-03-31/functions/function/invocations"
REPORT = (r"REPORT RequestId: (%s)\t(Init Duration: \d+\.\d\d ms\t)?Duration: \d+\.\d\d ms\tBilled Duration: \d+ ms\t"
          r"Memory Size: 3008 MB\tMax Memory Used: \d+ MB\t" % UUID)
ADDRESSES = ["--runtime-interface-emulator-address", "127.0.0.1:0", "--runtime-api-address", "127.0.0.1:0"]


class Rie:
    """Started in a `with`, ended by SIGTERM."""

    def __init__(self, lemu, *words, env=None, program=None):
        self.lemu, self.words, self.env, self.program = lemu, words, env or {}, program

    def __enter__(self):
        if self.program:
            self.process = subprocess.Popen([str(word) for word in (self.program, *ADDRESSES, *self.words)], cwd=self.lemu.work,
                                            env={**self.lemu.environment, **self.env}, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        else:
            self.process = self.lemu.start("rie", *ADDRESSES, *self.words, env=self.env)
        self.told = []
        while True:
            line = self.process.stderr.readline().decode()
            assert line, self.lemu.finish(self.process)
            self.told.append(line)
            ready = re.search(r"Listening on 127\.0\.0\.1:(\d+)\n", line)
            if ready:
                self.port = int(ready.group(1))
                return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.result = self.lemu.finish(self.process).ok()
        self.out = self.result.stdout.decode().splitlines()

    def send(self, body, path=PATH, method="POST", headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body if isinstance(body, str) else json.dumps(body), headers or {})
        return connection

    def invoke(self, body, **more):
        connection = self.send(body, **more)
        answer = connection.getresponse()
        result = answer.status, answer.read().decode()
        self.headers = dict(answer.getheaders())
        connection.close()
        return result


@pytest.fixture
def probe(lemu):
    return lemu.function(HOST_ARCH, "probe")


def test_answers_and_output(lemu, probe):
    with Rie(lemu, probe) as rie:
        assert rie.invoke('{"a":1}') == (200, '{"a":1}')
        assert rie.headers == {"Content-Type": "text/plain; charset=utf-8", "Content-Length": "7"}
        assert rie.invoke({"do": "print", "text": "heard"}) == (200, "null")
        assert rie.invoke({"do": "error"}) == (200, '{"errorMessage":"asked for","errorType":"Asked"}')
        assert rie.invoke("", method="GET") == (200, "")
    lines = iter(rie.out)
    for number in range(4):
        started = re.fullmatch(rf"START RequestId: ({UUID}) Version: \$LATEST", next(lines))
        if number == 1:
            assert next(lines) == "heard"
        assert next(lines) == f"END RequestId: {started.group(1)}"
        report = re.fullmatch(REPORT, next(lines))
        assert report.group(1) == started.group(1) and bool(report.group(2)) == (number == 0)
    assert not list(lines)
    assert re.fullmatch(rf"\d\d \w{{3}} \d{{4}} [\d:]{{8}},\d{{3}} \[INFO\] \(rapid\) exec '{re.escape(str(probe))}' "
                        rf"\(cwd={re.escape(str(lemu.work))}, handler=\)\n", rie.told[0])


def test_a_stream_that_fails_is_answered_with_its_error(lemu, probe):
    event = {"do": "respond", "size": 9, "chunked": 1, "trailers": 1, "mode": "streaming", "failed": "Runtime.X"}
    with Rie(lemu, probe) as rie:
        assert rie.invoke(event) == (200, '{"errorType":"X"}')
    with Daemon(lemu, functions={"probe": probe}) as running:
        answer = running.invoke("probe", event)
        assert (answer.headers["x-amz-function-error"], answer.body) == ("Unhandled", b'{"errorType":"X"}')


def test_a_working_folder_that_is_not_there(lemu, probe):
    start, lemu.start = lemu.start, lambda *words, **more: start(
        *words, around=["sh", "-c", 'mkdir gone && cd gone && exec "$@"', "sh"], **more)
    with Rie(lemu, probe) as rie:
        lemu.start = start
        (lemu.work / "gone").rmdir()
        status, body = rie.invoke("{}")
        assert status == 502 and json.loads(body)["errorType"] == "Runtime.InvalidWorkingDir"
        assert json.loads(body)["errorMessage"].endswith(f" Error: the working directory doesn't exist: {lemu.work}/gone")
        assert rie.invoke("{}")[0] == 502


def test_nothing_is_started_before_the_first_invocation(lemu):
    (lemu.work / "bootstrap").write_text("#!/bin/sh\ntouch started\nexit 3\n")
    (lemu.work / "bootstrap").chmod(0o755)
    with Rie(lemu, "./bootstrap") as rie:
        assert not (lemu.work / "started").exists()
        status, body = rie.invoke("{}")
        assert status == 502 and json.loads(body)["errorType"] == "Runtime.ExitError"
        (lemu.work / "started").unlink()


def test_failures_of_the_function(lemu, probe):
    with Rie(lemu, probe, env={"AWS_LAMBDA_FUNCTION_TIMEOUT": "1"}) as rie:
        status, body = rie.invoke({"do": "exit", "code": 3})
        assert status == 502 and body.endswith('Error: Runtime exited with error: exit status 3"}')
        assert rie.invoke({"do": "sleep", "ms": 60_000}) == (200, "Task timed out after 1.00 seconds")
        assert rie.invoke('{"a":1}') == (200, '{"a":1}')
    assert [line.split()[0] for line in rie.out] == ["START", "START", "END", "REPORT", "START", "END", "REPORT"]
    assert "\tDuration: 1000.00 ms\tBilled Duration: 1000 ms\t" in rie.out[3]


def test_a_program_that_is_not_there(lemu):
    with Rie(lemu, "no-such-program") as rie:
        assert rie.invoke("{}")[0] == 502
        assert rie.invoke("{}")[0] == 502


def test_a_second_invocation_at_once_is_refused(lemu, probe):
    with Rie(lemu, probe) as rie, StreamGate() as gate:
        first = rie.send({"do": "stream", "text": "one", "gate": gate.port})
        gate.written_at()
        assert rie.invoke("{}") == (400, "")
        gate.open()
        answer = first.getresponse()
        assert (answer.status, answer.read()) == (200, b"one")
        first.close()


def test_a_function_has_the_limit_on_open_files_that_lemu_was_given(lemu, probe):
    def usual():
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, 2000))
    start, lemu.start = lemu.start, lambda *words, **more: start(*words, preexec_fn=usual, **more)
    with Rie(lemu, probe) as rie:
        lemu.start = start
        assert json.loads(rie.invoke({"do": "rlimits"})[1])["nofile"] == [300, 2000]
        assert "Max open files            2000                 2000" in pathlib.Path(f"/proc/{rie.process.pid}/limits").read_text()


def test_what_is_refused(lemu, probe):
    with Rie(lemu, probe, "--host-name", "lambda.test") as rie:
        for path in ("/", PATH + "/", "/2015-03-31/functions/other/invocations"):
            assert rie.invoke("{}", path=path) == (404, "404 page not found\n")
        assert rie.invoke("{}", headers={"X-Amz-Client-Context": "!"}) == (500, "")
        for host in ("rebound.example:8080", "rebound.example"):
            assert rie.invoke("{}", headers={"Host": host})[0] == 403
        for browsers in ({"Origin": "https://page.example"}, {"Host": "localhost:8080", "Sec-Fetch-Site": "cross-site"}):
            assert rie.invoke("{}", headers=browsers)[0] == 403
        for host in ("localhost:8080", "lambda:8080", "192.0.2.1", "host.docker.internal:8080", "lambda.test"):
            assert rie.invoke("{}", headers={"Host": host}) == (200, "{}"), host
    assert [line.split()[0] for line in rie.out] == ["START", "END", "REPORT"] * 5


def test_a_caller_that_goes_away_ends_nothing(lemu, probe):
    with Rie(lemu, probe) as rie, StreamGate() as gate:
        rie.send({"do": "stream", "text": "one", "gate": gate.port}).close()
        gate.written_at()
        gate.open()
        # Its invocation goes on to its end: a second one meanwhile would be refused.
        while rie.invoke("{}") == (400, ""):
            pass
        assert rie.invoke('{"a":1}') == (200, '{"a":1}')


def test_what_the_function_is_told(lemu, probe):
    own = {"OWN": "1", "AWS_LAMBDA_FUNCTION_NAME": "mine", "AWS_LAMBDA_FUNCTION_VERSION": "7", "_HANDLER": "own.handler"}
    with Rie(lemu, probe, "word.handler", env=own) as rie:
        variables = json.loads(rie.invoke({"do": "env"})[1])
        assert {name: variables[name] for name in own} == own
        assert variables["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/Functions"
        assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "3008" and variables["AWS_SESSION_TOKEN"] == ""
        assert re.fullmatch(r"127\.0\.0\.1:\d+", variables["AWS_LAMBDA_RUNTIME_API"])
        trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
        told = json.loads(rie.invoke({"do": "headers"}, headers={
            "X-Amzn-Trace-Id": trace, "X-Amz-Client-Context": "eyJhIjoxfQ==", "X-Amz-Tenant-Id": "t"})[1])
        assert told["Lambda-Runtime-Trace-Id"] == trace
        assert told["Lambda-Runtime-Client-Context"] == '{"a":1}' and told["Lambda-Runtime-Aws-Tenant-Id"] == "t"
        assert told["Lambda-Runtime-Invoked-Function-Arn"] == "arn:aws:lambda:us-east-1:012345678912:function:mine"
    assert re.fullmatch(rf"START RequestId: {UUID} Version: 7", rie.out[0])
    assert "handler=word.handler)" in rie.told[0]


def test_by_the_name_of_aws_lambda_rie_and_without_the_rest_of_lemu(lemu, probe):
    program = lemu.work / "aws-lambda-rie"
    shutil.copy(STAGE / "bin/lemu", program)
    with Rie(lemu, probe, program=program) as rie:
        assert rie.invoke('{"a":1}') == (200, '{"a":1}')
        assert rie.invoke({"do": "daemon"})[0] == 200  # what it leaves behind ends with lemu, too


def test_wrong_words(lemu, probe):
    refused = lemu.run("rie", "--runtime-api-address", "9001", probe).ok(2)
    assert "--runtime-api-address: '9001' is not an address to listen on" in refused.stderr
    refused = lemu.run("rie", *ADDRESSES, probe, env={"AWS_LAMBDA_FUNCTION_TIMEOUT": "soon"}).ok(2)
    assert "AWS_LAMBDA_FUNCTION_TIMEOUT is 'soon'" in refused.stderr
    assert "aws-lambda-rie" in lemu.run("rie", "--help").ok().stdout.decode()


# As AWS's base images have it.
ENTRYPOINT = """#!/bin/sh
if [ $# -ne 1 ]; then
  echo "entrypoint requires the handler name to be the first argument" 1>&2
  exit 142
fi
export _HANDLER="$1"

RUNTIME_ENTRYPOINT=/var/runtime/bootstrap
if [ -z "${AWS_LAMBDA_RUNTIME_API}" ]; then
  exec /usr/local/bin/aws-lambda-rie $RUNTIME_ENTRYPOINT
else
  exec $RUNTIME_ENTRYPOINT
fi
"""


@pytest.mark.needs("userns", f"busybox-{HOST_ARCH}")
def test_in_an_image_without_a_c_library(lemu, probe):
    busybox = TOOLS / f"busybox-{HOST_ARCH}/bin/busybox"
    root = lemu.work / "root"
    for folder in ("usr/local/bin", "var/runtime", "var/task", "bin", "dev", "proc"):
        (root / folder).mkdir(parents=True)
    (root / "dev/null").touch()
    shutil.copy(STAGE / "bin/lemu", root / "usr/local/bin/aws-lambda-rie")
    shutil.copy(probe, root / "var/runtime/bootstrap")
    shutil.copy(busybox, root / "bin/sh")
    (root / "lambda-entrypoint.sh").write_text(ENTRYPOINT)
    (root / "lambda-entrypoint.sh").chmod(0o755)
    assert not [path for path in root.rglob("*") if path.is_file() and path.stat().st_size > 1000 and has_interpreter(path)]
    ran = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", "--kill-child", sys.executable,
         REPO / "tests/e2e/rie_in_image.py", root, '{"a":1}', '{"do":"env"}', '{"do":"exit","code":3}', '{"a":2}'],
        env=lemu.environment, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    echoed, environment, failed, again = told["answers"]
    assert echoed == [200, '{"a":1}'] and again == [200, '{"a":2}'], told
    variables = json.loads(environment[1])
    assert variables["_HANDLER"] == "app.handler" and variables["IN_IMAGE"] == "yes"
    assert variables["AWS_LAMBDA_RUNTIME_API"] == "127.0.0.1:9001"
    assert failed[0] == 502 and "exit status 3" in failed[1]
    assert [line.split()[0] for line in told["out"].splitlines()] == [*["START", "END", "REPORT"] * 2, "START", "START",
                                                                     "END", "REPORT"]
    assert told["status"] == 0 and "exec '/var/runtime/bootstrap'" in told["err"]
