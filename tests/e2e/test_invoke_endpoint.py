# SPDX-License-Identifier: Apache-2.0
"""`lemu invoke --endpoint`: the command with a running daemon behind it."""
import json

import pytest
from daemon import Daemon
from harness import HOST_ARCH

pytestmark = pytest.mark.leaves("work/state", "work/logs")


@pytest.fixture
def invoke(lemu):
    function = f"{lemu.function(HOST_ARCH, 'probe')},timeout=60"
    with Daemon(lemu, functions={"probe": function}) as daemon:
        yield lambda *words, **more: lemu.run("invoke", "--endpoint", daemon.url, *words, **more)


def test_response_log_and_exit_code(lemu, invoke):
    (lemu.work / "event.json").write_text('{"do":"print","text":"heard"}')
    result = invoke("probe", "event.json").ok()
    assert result.stdout == b"null"
    assert [line.split()[0] for line in result.lines] == ["START", "heard", "END", "REPORT"]
    assert result.report["Memory Size"] == 128

    assert invoke("probe").ok().stdout == b"{}"
    assert invoke("probe", "-", data=b'{"from":"stdin"}').ok().stdout == b'{"from":"stdin"}'
    failed = invoke("probe", "--data", '{"do":"exit","code":3}').ok(1)
    assert failed.json()["errorType"] == "Runtime.ExitError" and failed.report["Status"] == "error"


def test_one_environment_for_one_invocation_after_another(invoke):
    result = invoke("probe", "--data", '{"do":"count"}', "--repeat", "3").ok()
    assert [answer["memory"] for answer in result.responses()] == [1, 2, 3]
    assert len(result.reports) == 3
    assert invoke("--report", "none", "probe").ok().stderr == ""


def test_the_client_context_and_other_names(invoke):
    result = invoke("probe:$LATEST", "--data", '{"do":"headers"}', "--client-context", '{"custom":{"k":"v"}}').ok()
    assert json.loads(result.stdout)["Lambda-Runtime-Client-Context"] == '{"custom":{"k":"v"}}'


@pytest.mark.parametrize("name", ["nobody", "a b", "a/b", "a HTTP/1.1\r\nX-Amz-Invocation-Type: DryRun"])
def test_a_function_that_is_not_there(invoke, name):
    assert "refused it: " in invoke(name).ok(2).stderr


def test_what_is_refused_before_it_is_sent(lemu):
    silent = lemu.run("invoke", "--endpoint", "http://127.0.0.1:1", "probe").ok(3)
    assert "nobody serves http://127.0.0.1:1" in silent.stderr
    assert "unknown option '--memory'" in lemu.run("invoke", "--endpoint", "localhost:1", "--memory", "512", "probe").ok(2).stderr
    assert "not valid JSON" in lemu.run("invoke", "--endpoint", "localhost:1", "probe", "--data", "{").ok(2).stderr
    assert "is not the address" in lemu.run("invoke", "--endpoint", "https://example.com", "probe").ok(2).stderr
