# SPDX-License-Identifier: Apache-2.0
"""`lemu invoke --endpoint`: the command with a running daemon behind it."""
import json
import os

import pytest
from daemon import Daemon
from harness import HOST_ARCH, MODES
from stream_gate import StreamGate

STREAMING = {"do": "stream", "mode": "streaming"}

pytestmark = pytest.mark.leaves("work/state", "work/logs")


@pytest.fixture
def invoke(lemu):
    function = f"{lemu.function(HOST_ARCH, 'probe')},timeout=60"
    with Daemon(lemu, functions={"probe": function}) as daemon:
        def run(*words, **more):
            return lemu.run("invoke", "--endpoint", daemon.url, *words, **more)
        run.url = daemon.url
        yield run


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


@pytest.mark.parametrize("options", [["-q"], ["--report", "none"]], ids=" ".join)
def test_the_functions_own_output_alone(invoke, options):
    assert invoke(*options, "probe").ok().stderr == ""
    result = invoke(*options, "probe", "--data", '{"do":"print","text":"START RequestId: 1\\nEND"}').ok()
    assert result.lines == ["START RequestId: 1", "END"]


def test_the_report_is_the_one_of_the_command(lemu, invoke):
    """Every figure the command has, measured by the daemon; -q and --report json leave out what they do there."""
    event = '{"do":"print","text":"heard"}'
    served = invoke("probe", "--data", event, "--report", "json", "--repeat", "2").ok()
    plain = lemu.run("invoke", "--name", "probe", "--timeout", "60", "--data", event, "--report", "json", "--repeat", "2",
                     lemu.function(HOST_ARCH, "probe")).ok()
    assert served.stdout == plain.stdout == b"null\n" * 2
    assert served.lines[:-2] == ["heard", "heard"] and plain.lines[:-2] == ["heardheard"]
    both = [[json.loads(line) for line in result.lines[-2:]] for result in (served, plain)]
    for theirs, ours in zip(*both):
        assert theirs.keys() == ours.keys()
        for key in ours.keys() - {"requestId", "metrics", "obtained"}:
            assert theirs[key] == ours[key], key
        assert theirs["obtained"] == ours["obtained"] and theirs["metrics"].keys() == ours["metrics"].keys()
        assert 0 < theirs["metrics"]["durationMs"] < 60_000
    assert "initDurationMs" in both[0][0]["metrics"] and "initDurationMs" not in both[0][1]["metrics"]


@pytest.mark.leaves("work/report.jsonl", "work/state", "work/logs")
def test_the_report_in_a_file(lemu, invoke):
    failed = invoke("probe", "--data", '{"do":"exit","code":3}', "--report", "json", "--report-file", "report.jsonl").ok(1)
    report = json.loads((lemu.work / "report.jsonl").read_text())
    assert report["status"] == "error" and report["errorType"] == "Runtime.ExitError"
    assert failed.json()["errorType"] == "Runtime.ExitError" and failed.stderr == ""
    assert "--report-file: " in invoke("probe", "--report", "json", "--report-file", "no/such/folder").ok(2).stderr
    full = invoke("probe", "--report", "json", "--report-file", "/dev/full").ok(4)
    assert full.stdout == b"{}" and "writing /dev/full" in full.stderr


def test_each_piece_is_on_stdout_before_the_next_is_written(lemu, invoke):
    with StreamGate() as gate:
        event = {**STREAMING, "text": "one|two|three", "gate": gate.port}
        process = lemu.start("invoke", "--endpoint", invoke.url, "--data", json.dumps(event), "probe")
        for piece in (b"one", b"two", b"three"):
            gate.written_at()
            assert os.read(process.stdout.fileno(), 100) == piece
            gate.open()
        result = lemu.finish(process).ok()
    assert result.stdout == b"" and "Status" not in result.report


def test_more_than_a_buffered_response_may_hold(invoke):
    streamed = invoke("probe", "--data", json.dumps({**STREAMING, "size": 1_000_000, "count": 20})).ok()
    assert streamed.stdout == b"s" * 20_000_000
    whole = invoke("probe", "--data", json.dumps({"do": "stream", "size": 1_000_000, "count": 7})).ok(1)
    assert whole.json()["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_stream_that_ends_in_an_error(lemu, invoke):
    event = json.dumps({**STREAMING, "text": "one|two", "end": "exit"})
    served = invoke("probe", "--data", event).ok(1)
    plain = lemu.run("invoke", "--data", event, lemu.function(HOST_ARCH, "probe")).ok(1)
    broken = [line[:line.index("RequestId")] for line in served.starting("lemu: the response ended")]
    assert broken == [line[:line.index("RequestId")] for line in plain.starting("lemu: the response ended")] and len(broken) == 1
    assert served.stdout == plain.stdout == b"onetwo"


def test_a_stdout_that_is_closed_ends_it(lemu, invoke):
    process = lemu.start("invoke", "--endpoint", invoke.url, "--data",
                         json.dumps({**STREAMING, "size": 1_000_000, "count": 20}), "probe")
    process.stdout.close()
    process.stdout = None
    assert "writing to stdout" in lemu.finish(process).ok(4).stderr


@pytest.mark.parametrize("emulated", [mode for mode in MODES if mode.emulated][:1], ids=str)
def test_emulation_is_told(lemu, emulated):
    options = "".join(f",{key[2:]}={value}" for key, value in zip(emulated.options[::2], emulated.options[1::2]))
    with Daemon(lemu, functions={"probe": f"{lemu.function(emulated.arch, 'probe')},timeout=60{options}"}) as daemon:
        result = lemu.run("invoke", "--endpoint", daemon.url, "probe", "--repeat", "2").ok()
        assert len(result.starting("lemu: note: emulated by QEMU")) == 1
        assert lemu.run("invoke", "--endpoint", daemon.url, "--report", "none", "probe").ok().stderr == ""


def test_a_daemon_that_cannot_take_it(lemu):
    with Daemon(lemu, functions={"probe": f"{lemu.function(HOST_ARCH, 'probe')},concurrency=0"}) as daemon:
        assert "could not do it: TooManyRequestsException: Rate Exceeded." in \
            lemu.run("invoke", "--endpoint", daemon.url, "probe").ok(3).stderr


def test_the_client_context_and_other_names(invoke):
    result = invoke("probe:$LATEST", "--data", '{"do":"headers"}', "--client-context", '{"custom":{"k":"v"}}').ok()
    assert json.loads(result.stdout)["Lambda-Runtime-Client-Context"] == '{"custom":{"k":"v"}}'


@pytest.mark.parametrize("name", ["nobody", "a b", "a/b", "a HTTP/1.1\r\nX-Amz-Invocation-Type: DryRun"])
def test_a_function_that_is_not_there(invoke, name):
    assert "refused it: " in invoke(name).ok(2).stderr


def test_what_is_refused_before_it_is_sent(lemu):
    silent = lemu.run("invoke", "--endpoint", "http://127.0.0.1:1", "probe").ok(3)
    assert "nobody serves http://127.0.0.1:1" in silent.stderr
    for option in (["--memory", "512"], ["--sandbox=off"], ["--env", "A=B"], ["--keep"], ["-v"]):
        refused = lemu.run("invoke", "--endpoint", "localhost:1", *option, "probe").ok(2).stderr
        name = {"-v": "--verbose"}.get(option[0], option[0].split("=")[0])
        assert refused.startswith(f"lemu: error: {name}: it says how a function is run"), refused
    assert "unknown option '--memori'" in lemu.run("invoke", "--endpoint", "localhost:1", "--memori", "1", "probe").ok(2).stderr
    assert "not valid JSON" in lemu.run("invoke", "--endpoint", "localhost:1", "probe", "--data", "{").ok(2).stderr
    assert "is not the address" in lemu.run("invoke", "--endpoint", "https://example.com", "probe").ok(2).stderr
