# SPDX-License-Identifier: Apache-2.0
"""How functions and daemons are named: names and ARNs, addresses and host names."""
import os
import socket
import urllib.parse

import pytest
from daemon import Daemon
from harness import HOST_ARCH

pytestmark = pytest.mark.leaves("work/logs", "work/lemu.yaml")

LONG = "n" * 256
NAMES = ["a.b", "...", ".", "..", "with-all_of.them.9", "v1.2.3.", LONG]


def probe(lemu):
    return f"{lemu.function(HOST_ARCH, 'probe')},arch={HOST_ARCH},timeout=60"


def test_names_of_the_current_model(lemu):
    """256 characters, with dots; whatever they are, their logs lie below the folder that is for them."""
    logs = lemu.work / "logs"
    with Daemon(lemu, "--log-dir", logs, functions={name: probe(lemu) for name in NAMES}) as running:
        for name in NAMES:
            arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
            for reference in [name, f"{name}:$LATEST"] + [arn, f"123456789012:function:{name}", f"function:{name}",
                                                          f"us-east-1:123456789012:{name}"] * (name != LONG):
                if len(reference) > 256:
                    continue
                path = urllib.parse.quote(reference, safe="").replace(".", "%2E")
                assert running.invoke(path, {"n": 1}).json() == {"n": 1}, reference
            path = urllib.parse.quote(name, safe="").replace(".", "%2E")
            seen = running.invoke(path, {"do": "env"}).json()
            assert seen["AWS_LAMBDA_FUNCTION_NAME"] == name
            assert seen["AWS_LAMBDA_LOG_GROUP_NAME"] == f"/aws/lambda/{name}"
            shown = lemu.run("logs", "--endpoint", running.url, name).ok().stdout
            assert b"START RequestId: " in shown
            assert lemu.run("invoke", "--endpoint", running.url, name, "--data", '{"n":2}').ok().json() == {"n": 2}
    folders = sorted(os.listdir(logs / "aws/lambda"))
    assert len(folders) == len(NAMES) and {"a.b", "...", "%2E", "%2E%2E"} <= set(folders)
    assert os.listdir(logs) == ["aws"] and os.listdir(logs / "aws") == ["lambda"]
    assert max(map(len, folders)) == 255


@pytest.mark.parametrize("name", ["a b", "a/b", "ä", "n" * 257, "a:b"])
def test_what_is_no_name(lemu, daemon_of, name):
    refused = lemu.run("serve", "--port", "0", "--function", f"{name}={probe(lemu)}").ok(2)
    assert "function name" in refused.stderr
    answer = daemon_of.invoke(urllib.parse.quote(name, safe=""), {})
    assert (answer.status, answer.headers["x-amzn-errortype"]) in ((400, "ValidationException"),
                                                                   (404, "ResourceNotFoundException"))


@pytest.fixture
def daemon_of(lemu):
    with Daemon(lemu, functions={"probe": probe(lemu)}) as running:
        yield running


def test_a_name_with_dots_in_a_file_and_of_invoke(lemu):
    (lemu.work / "lemu.yaml").write_text(f"port: 0\nfunctions:\n  my.function: {lemu.function(HOST_ARCH, 'probe')}\n")
    with Daemon(lemu, "--config", "lemu.yaml") as running:
        assert running.invoke("my.function", {"n": 1}).json() == {"n": 1}
    result = lemu.run("invoke", "--name", "my.function", "--data", '{"do":"env"}', lemu.function(HOST_ARCH, "probe")).ok()
    assert result.json()["AWS_LAMBDA_FUNCTION_NAME"] == "my.function"


# ---- IPv6

def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")


@ipv6
@pytest.mark.parametrize("listen, address, asked", [
    ("::1", "[::1]", ["::1"]), ("[::1]", "[::1]", ["::1"]), ("::", "[::]", ["::1", "127.0.0.1"]),
])
def test_a_daemon_listens_where_it_is_told(lemu, listen, address, asked):
    with Daemon(lemu, "--listen", listen, functions={"probe": probe(lemu)}, address=address) as running:
        for host in asked:
            written = f"[{host}]" if ":" in host else host
            url = f"http://{written}:{running.port}"
            answer = running.request("POST", "/2015-03-31/functions/probe/invocations", b'{"n":1}', host=host)
            assert answer.json() == {"n": 1}
            assert lemu.run("invoke", "--endpoint", url, "probe", "--data", '{"n":2}').ok().json() == {"n": 2}
            assert b"probe" in lemu.run("ps", "--endpoint", url).ok().stdout
        assert lemu.run("invoke", "--endpoint", f"http://localhost:{running.port}", "probe").ok().json() == {}
        told = "everybody who reaches this address" in running.stop().ok().stderr
        assert told == (listen == "::")


@ipv6
def test_localhost_in_a_function_is_what_is_served(lemu):
    """By /etc/hosts, where a function resolves it."""
    with Daemon(lemu, "--listen", "::1", functions={"probe": probe(lemu)}, address="[::1]") as running:
        hosts = running.invoke("probe", {"do": "open", "path": "/etc/hosts"}).json()["text"]
    lines = [line.split() for line in hosts.splitlines()]
    assert any(line[0] == "127.0.0.1" and "localhost" in line for line in lines)
    assert any(line[0] == "::1" and "localhost" in line for line in lines)


# ---- host names

def test_an_endpoint_by_name(lemu, daemon_of):
    for host in ("localhost", "LOCALHOST", "any.localhost", socket.gethostname()):
        answer = lemu.run("invoke", "--endpoint", f"http://{host}:{daemon_of.port}", "probe", "--data", '{"n":1}')
        if host == socket.gethostname():  # its address may be one that the daemon does not listen on, or none
            assert answer.status in (0, 2, 3)
        else:
            assert answer.ok().json() == {"n": 1}


@pytest.mark.parametrize("url", ["http://[::1", "http://a b:1", "http://::1:9000", "https://localhost", "http://", "x:99999"])
def test_what_is_no_endpoint(lemu, url):
    assert "is not the address of a lemu serve" in lemu.run("ps", "--endpoint", url).ok(2).stderr


def test_a_name_that_is_unknown(lemu):
    refused = lemu.run("invoke", "--endpoint", "http://no-such-host.invalid:9000", "probe").ok(3)
    assert "the host name 'no-such-host.invalid' has no known address: " in refused.stderr
