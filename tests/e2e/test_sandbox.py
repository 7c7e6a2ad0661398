# SPDX-License-Identifier: Apache-2.0
"""What a function sees of this machine, and what it can do to it. What lemu promises is in test_guarantees.py."""
import fcntl
import json
import os
import subprocess
import termios

import pytest
from harness import HOST_ARCH, MACHINE, MODES, Mode


def inside(lemu, mode, function="probe", options=(), **event):
    return lemu.invoke(mode, function, event, *options).ok().json()


def test_who_and_where_the_function_is(any_user, mode):
    ids = inside(any_user, mode, do="ids")
    assert (ids["uid"], ids["gid"], ids["euid"], ids["egid"]) == (993, 990, 993, 990)
    assert ids["machine"] == MACHINE[mode.arch]
    assert ids["cwd"] == "/var/task" and ids["exe"] == "/var/task/bootstrap"
    assert ids["argv"] == ["/var/task/bootstrap"]
    assert ids["pid"] != 1
    for capabilities in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(ids[capabilities], 16) == 0
    assert ids["NoNewPrivs"] == "1"
    assert ids["hostname"] != os.uname().nodename


def test_what_is_out_of_reach(any_user, mode):
    """The helper, which is PID 1 there, and what a privileged process of this machine could do."""
    tried = inside(any_user, mode, do="reach")
    tried.pop("pid")
    # prlimit(2) asks for the same user alone: an ordinary user's function may end its own environment that way.
    own = {"init_limits"} if any_user.user is not None or os.geteuid() != 0 else set()
    assert len(tried) > 30 and {name for name, error in tried.items() if error == ""} == own
    if not mode.emulated:  # QEMU knows no ptrace, nor reading another's memory
        assert {tried[name] for name in ("init_trace", "init_attach", "init_memory", "init_descriptor")} == {"EPERM"}


LAMBDA_VARIABLES = {
    "_HANDLER", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS",
    "_AWS_XRAY_DAEMON_ADDRESS", "_AWS_XRAY_DAEMON_PORT", "LANG", "TZ", "PATH", "LD_LIBRARY_PATH"}


@pytest.mark.bare
def test_the_environment_is_lambdas_and_nothing_else(lemu, mode):
    variables = inside(lemu, mode, do="env", options=("--env", "MINE=1=2", "--handler", "app.go", "--memory", "256", "--name", "f"))
    if mode.sandbox == "on":
        assert set(variables) == LAMBDA_VARIABLES | {"MINE"}
    else:  # a private TMPDIR stands for the private /tmp
        assert set(variables) == LAMBDA_VARIABLES | {"MINE", "TMPDIR"}
    assert variables["MINE"] == "1=2"
    assert variables["_HANDLER"] == "app.go"
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "f"
    assert variables["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert variables["TZ"] == ":UTC" and variables["LANG"] == "en_US.UTF-8"
    assert "must-not-leak" not in json.dumps(variables)


def test_what_is_forbidden(any_user, mode):
    tried = inside(any_user, mode, do="forbidden")
    tried.pop("pid")
    allowed = [name for name, error in tried.items() if error == ""]
    assert allowed == [], "these must be refused"


def test_no_signal_of_the_function_ends_its_init(any_user, mode):
    result = any_user.invoke(mode, "probe", {"do": "signal-init"}, "--repeat", "2").ok()
    assert result.responses()[0].keys() == {"sent"}


def test_limits(any_user, mode):
    limits = inside(any_user, mode, do="rlimits")
    assert limits["nofile"] == [1024, 1024]
    assert limits["core"] == [0, 0], "a crash must leave no core file"
    assert limits["nproc"][0] == 742 * (2 if mode.emulated else 1)
    assert limits["memlock"][0] == 65536


def test_folders(lemu, mode):
    for path in ("/var/task", "/opt"):
        status = inside(lemu, mode, do="stat", path=path)
        assert status["error"] == "" and status["mode"] == "755", (path, status)
    assert inside(lemu, mode, do="stat", path="/tmp")["mode"] == "1777"
    assert inside(lemu, mode, do="list", path="/tmp")["names"] == []
    assert inside(lemu, mode, do="list", path="/var/task")["names"] == ["bootstrap"]


def test_nothing_of_the_users_home(any_user, mode):
    (any_user.home / "secret").write_text("x")
    for path in (any_user.home / "secret", any_user.home, "/root", "/home"):
        listing = inside(any_user, mode, do="list", path=str(path))
        assert listing["names"] == [], path
    (any_user.tmp / "host-file").write_text("x")
    try:
        assert inside(any_user, mode, do="stat", path=str(any_user.tmp / "host-file"))["error"] == "ENOENT"
    finally:
        (any_user.tmp / "host-file").unlink()


def test_private_binfmt_is_covered(lemu):
    import capabilities
    mode = MODES[1]
    capabilities.require_mode(mode)
    assert inside(lemu, mode, do="list", path="/proc/sys/fs/binfmt_misc")["names"] == []


def test_a_made_etc(lemu, mode):
    names = set(inside(lemu, mode, do="list", path="/etc")["names"])
    assert {"passwd", "group", "hosts", "resolv.conf", "nsswitch.conf"} <= names
    passwd = inside(lemu, mode, do="open", path="/etc/passwd")["text"]
    assert "sbx_user1051:x:993:990:" in passwd
    shadow = inside(lemu, mode, do="open", path="/etc/shadow")
    assert shadow["error"] in ("ENOENT", "EACCES")


@pytest.mark.parametrize("name", ["localhost", "example.com"])
def test_names_resolve(lemu, mode, name):
    import capabilities
    capabilities.require(*(["cross-sysroot"] if mode.emulated else []), *(["network"] if name != "localhost" else []))
    answer = inside(lemu, mode, "probe-dynamic", do="resolve", name=name)
    assert answer["error"] == "" and answer["address"]


def test_the_certificates_are_there(lemu, mode):
    bundle = inside(lemu, mode, do="open", path="/etc/ssl/certs/ca-certificates.crt")
    assert bundle["error"] == "" and "BEGIN CERTIFICATE" in bundle["text"]


def test_children_of_its_own_architecture(lemu, mode):
    child = lemu.function(mode.arch, "probe")
    package = lemu.package(mode.arch, child=child)
    own = lemu.invoke(mode, package, {"do": "exec", "path": "/proc/self/exe"}).ok()
    other = lemu.invoke(mode, package, {"do": "exec", "path": "/var/task/child"}).ok()
    for result in (own, other):
        if mode.launch == "direct":  # QEMU alone cannot start a program of its guest's kind: only the kernel can
            assert result.json()["error"] == "ENOEXEC" or result.json()["exited"] != 7
        else:
            assert result.json() == {"error": "", "exited": 7, "signal": 0}
            assert f"child on {MACHINE[mode.arch]}" in result.lines


def test_children_of_the_host_under_private_binfmt(lemu):
    import capabilities
    mode = MODES[1]
    capabilities.require_mode(mode)
    package = lemu.package(mode.arch, child=lemu.function(HOST_ARCH, "probe"))
    result = lemu.invoke(mode, package, {"do": "exec", "path": "/var/task/child"})
    assert f"child on {MACHINE[HOST_ARCH]}" in result.lines


@pytest.mark.bare
def test_threads(lemu, mode):
    assert inside(lemu, mode, do="threads", n=16) == {"total": 160_000, "error": ""}


@pytest.mark.parametrize("bare", [Mode(HOST_ARCH, "native", "off")], ids=str)
def test_without_a_sandbox_it_is_said_what_is_lost(lemu, bare):
    result = lemu.invoke(bare, "probe", {"do": "ids"}, "-v").ok()
    assert "sandbox" in result.stderr
    assert result.json()["cwd"] == str(lemu.function(HOST_ARCH, "probe").parent)


TYPE = ("import fcntl\nfor request in (0x5412, 0x541c):\n try: fcntl.ioctl(0, request, b'x')\n"
        " except OSError as error: print('errno', error.errno)\n else: print('typed')")


@pytest.mark.skipif(not os.path.exists("/usr/bin/python3"), reason="needs /usr/bin/python3")
@pytest.mark.parametrize("sandbox", ["on", "off"])
def test_a_shells_program_cannot_type_into_the_terminal(any_user, sandbox):
    words = any_user.command("shell", "--sandbox", sandbox, any_user.function(HOST_ARCH, "probe"), "--",
                             "/usr/bin/python3", "-c", TYPE)
    ours, theirs = os.openpty()
    with subprocess.Popen(words, stdin=theirs, stdout=subprocess.PIPE, env=any_user.environment, cwd=any_user.work,
                          text=True, preexec_fn=lambda: (os.setsid(), fcntl.ioctl(theirs, termios.TIOCSCTTY, 0))) as shell:
        said = shell.stdout.read()
    os.close(ours)
    os.close(theirs)
    assert (shell.returncode, said.splitlines()) == (0, ["errno 1", "errno 1"])
