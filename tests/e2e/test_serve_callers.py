# SPDX-License-Identifier: Apache-2.0
"""Which users of this machine a daemon and a Runtime API serve."""
import json
import os
import socket
import subprocess
import sys

import harness
import pytest
from callers import ask_as
from daemon import Daemon
from harness import HOST_ARCH
from test_rie import Rie

OTHER = 54321
INVOKE = "/2015-03-31/functions/probe/invocations"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be other users")


def probe(lemu, *settings):
    return ",".join([str(lemu.function(HOST_ARCH, "probe")), f"arch={HOST_ARCH}", "timeout=60", *settings])


def user_of(lemu):
    return lemu.user or 0


def test_a_daemon_serves_its_user_and_root(any_user):
    with Daemon(any_user, functions={"probe": probe(any_user)}) as running:
        for user in {user_of(any_user), 0}:
            assert ask_as(user, running.url + INVOKE, '{"n": 1}') == (200, '{"n": 1}')
        for path, data in ((INVOKE, '{"n": 1}'), ("/health", ""), ("/metrics", ""), ("/nothing", "")):
            status, body = ask_as(OTHER, running.url + path, data)
            assert status == 403
            assert body == (f"this lemu serve does not serve the user with the id {OTHER}; start it with "
                            "--allow-other-users to serve every user of this machine\n")


def test_a_daemon_that_serves_all(any_user):
    with Daemon(any_user, "--allow-other-users", functions={"probe": probe(any_user)}) as running:
        for user in (user_of(any_user), 0, OTHER):
            assert ask_as(user, running.url + INVOKE, '{"n": 1}') == (200, '{"n": 1}')


def test_so_in_a_file(lemu):
    (lemu.work / "lemu.yaml").write_text(f"port: 0\nallow-other-users: true\nfunctions:\n  probe: {probe(lemu).split(',')[0]}\n")
    with Daemon(lemu, "--config", "lemu.yaml") as running:
        assert ask_as(OTHER, running.url + "/health")[0] == 200


@pytest.mark.parametrize("listen, asked, source", [
    ("127.0.0.1", "127.0.0.1", "127.0.0.9"), ("127.0.0.2", "127.0.0.2", ""), ("0.0.0.0", "127.0.0.1", ""),
    ("::1", "[::1]", ""), ("::", "[::1]", ""), ("::", "127.0.0.1", ""), ("::", "[::ffff:127.0.0.1]", ""),
    ("127.0.0.1", "127.0.0.1", "own"),
])
def test_however_loopback_is_reached(any_user, listen, asked, source):
    if source == "own":  # an address of this machine that is not loopback's
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probing:
            try:
                probing.connect(("192.0.2.1", 9))
            except OSError:
                pytest.skip("this machine has no other address")
            source = probing.getsockname()[0]
    address = f"[{listen}]" if ":" in listen else listen
    with Daemon(any_user, "--listen", listen, functions={"probe": probe(any_user)}, address=address) as running:
        url = f"http://{asked}:{running.port}/health"
        assert ask_as(OTHER, url, source=source)[0] == 403
        for user in {user_of(any_user), 0}:
            assert ask_as(user, url, source=source)[0] == 200


def test_who_closes_at_once_is_not_served(any_user):
    """Whose a closed socket was the kernel may have forgotten."""
    code = ("import socket, sys\n"
            "for _ in range(200):\n"
            "    s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
            "    s.sendall(b'POST " + INVOKE + " HTTP/1.1\\r\\nHost: localhost\\r\\nX-Amz-Invocation-Type: Event\\r\\n"
            "Content-Length: 2\\r\\n\\r\\n{}')\n"
            "    s.close()\n")
    with Daemon(any_user, functions={"probe": probe(any_user)}) as running:
        subprocess.run(["setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups", sys.executable, "-I", "-c", code,
                        str(running.port)], check=True, timeout=60)
        assert running.request("GET", "/health").status == 200
        metrics = running.request("GET", "/metrics").body
        assert b'lemu_invocations_total{function="probe"} 0' in metrics
        assert running.control("GET", "/_lemu/async").json() == {"events": []}


def test_refused_callers_hold_up_nobody(any_user):
    """However many, and however long they stay."""
    code = ("import socket, sys, time\n"
            "held = [socket.create_connection(('127.0.0.1', int(sys.argv[1]))) for _ in range(100)]\n"
            "print('there', flush=True)\n"
            "sys.stdin.read()\n")
    with Daemon(any_user, "--max-connections", "3", functions={"probe": probe(any_user)}) as running:
        holder = subprocess.Popen(["setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups", sys.executable, "-I",
                                   "-c", code, str(running.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert holder.stdout.readline() == b"there\n"
        for n in range(20):
            assert running.invoke("probe", {"n": n}).json() == {"n": n}
        holder.communicate()


# ---- the Runtime API

@pytest.mark.bare
def test_a_runtime_api_serves_its_function(any_user, mode):
    """In each way to run one; `lemu shell` and `lemu invoke` have the same."""
    function = f"{any_user.function(mode.arch, 'probe')},timeout=60,arch={mode.arch},launch={mode.launch},sandbox={mode.sandbox}"
    own = harness.NOBODY if any_user.user is None and mode.sandbox != "off" else user_of(any_user)
    with Daemon(any_user, functions={"probe": function}) as running:
        api = "http://" + running.invoke("probe", {"do": "env"}).json()["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01"
        assert ask_as(own, api + "/ping") == (200, "pong")
        for user in {0, OTHER, harness.NOBODY, user_of(any_user)} - {own}:
            for path, data in (("/runtime/invocation/next", ""), ("/runtime/invocation/x/response", "{}"), ("/ping", "")):
                status, body = ask_as(user, api + path, data)
                assert status == 403
                assert body == f"the Runtime API of a function does not serve the user with the id {user}\n"
        assert running.invoke("probe", {"n": 1}).json() == {"n": 1}


def test_the_one_of_lemu_rie(any_user):
    with Rie(any_user, any_user.function(HOST_ARCH, "probe")) as rie:
        api = "http://" + json.loads(rie.invoke({"do": "env"})[1])["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/ping"
        own = user_of(any_user)
        assert ask_as(own, api) == (200, "pong")
        for user in {0, OTHER} - {own}:
            assert ask_as(user, api)[0] == 403
        # Its own port is for everybody, as aws-lambda-rie's is.
        assert ask_as(OTHER, f"http://127.0.0.1:{rie.port}/2015-03-31/functions/function/invocations", "{}")[0] == 200


# ---- where the kernel does not tell

def test_a_kernel_that_does_not_tell_is_told_of(any_user):
    with Daemon(any_user, functions={"probe": probe(any_user)}, host="no-sock-diag") as running:
        assert ask_as(OTHER, running.url + "/health")[0] == 200
        said = running.stop().ok().stderr
    assert "this kernel does not tell who has a socket: Protocol not supported: every user of this machine can invoke" in said


@pytest.mark.needs("poor-hosts")
def test_doctor_and_reports_tell_of_it(any_user):
    said = any_user.run("doctor", host="no-sock-diag").stdout.decode()
    assert "a Runtime API that other users cannot call (sock_diag: Protocol not supported)" in said
    run = any_user.run("invoke", "--sandbox", "on", "--report", "json", any_user.function(HOST_ARCH, "probe"),
                       host="no-sock-diag").ok()
    assert run.json_reports[0]["sandbox"]["mode"] == "full"
    assert run.json_reports[0]["sandbox"]["missing"] == [
        "a Runtime API that other users cannot call (sock_diag: Protocol not supported)"]
    assert "other users of this machine can call the function's Runtime API" in run.stderr
