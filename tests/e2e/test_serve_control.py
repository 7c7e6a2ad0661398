# SPDX-License-Identifier: Apache-2.0
"""Who may look after a daemon, and by which way: its control socket, beside the port that is for invoking."""
import os
import pathlib
import shutil
import signal
import socket
import stat

import harness
import pytest
from daemon import Daemon
from harness import HOST_ARCH

CONTROLS = [("GET", "/_lemu/environments"), ("GET", "/_lemu/logs/probe"), ("GET", "/_lemu/logs/probe?follow=1"),
            ("POST", "/_lemu/stop"), ("GET", "/_lemu/async"), ("GET", "/_lemu/async/x"), ("POST", "/_lemu/async/x"),
            ("DELETE", "/_lemu/async/x"), ("GET", "/_lemu/stop"), ("GET", "/_lemu/")]

pytestmark = pytest.mark.leaves("work/state")


def probe(lemu, *settings, arch=HOST_ARCH):
    return ",".join([str(lemu.function(arch, "probe")), f"arch={arch}", "timeout=60", *settings])


@pytest.fixture
def daemon(lemu):
    with Daemon(lemu, functions={"probe": probe(lemu)}) as running:
        yield running


@pytest.mark.parametrize("method, path", CONTROLS, ids=" ".join)
def test_the_port_controls_nothing(daemon, method, path):
    answer = daemon.request(method, path)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (404, "UnknownOperationException")
    assert daemon.request("GET", "/health").status == 200


@pytest.mark.parametrize("path", ["/health", "/metrics", "/2015-03-31/functions/probe/invocations"])
def test_the_control_socket_invokes_nothing(daemon, path):
    assert daemon.control("POST", path).status == 404
    assert daemon.control("DELETE", "/_lemu/async/x").headers["allow"] == "GET, POST"


def test_its_folder_is_its_users_alone(any_user):
    """Whatever the umask; and nothing is left when it ends."""
    around = ["sh", "-c", 'umask "$0" && exec "$@"']
    for umask in ("000", "777"):
        base = any_user.tmp / f"lemu-{any_user.user or os.geteuid()}"
        if umask == "777":  # else the folder around could not be entered
            base.mkdir(exist_ok=True, mode=0o700)
            if any_user.user:
                os.chown(base, any_user.user, any_user.user)
        with Daemon(any_user, "--state-dir", any_user.work / "state", functions={"probe": probe(any_user)},
                    around=[*around, "000" if umask == "777" else umask]) as running:
            folder = running.control_socket.parent
            about = folder.stat()
            assert (stat.S_IMODE(about.st_mode), about.st_uid) == (0o700, any_user.user or os.geteuid())
            assert stat.S_ISSOCK(running.control_socket.stat().st_mode)
        assert not folder.exists()


@pytest.mark.parametrize("command", [["ps"], ["logs", "probe"], ["async", "ls"], ["stop"]], ids=lambda words: words[0])
def test_what_only_its_user_and_root_may(any_user, command):
    if os.geteuid() != 0 or any_user.user is None:
        pytest.skip("needs root and an ordinary user")
    with Daemon(any_user, functions={"probe": probe(any_user)}) as running:
        other = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]
        lemu = [str(any_user.stage / "bin/lemu"), command[0], "--endpoint", running.url, *command[1:]]
        refused = any_user.finish(harness.subprocess.Popen(
            [*other, *lemu], env=any_user.environment, stdout=-1, stderr=-1)).ok(2)
        assert f"belongs to another user, the one with the id {any_user.user}" in refused.stderr
        any_user.finish(harness.subprocess.Popen(lemu, env=any_user.environment, stdout=-1, stderr=-1)).ok()
        if command == ["stop"]:
            running.result = any_user.finish(running.process)


def test_it_is_found_by_another_tmpdir_in_tmp(lemu, tmp_path):
    """Who started the daemon may have had none."""
    with Daemon(lemu, functions={"probe": probe(lemu)}) as running:
        missed = lemu.run("ps", "--endpoint", running.url, env={"TMPDIR": str(tmp_path)}).ok(3)
        assert f"what listens at {running.url} has no control socket in {tmp_path}/lemu-" in missed.stderr
        assert "/tmp/lemu-" in missed.stderr and "set TMPDIR" in missed.stderr


def test_what_is_no_daemon_has_none(lemu):
    with socket.create_server(("127.0.0.1", 0)) as other:
        url = f"http://127.0.0.1:{other.getsockname()[1]}"
        assert f"what listens at {url} has no control socket" in lemu.run("stop", "--endpoint", url).ok(3).stderr


def test_another_machine_is_not_controlled(lemu):
    refused = lemu.run("ps", "--endpoint", "http://192.0.2.1:9000").ok(2)  # RFC 5737
    assert "http://192.0.2.1:9000 is on another machine" in refused.stderr and "run the command on that" in refused.stderr


@pytest.mark.parametrize("listen, asked", [("0.0.0.0", "127.0.0.1"), ("127.0.0.2", "127.0.0.2"), ("0.0.0.0", "localhost")])
def test_it_is_found_by_each_address(lemu, listen, asked):
    with Daemon(lemu, "--listen", listen, functions={"probe": probe(lemu)}, address=listen) as running:
        assert b"probe" in lemu.run("ps", "--endpoint", f"http://{asked}:{running.port}").ok().stdout


def test_two_daemons_at_one_port_of_two_addresses(lemu):
    with Daemon(lemu, functions={"one": probe(lemu)}) as one, \
            Daemon(lemu, "--listen", "127.0.0.2", "--port", one.port, "--state-dir", lemu.work / "state",
                   functions={"two": probe(lemu)}, address="127.0.0.2") as two:
        assert one.port == two.port
        for running, name in ((one, b"one"), (two, b"two")):
            assert lemu.run("ps", "--endpoint", running.url).ok().stdout.splitlines()[1].split()[0] == name


# ---- what lies there already

def test_a_killed_daemons_socket_is_swept(lemu):
    state = lemu.work / "state"
    with Daemon(lemu, "--state-dir", state, functions={"probe": probe(lemu)}) as killed:
        killed.stop(signal.SIGKILL)
        killed.result.status = 0  # as asked
        assert killed.control_socket.exists()
        lemu.run("ps", "--endpoint", killed.url).ok(3)
    with Daemon(lemu, "--state-dir", state, "--port", killed.port, functions={"probe": probe(lemu)}) as again:
        lemu.run("ps", "--endpoint", again.url).ok()
    assert not killed.control_socket.exists()


def place(lemu):
    base = lemu.tmp / f"lemu-{lemu.user or os.geteuid()}"
    base.mkdir(mode=0o700)
    return base, base / "control"


def test_a_link_in_its_place_is_not_followed(lemu):
    base, control = place(lemu)
    elsewhere = lemu.work / "elsewhere"
    elsewhere.mkdir()
    control.symlink_to(elsewhere)
    refused = lemu.run("serve", "--port", "0", "--function", f"probe={probe(lemu)}").ok(3)
    assert f"cannot make or use the control socket {control}" in refused.stderr
    assert not list(elsewhere.iterdir())
    shutil.rmtree(base)
    elsewhere.rmdir()


def test_another_users_folder_is_not_used(lemu):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    base, control = place(lemu)
    control.mkdir(mode=0o777)
    os.chown(control, 54321, 54321)
    refused = lemu.run("serve", "--port", "0", "--function", f"probe={probe(lemu)}").ok(3)
    assert f"the folder {control} belongs to another user" in refused.stderr
    shutil.rmtree(base)


def test_a_long_tmpdir(lemu):
    """Longer than a socket's name may be."""
    deep = lemu.tmp / ("x" * 200)
    deep.mkdir()
    lemu.tmp = deep
    with Daemon(lemu, functions={"probe": probe(lemu)}) as running:
        lemu.run("ps", "--endpoint", running.url).ok()
    lemu.tmp = deep.parent
    shutil.rmtree(deep)


# ---- functions

def test_a_function_cannot_reach_it(any_user, mode):
    """Not even where its code's folder holds the socket's."""
    folder = pathlib.Path(any_user.package(mode.arch, "probe"))
    inside = folder / "tmp"
    inside.mkdir()
    if any_user.user is not None:
        os.chown(inside, any_user.user, any_user.user)
    any_user.tmp, usual = inside, any_user.tmp
    settings = f"{folder},timeout=60,arch={mode.arch},launch={mode.launch},sandbox={mode.sandbox}"
    try:
        with Daemon(any_user, functions={"probe": settings}) as running:
            path = str(running.control_socket)
            assert running.invoke("probe", {"do": "stat", "path": path}).json()["error"] == "ENOENT"
            seen = "/var/task" + path.removeprefix(str(folder))
            for name in (path, seen):
                answer = running.invoke("probe", {"do": "connect", "path": name,
                                                  "send": "POST /_lemu/stop HTTP/1.1\r\nHost: x\r\n\r\n"}).json()
                assert answer["error"] != "" or "403" in answer["text"], answer
            assert running.request("GET", "/health").status == 200
    finally:
        any_user.tmp = usual
    shutil.rmtree(folder)
