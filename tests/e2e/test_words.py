# SPDX-License-Identifier: Apache-2.0
"""What lemu prints and writes: names that would drive a terminal, commands that are copied, files at named places,
log lines, and secrets."""
import base64
import http.server
import json
import os
import re
import shutil
import stat
import subprocess
import threading

import pytest
from daemon import Daemon
from harness import HOST_ARCH, MODES
from test_rie import Rie

NATIVE = MODES[0]
# ESC, CSI as one character, the right-to-left override, an isolate, a line separator, a zero-width space, a bare 0xff.
EVIL = b"a\x1b[2J\xc2\x9b31m\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8\xe2\x80\x8b\xff$(touch owned)'b"
SHOWN = r"a\x1b[2J\xc2\x9b31m\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8\xe2\x80\x8b\xff$(touch owned)'b"
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\udc80-\udcff]")


def is_printable(written):
    text = written.decode(errors="surrogateescape") if isinstance(written, bytes) else written
    assert not UNSEEN.search(text), ascii(text)


def run(lemu, *words, **more):
    """The result of lemu, with stderr as bytes; words may be bytes, as no name has to be text."""
    done = subprocess.run([str(lemu.stage / "bin/lemu"), *words], cwd=lemu.work, env={**lemu.environment, **more},
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    is_printable(done.stderr)
    return done


# ---- names

@pytest.mark.leaves("work")
def test_no_name_drives_the_terminal(lemu):
    work = os.fsencode(lemu.work)
    path = work + b"/" + EVIL
    os.mkdir(path)
    probe = os.fsencode(lemu.function(HOST_ARCH, "probe"))
    inside = path + b"/" + EVIL
    shutil.copy(probe, inside)
    os.chmod(inside, 0o644)
    env = work + b"/env" + EVIL
    with open(env, "wb") as file:
        file.write(b"A" + EVIL + b" B=1\n")
    for words in ([b"invoke", path + b"no"], [b"invoke", path], [b"invoke", inside], [b"invoke", b"--env-file", env, probe],
                  [b"invoke", b"--env", EVIL + b"=1", probe], [b"invoke", probe, path], [b"invoke", probe, EVIL],
                  [b"invoke", b"--data", EVIL, probe], [b"invoke", b"--name", EVIL, probe],
                  [b"invoke", b"--handler", b"a " + EVIL, probe], [b"invoke", b"--sysroot", inside, probe],
                  [b"invoke", b"--report", b"json", b"--report-file", path, probe], [b"invoke", b"--" + EVIL, probe],
                  [b"invoke", b"--memory", EVIL, probe], [b"invoke", b"--region", EVIL, probe], [EVIL], [b"--" + EVIL],
                  [b"serve", b"--function", EVIL], [b"serve", b"--function", b"x=" + path], [b"serve", b"--config", env],
                  [b"serve", b"--port-file", path + b"/x/y", b"--port", b"0", b"--function", b"x=" + probe],
                  [b"ps", b"--endpoint", EVIL], [b"invoke", b"--endpoint", EVIL, b"x"], [b"shell", path],
                  [b"rie", b"--runtime-interface-emulator-address", EVIL]):
        done = run(lemu, *words)
        assert done.returncode in (2, 3), (words, done)
        assert b"lemu: error: " in done.stderr, (words, done)
    assert SHOWN in run(lemu, b"invoke", path + b"no").stderr.decode()


def test_details_are_printable_too(lemu):
    folder = os.fsencode(lemu.package(HOST_ARCH)) + b"/" + EVIL
    os.mkdir(folder)
    shutil.copy(lemu.function(HOST_ARCH, "probe"), folder + b"/bootstrap")
    done = run(lemu, b"invoke", b"-v", b"--sandbox", b"off", folder)
    assert done.returncode == 0 and b"lemu: command: $'" in done.stderr, done


@pytest.mark.leaves("work", "package")
@pytest.mark.parametrize("name", ["plain", "with blanks", "it's", "$(touch owned)", ";touch owned;", "-rf", "tab\there",
                                  "line\nbreak", "\x1bx", "\u202eolleh", "\udcff"], ids=ascii)
def test_a_command_that_is_offered_does_what_it_says(lemu, name):
    """Copied into a shell it is for this file, whatever its name."""
    target = lemu.work / name
    shutil.copy(lemu.function(HOST_ARCH, "probe"), target)
    target.chmod(0o644)
    done = run(lemu, b"invoke", b"--", os.fsencode(name))
    (remedy,) = re.findall(rb"^lemu:   try: (.*)$", done.stderr, re.M)
    subprocess.run(["bash", "-c", remedy], cwd=lemu.work, check=True)
    assert stat.S_IMODE(target.stat().st_mode) & 0o111 == 0o111, remedy
    assert run(lemu, b"invoke", b"--", os.fsencode(name)).returncode == 0
    assert not (lemu.work / "owned").exists()


def bash_runtime(lemu, fields):
    """A runtime that says at its init that it has failed, with these fields."""
    bash = shutil.which("bash")
    if bash is None or not os.path.realpath(bash).startswith("/usr/"):
        pytest.skip("needs a bash below /usr")
    folder = lemu.package(HOST_ARCH)
    (folder / "bootstrap").write_bytes(
        b"#!/usr/bin/bash\nexec 3<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API/://}\n"
        b"printf 'POST /2018-06-01/runtime/init/error HTTP/1.1\\r\\nHost: %s\\r\\nContent-Length: 2\\r\\n" + fields +
        b"\\r\\n{}' $AWS_LAMBDA_RUNTIME_API >&3\nread -r line <&3\nexit 1\n")
    return folder


@pytest.mark.leaves("package")
@pytest.mark.parametrize("kind, shown", [
    (rb"Runtime.Mine", "Runtime.Mine"), (rb"Runtime.Mine\tStatus: success", "Runtime.Unknown"),
    (rb"Function.Mine\xc2\x9b2J", "Function.Unknown"), (rb"Runtime.Mine\xe2\x80\xae", "Runtime.Unknown"),
    (rb"\xff", "Runtime.Unknown")], ids=ascii)
def test_an_error_type_in_the_report_is_of_lambdas_characters(lemu, kind, shown):
    result = lemu.run("invoke", bash_runtime(lemu, b"Lambda-Runtime-Function-Error-Type: " + kind + rb"\r\n")).ok(1)
    assert result.report["Status"] == "error" and result.report["Error Type"] == shown, result
    assert [line.split("\t")[2:] for line in result.starting("INIT_REPORT ")] == \
        [["Status: error", f"Error Type: {shown}"]] * 2
    is_printable(result.stderr)


class HostileDaemon:
    """Answers every request with the same status, fields and body."""

    def __init__(self, status, body, fields=()):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                for name, value in (("Content-Length", str(len(body))), *fields):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            do_POST = do_GET

            def log_message(self, *_):
                pass
        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return self.url

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.mark.parametrize("status", [404, 429, 500])
def test_a_hostile_daemon_cannot_drive_the_terminal(lemu, status):
    body = json.dumps({"Message": "gone\x1b[2J\u009b\u202e"}, ensure_ascii=False).encode()
    with HostileDaemon(status, body, [("x-amzn-ErrorType", "Evil\xc2\x9b")]) as url:
        done = run(lemu, b"invoke", b"--endpoint", url.encode(), b"f")
    assert done.returncode in (2, 3) and rb"gone\x1b[2J\xc2\x9b\xe2\x80\xae" in done.stderr, done


# ---- log lines

INIT_START = (r"INIT_START Runtime Version: lemu:\S+\tRuntime Version ARN: "
              r"arn:aws:lambda:%s::runtime:[0-9a-f]{64}")


def words_of(lines):
    return [line.split()[0] for line in lines if re.match("INIT_|START|END|REPORT", line)]


@pytest.mark.bare
def test_init_start_stands_ahead_of_each_new_environment(lemu, mode):
    result = lemu.invoke(mode, "probe", {}, "--repeat", "2", "--region", "eu-west-1").ok()
    assert words_of(result.lines) == ["INIT_START", "START", "END", "REPORT", "START", "END", "REPORT"]
    assert re.fullmatch(INIT_START % "eu-west-1", result.starting("INIT_START")[0])


def test_an_init_that_is_repeated_has_no_init_start(lemu, mode):
    result = lemu.invoke(mode, "probe", {}, "--handler", "init-exit-3").ok(1)
    assert words_of(result.lines) == ["INIT_START", "INIT_REPORT", "INIT_REPORT", "START", "END", "REPORT"]
    assert result.lines[1] == "probe: init: exit-3"
    crashed = lemu.invoke(mode, "probe", {"do": "exit", "code": 1}, "--repeat", "2").ok(1)
    assert words_of(crashed.lines) == ["INIT_START", *["START", "END", "REPORT"] * 2]


@pytest.mark.parametrize("options", [["-q"], ["--report", "none"], ["--report", "json"]], ids=" ".join)
def test_init_start_is_left_out_with_the_other_lines(lemu, options):
    assert not lemu.invoke(NATIVE, "probe", {}, *options).ok().starting("INIT_START")


@pytest.mark.leaves("logs")
def test_init_start_of_a_daemon_is_in_the_log_and_not_in_the_tail(lemu):
    with Daemon(lemu, "--log-dir", str(lemu.folder / "logs"), functions={"probe": lemu.function(HOST_ARCH, "probe")}) as daemon:
        for _ in range(2):
            tail = base64.b64decode(daemon.invoke("probe", {}, log_type="Tail").headers["x-amz-log-result"]).decode()
            assert words_of(tail.splitlines()) == ["START", "END", "REPORT"]
    (stream,) = [path for path in (lemu.folder / "logs").rglob("*") if path.is_file()]
    lines = stream.read_text().splitlines()
    assert words_of(lines) == ["INIT_START", *["START", "END", "REPORT"] * 2]
    assert re.fullmatch(INIT_START % "us-east-1", lines[0])


# ---- lone surrogates

LONE = rb'{"a": "\ud800", "b": ["\udFFFx", "\ud83d\ude00", "\\ud800"], "\uDEAD": "\ud800\ud800"}'


@pytest.mark.bare
def test_lone_surrogates_reach_the_function_byte_for_byte(lemu, mode):
    event = lemu.work / "event.json"
    event.write_bytes(LONE)
    assert lemu.invoke(mode, "probe", LONE.decode()).ok().stdout == LONE
    function = lemu.function(mode.arch, "probe")
    assert lemu.run("invoke", *mode.options, function, event).ok().stdout == LONE
    assert lemu.run("invoke", *mode.options, function, "-", data=LONE).ok().stdout == LONE
    context = '{"custom":{"k":"\\ud800"}}'
    told = lemu.invoke(mode, "probe", {"do": "headers"}, "--client-context", context).ok().stdout.decode()
    assert json.dumps(context)[1:-1] in told or context in told, told


@pytest.mark.leaves("state")
def test_lone_surrogates_pass_through_servers(lemu):
    probe = lemu.function(HOST_ARCH, "probe")
    with Daemon(lemu, "--state-dir", str(lemu.folder / "state"), "--async-retries", "0",
                functions={"probe": probe}) as daemon:
        assert daemon.invoke("probe", LONE).body == LONE
        assert LONE in daemon.request("POST", "/2021-11-15/functions/probe/response-streaming-invocations", LONE).body
        context = base64.b64encode(b'{"custom":{"k":"\\ud800"}}').decode()
        assert daemon.invoke("probe", LONE, client_context=context).body == LONE
        assert lemu.run("invoke", "--endpoint", daemon.url, "probe", "-", data=LONE).ok().stdout == LONE
        assert daemon.invoke("probe", LONE, invocation_type="Event").status == 202
        assert daemon.invoke("probe", LONE[:-1], log_type="None").status == 400
    with Rie(lemu, probe) as rie:
        assert rie.invoke(LONE.decode()) == (200, LONE.decode())


# ---- files at named places

def served(lemu, *options):
    return lemu.run("serve", "--port", "0", *options, "--function", f"probe={lemu.function(HOST_ARCH, 'probe')}", timeout=30)


def file_options(place):
    return {"report": ("invoke", "--report", "json", "--report-file", f"{place}/file"), "port": ("--port-file", f"{place}/file"),
            "state": ("--state-dir", f"{place}/state"), "log": ("--log-dir", f"{place}/log")}


@pytest.mark.leaves("place")
@pytest.mark.parametrize("what", ["report", "port", "state", "log"])
@pytest.mark.parametrize("who", ["writable by all", "of another user", "below one of another user", "a link of another user"])
def test_a_place_that_others_can_change_is_refused(lemu, what, who):
    place = lemu.folder / "place"
    place.mkdir(mode=0o755)
    named = place
    if who == "writable by all":
        place.chmod(0o777)
    elif os.geteuid() != 0:
        pytest.skip("needs root, to give a folder away")
    elif who == "a link of another user":
        place = lemu.folder / "place-link"
        place.symlink_to(named)
        os.lchown(place, 12345, 12345)
    else:
        os.chown(place, 12345, 12345)
        if who.startswith("below"):
            place = place / "ours"
            place.mkdir()
    words = file_options(place)[what]
    result = lemu.run(*words, lemu.function(HOST_ARCH, "probe")) if what == "report" else served(lemu, *words)
    result.ok(2)
    assert result.stdout == b"" and ("another user" in result.stderr or "other users can write" in result.stderr), result
    assert [path.name for path in named.rglob("*") if path.name != "ours"] == []


@pytest.mark.leaves("place")
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_what_is_kept_is_for_its_owner_alone_whatever_the_umask(lemu, mask):
    place = lemu.folder / "place"
    place.mkdir(mode=0o755)
    options = [*file_options(place)["port"], *file_options(place)["state"], *file_options(place)["log"], "--async-retries", "0",
               "--function", f"probe={lemu.function(HOST_ARCH, 'probe')}"]
    process = lemu.start("serve", "--port", "0", *options, preexec_fn=lambda: os.umask(mask))
    try:
        port = int(process.stdout.readline().rsplit(b":", 1)[1])
        assert (place / "file").read_text() == f"{port}\n"
        daemon = Daemon(lemu)
        daemon.port = port
        assert daemon.invoke("probe", {"do": "error"}, invocation_type="Event").status == 202
        while not list((place / "state").rglob("*.json")):
            assert process.poll() is None
    finally:
        process.terminate()
    lemu.finish(process).ok()
    for path in [*(place / "state").rglob("*"), *(place / "log").rglob("*"), place / "state", place / "log"]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert stat.S_IMODE((place / "file").stat().st_mode) == 0o644 & ~mask
    assert sorted(path.name for path in place.iterdir()) == ["file", "log", "state"]


@pytest.mark.leaves("victim", "place")
def test_a_file_that_is_replaced_is_not_written_through(lemu):
    victim, place = lemu.folder / "victim", lemu.folder / "place"
    victim.write_text("kept")
    place.symlink_to(victim)
    with Daemon(lemu, "--port-file", str(place), functions={"probe": lemu.function(HOST_ARCH, "probe")}) as daemon:
        assert place.read_text() == f"{daemon.port}\n" and not place.is_symlink()
    assert victim.read_text() == "kept"


def test_a_report_goes_where_the_shell_says(lemu):
    function = str(lemu.function(HOST_ARCH, "probe"))
    for command in ('"$@" --report-file /dev/stdout', '"$@" --report-file >(cat) | cat',
                    '"$@" --report-file /dev/fd/5 5>&1'):
        done = subprocess.run(["bash", "-c", command, "bash", str(lemu.stage / "bin/lemu"), "invoke", "--report", "json", function],
                              cwd=lemu.work, env=lemu.environment, capture_output=True, timeout=60, check=True)
        assert b'{"requestId":' in done.stdout, (command, done)


# ---- secrets

def test_a_name_alone_takes_the_value_from_the_environment(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "env"}, "--env", "TOKEN", env={"TOKEN": "s3cret"}).ok()
    assert b"s3cret" in result.stdout
    refused = lemu.invoke(mode, "probe", {}, "--env", "TOKEN").ok(2)
    assert "--env TOKEN: TOKEN is not set in your environment" in refused.stderr and refused.stdout == b""


def test_a_daemons_functions_take_values_from_its_environment(lemu):
    probe = lemu.function(HOST_ARCH, "probe")
    (lemu.work / "lemu.yaml").write_text(f"functions:\n  one: {{path: {probe}, env: {{TOKEN: }}}}\n"
                                         f"  two: {{path: {probe}, env: [TOKEN]}}\n")
    process = lemu.start("serve", "--port", "0", "--config", "lemu.yaml", "--function", f"three={probe},env.TOKEN",
                         env={"TOKEN": "s3cret"})
    daemon = Daemon(lemu)
    daemon.port = int(process.stdout.readline().rsplit(b":", 1)[1])
    try:
        for name in ("one", "two", "three"):
            assert b"s3cret" in daemon.invoke(name, {"do": "env"}).body
    finally:
        process.terminate()
        lemu.finish(process).ok()


def test_the_help_says_who_reads_the_command_line(lemu):
    told = " ".join(lemu.run("invoke", "--help").ok().stdout.decode().split())
    assert "every user of this machine can read a VALUE in the list of processes" in told
