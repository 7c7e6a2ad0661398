# SPDX-License-Identifier: Apache-2.0
"""`lemu serve`: the Lambda API's Invoke, through real clients and byte by byte."""
import base64
import json
import re
import socket
import subprocess
import sys

import pytest
from daemon import Daemon
from harness import HOST_ARCH, REPO, STAGE, TOOLS, UUID

ARN = "arn:aws:lambda:us-east-1:123456789012:function:probe"
NOT_FOUND = ('{"Type":"User","Message":"Function not found: '
             'arn:aws:lambda:us-east-1:123456789012:function:%s"}')


def probe(lemu, *settings, arch=HOST_ARCH):
    return ",".join([str(lemu.function(arch, "probe")), f"arch={arch}", *settings])


@pytest.fixture
def daemon(lemu):
    with Daemon(lemu, functions={"probe": probe(lemu)}) as running:
        yield running


@pytest.mark.needs("boto3")
def test_boto3_invokes_in_every_mode(lemu, mode):
    function = probe(lemu, f"launch={mode.launch}", f"sandbox={mode.sandbox}", arch=mode.arch)
    with Daemon(lemu, functions={"probe": function}) as running:
        client = running.boto3()
        answer = client.invoke(FunctionName="probe", Payload=b'{"key":"value"}')
        assert json.loads(answer["Payload"].read()) == {"key": "value"}
        assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST"
        assert "FunctionError" not in answer
        assert re.fullmatch(UUID, answer["ResponseMetadata"]["RequestId"])


@pytest.mark.leaves("work/out.json")
@pytest.mark.needs("awscli-2", f"qemu-{'aarch64' if HOST_ARCH == 'x86_64' else 'x86_64'}", "cross-cc")
def test_aws_cli_invokes_an_emulated_function(lemu):
    arch = "arm64" if HOST_ARCH == "x86_64" else "x86_64"
    with Daemon(lemu, functions={"probe": probe(lemu, arch=arch)}) as running:
        out = lemu.work / "out.json"
        ran = subprocess.run(
            ["/usr/bin/aws", "lambda", "invoke", "--endpoint-url", running.url, "--function-name", "probe",
             "--payload", '{"n":1}', "--cli-binary-format", "raw-in-base64-out", "--log-type", "Tail", str(out)],
            env={**lemu.environment, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
                 "AWS_DEFAULT_REGION": "us-east-1"}, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        said = json.loads(ran.stdout)
        assert said["StatusCode"] == 200 and said["ExecutedVersion"] == "$LATEST"
        assert json.loads(out.read_text()) == {"n": 1}
        assert b"REPORT RequestId: " in base64.b64decode(said["LogResult"])


@pytest.mark.needs("boto3")
def test_the_readmes_example(lemu):
    program, = re.findall(r"```python\n(.*?)```", (REPO / "README.md").read_text(), re.DOTALL)
    (lemu.work / "bootstrap").symlink_to(lemu.function(HOST_ARCH, "probe"))
    environment = {**lemu.environment, "PATH": f"{STAGE / 'bin'}:{lemu.environment['PATH']}",
                   "PYTHONPATH": str(TOOLS / "boto3")}
    ran = subprocess.run([sys.executable, "-c", program], cwd=lemu.work, env=environment, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "b'{\"name\": \"Ada\"}'\n"), ran.stderr


def test_an_answer_has_every_header(daemon):
    answer = daemon.invoke("probe", {"do": "headers"})
    assert answer.status == 200
    headers = answer.headers
    assert re.fullmatch(UUID, headers["x-amzn-requestid"])
    assert headers["x-amz-executed-version"] == "$LATEST"
    assert headers["x-amzn-remapped-content-length"] == "0"
    assert headers["content-type"] == "application/json"
    assert re.fullmatch(r"root=1-[0-9a-f]{8}-[0-9a-f]{24};sampled=0", headers["x-amzn-trace-id"])
    assert "x-amz-function-error" not in headers and "x-amz-log-result" not in headers
    seen = {name.lower(): value for name, value in answer.json().items()}
    assert seen["lambda-runtime-aws-request-id"] == headers["x-amzn-requestid"]
    assert seen["lambda-runtime-invoked-function-arn"] == ARN


def test_trace_and_client_context_reach_the_function(daemon):
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    context = base64.b64encode(b'{"custom":{"k":"v"}}').decode()
    answer = daemon.request("POST", "/2015-03-31/functions/probe/invocations", b'{"do":"headers"}',
                            {"X-Amzn-Trace-Id": trace, "X-Amz-Client-Context": context})
    seen = {name.lower(): value for name, value in answer.json().items()}
    assert seen["lambda-runtime-trace-id"] == trace
    assert seen["lambda-runtime-client-context"] == '{"custom":{"k":"v"}}'
    assert answer.headers["x-amzn-trace-id"] == "root=1-5759e988-bd862e3fe1be46a994272793;sampled=1"


def test_a_trace_is_made_whole(daemon):
    for given in ("garbage", "Root=1-5759e988-bd862e3fe1be46a994272793"):
        answer = daemon.request("POST", "/2015-03-31/functions/probe/invocations", b'{"do":"headers"}',
                                {"X-Amzn-Trace-Id": given})
        root = given[5:] if "=" in given else "1-[0-9a-f]{8}-[0-9a-f]{24}"
        assert re.fullmatch(f"Root={root};Parent=[0-9a-f]{{16}};Sampled=0", answer.json()["Lambda-Runtime-Trace-Id"])
        assert re.fullmatch(f"root={root};sampled=0", answer.headers["x-amzn-trace-id"])


def test_a_tenant_reaches_the_function(daemon):
    answer = daemon.invoke("probe", {"do": "headers"}, tenant_id="a/tenant@1")
    assert answer.json()["Lambda-Runtime-Aws-Tenant-Id"] == "a/tenant@1"
    refused = daemon.invoke("probe", {}, tenant_id="a;b")
    assert (refused.status, refused.headers["x-amzn-errortype"]) == (400, "ValidationException")


@pytest.mark.parametrize("name", ["probe", "probe:$LATEST", "function:probe", "123456789012:function:probe", ARN,
                                  ARN + ":$LATEST", "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Aprobe"])
def test_a_function_is_named_in_each_way(daemon, name):
    assert daemon.invoke(name, {}).status == 200


def test_function_errors_are_unhandled_and_200(daemon):
    posted = daemon.invoke("probe", {"do": "error"})
    exited = daemon.invoke("probe", {"do": "exit", "code": 3})
    assert (posted.status, exited.status) == (200, 200)
    assert posted.headers["x-amz-function-error"] == exited.headers["x-amz-function-error"] == "Unhandled"
    request_id = exited.headers["x-amzn-requestid"]
    assert exited.body == (f'{{"errorType":"Runtime.ExitError","errorMessage":"RequestId: {request_id} Error: '
                           'Runtime exited with error: exit status 3"}').encode()
    assert daemon.invoke("probe", {"after": 1}).json() == {"after": 1}


def test_the_tail_is_this_invocation_alone(daemon):
    daemon.invoke("probe", {"do": "print", "text": "of the first"}, log_type="Tail")
    answer = daemon.invoke("probe", {"do": "print", "text": "of the second"}, log_type="Tail")
    tail = base64.b64decode(answer.headers["x-amz-log-result"]).decode()
    request_id = answer.headers["x-amzn-requestid"]
    lines = tail.splitlines()
    assert lines[0] == f"START RequestId: {request_id} Version: $LATEST"
    assert lines[-2] == f"END RequestId: {request_id}"
    assert lines[-1].startswith(f"REPORT RequestId: {request_id}\tDuration: ")
    assert "of the second" in tail and "of the first" not in tail


def test_dry_run_runs_nothing(daemon):
    answer = daemon.invoke("probe", {"do": "exit"}, invocation_type="DryRun")
    assert (answer.status, answer.body) == (204, b"")
    assert "content-length" not in answer.headers
    assert re.fullmatch(r"root=1-[0-9a-f]{8}-[0-9a-f]{24};sampled=0", answer.headers["x-amzn-trace-id"])


@pytest.mark.parametrize("method, path, allowed", [
    ("GET", "/2015-03-31/functions/probe/invocations", "POST"), ("POST", "/metrics", "GET"),
])
def test_a_wrong_method_is_told_the_right_ones(daemon, method, path, allowed):
    answer = daemon.request(method, path)
    assert (answer.status, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("name, event, headers, status, error, body", [
    ("other", {}, {}, 404, "ResourceNotFoundException", NOT_FOUND % "other:$LATEST"),
    ("probe:7", {}, {}, 404, "ResourceNotFoundException", NOT_FOUND % "probe:7"),
    ("probe", {}, {"invocation_type": "Later"}, 400, "InvalidParameterValueException",
     '{"Type":"User","message":"1 validation error detected: Value \'Later\' at \'invocationType\' failed to satisfy '
     'constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]"}'),
    ("probe", {}, {"client_context": "!"}, 400, "InvalidRequestContentException",
     '{"Type":"User","message":"Client context must be a valid Base64-encoded JSON object."}'),
    ("probe:a?Qualifier=b", {}, {}, 404, "UnknownOperationException", None),
    ("a%20b", {}, {}, 400, "ValidationException", None),
    (ARN.replace("123456789012", "999999999999"), {}, {}, 403, "AccessDeniedException", None),
    ("999999999999:function:other", {}, {}, 403, "AccessDeniedException", None),
    ("123456789012:function:other", {}, {}, 404, "ResourceNotFoundException", NOT_FOUND % "other:$LATEST"),
    ("probe", b'{"open":', {}, 400, "InvalidRequestContentException", None),
    ("probe", b'"' + b"x" * 6291455 + b'"', {}, 413, "RequestEntityTooLargeException",
     '{"Type":"User","Message":"6291457 byte payload is too large for the RequestResponse invocation type '
     '(limit 6291456 bytes)"}'),
], ids=["name", "version", "type", "context", "query", "letters", "account", "of-another", "of-ours", "json", "large"])
def test_errors_are_awss(daemon, name, event, headers, status, error, body):
    answer = daemon.invoke(name, event, **headers)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (status, error)
    assert body is None or answer.body.decode() == body


def test_the_largest_payload_goes_both_ways(daemon):
    event = b'"' + b"x" * 6291454 + b'"'
    assert daemon.invoke("probe", event).body == event


@pytest.mark.parametrize("qualifier", ["a%20b", "x" * 200])
def test_what_is_no_qualifier(daemon, qualifier):
    answer = daemon.request("POST", f"/2015-03-31/functions/probe/invocations?Qualifier={qualifier}", b"{}")
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert "at 'qualifier' failed to satisfy constraint: Member must " in answer.json()["message"]


def test_two_qualifiers_that_differ(daemon):
    answer = daemon.request("POST", "/2015-03-31/functions/probe:a/invocations?Qualifier=b", b"{}")
    assert answer.status == 400 and answer.json()["message"] == (
        "The derived qualifier from the function name does not match the specified qualifier.")


def test_reserved_concurrency_of_0_throttles(lemu):
    with Daemon(lemu, functions={"probe": probe(lemu, "concurrency=0")}) as running:
        answer = running.invoke("probe", {})
        assert (answer.status, answer.headers["x-amzn-errortype"]) == (429, "TooManyRequestsException")
        assert answer.body == (b'{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User",'
                               b'"message":"Rate Exceeded."}')


@pytest.mark.parametrize("headers", [{"Host": "rebound.example"}, {"Origin": "https://page.example"},
                                     {"Sec-Fetch-Site": "cross-site"}])
def test_a_web_page_is_refused(daemon, headers):
    answer = daemon.request("POST", "/2015-03-31/functions/probe/invocations", b"{}", headers)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("line, fields, status", [
    (b"GET /health HTTP/1.1", b"Host: localhost\r\nHost: rebound.example\r\n", 400),
    (b"GET /health HTTP/1.1", b"", 400),
    (b"GET /health HTTP/1.0", b"", 200),
    (b"GET http://rebound.example/health HTTP/1.1", b"Host: localhost\r\n", 403),
    (b"GET http://localhost/health HTTP/1.1", b"Host: rebound.example\r\n", 200),
    (b"GET /health HTTP/1.1", b"Host: foo.example\r\n", 200),
    (b"GET /health HTTP/1.1", b"Host: FOO.EXAMPLE:9325\r\n", 200),
], ids=map(str, range(7)))
def test_whom_a_request_is_for(lemu, line, fields, status):
    with Daemon(lemu, "--host-name", "Foo.Example", functions={"probe": probe(lemu)}) as running, \
            socket.create_connection(("127.0.0.1", running.port), timeout=60) as connection:
        connection.sendall(line + b"\r\n" + fields + b"Connection: close\r\n\r\n")
        assert connection.makefile("rb").readline().split()[1] == b"%d" % status


def test_a_host_name_has_no_port(lemu):
    result = lemu.run("serve", "--host-name", "foo.example:9325", "--function", f"probe={probe(lemu)}").ok(2)
    assert "--host-name: 'foo.example:9325' is not a host name" in result.stderr


@pytest.mark.leaves("work/port")
def test_port_file_and_health(lemu):
    port_file = lemu.work / "port"
    with Daemon(lemu, "--port-file", port_file, functions={"probe": probe(lemu)}) as running:
        assert port_file.read_text() == f"{running.port}\n"
        assert running.request("GET", "/health").json() == {"status": "ok"}


def test_a_taken_port_is_named(lemu, daemon):
    result = lemu.run("serve", "--port", daemon.port, "--function", f"probe={probe(lemu)}").ok(3)
    assert f"cannot listen on 127.0.0.1:{daemon.port}: Address already in use\n" in result.stderr


@pytest.mark.leaves("work/state")
def test_a_port_that_is_another_daemons(lemu):
    state = lemu.work / "state"
    with Daemon(lemu, "--state-dir", state, functions={"probe": probe(lemu)}) as running:
        second = lemu.run("serve", "--port", running.port, "--state-dir", state, "--function", f"probe={probe(lemu)}").ok(3)
        assert f"a lemu serve (process {running.process.pid}) has its state folder" in second.stderr


def test_what_cannot_be_listened_on_is_refused_without_more_words(lemu):
    result = lemu.run("serve", "--listen", "localhost", "--function", f"probe={probe(lemu)}").ok(2)
    assert "it is not a numeric IPv4 address" in result.stderr and "everybody who reaches" not in result.stderr
    missing = lemu.run("serve", "--port", "0", "--port-file", "missing/port", "--function", f"probe={probe(lemu)}").ok(2)
    assert "missing/port: No such file" in missing.stderr and ".tmp" not in missing.stderr


@pytest.mark.parametrize("setting, least", [("concurrency=-1", 0), ("prewarm=x", 0), ("queue-limit=0", 1)])
def test_a_count_out_of_range(lemu, setting, least):
    assert f"is not a whole number from {least} to 1000" in lemu.run(
        "serve", "--function", f"probe={probe(lemu, setting)}").ok(2).stderr


def test_one_function_is_not_made_ahead(lemu):
    with Daemon(lemu, "--prewarm", "1", functions={"probe": probe(lemu, "prewarm=0")}) as running:
        running.invoke("probe", {})
        assert running.control("GET", "/_lemu/environments").json()["functions"][0]["coldStarts"] == 1
