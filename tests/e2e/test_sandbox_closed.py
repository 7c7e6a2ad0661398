# SPDX-License-Identifier: Apache-2.0
"""The sandbox fails closed: what goes wrong while one is made is an error. Only a host that can make none at all, as a
trial without the package shows, has an ordinary user's function run without one, and root's never does."""
import ctypes
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import threading

import capabilities
import pytest
from daemon import Daemon, at_once
from harness import HOST_ARCH, MODES, NO_SANDBOX, NOBODY, POOR_HOST

NATIVE = MODES[0]
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="root: it makes folders of two users")
pytestmark = pytest.mark.needs("userns")


def options_of(mode):
    return [*mode.options, "--sandbox", "auto"]


def never_bare(result):
    """It failed with an error that says what to do, and ran nothing."""
    assert result.status in (2, 3), result
    assert result.starting("lemu: error: ") and result.starting("lemu:   try: "), result
    assert "no sandbox" not in result.stderr and result.stdout == b"" and not result.starting("START "), result
    return result


# ---- code that only its owner, or root, can reach

@root_only
@pytest.mark.parametrize("mode_of_home", [0o700, 0o750])
@pytest.mark.parametrize("kind", ["folder", "file", "zip"])
def test_root_runs_a_package_below_a_private_folder(lemu, mode, mode_of_home, kind):
    home = lemu.folder / "private" / "deep"
    home.mkdir(parents=True)
    package = lemu.package(mode.arch)
    target = home / "package"
    shutil.move(package, target)
    if kind == "zip":
        target = shutil.make_archive(home / "package", "zip", target)
    elif kind == "file":
        target = target / "bootstrap"
    for path in (home, home.parent):
        os.chown(path, 1234, 1234)
        path.chmod(mode_of_home)
    for words in ([], ["-q"]):
        result = lemu.run("invoke", *options_of(mode), *words, "--data", '{"do":"ids"}', target).ok()
        assert result.json()["uid"] == 993 and "no sandbox" not in result.stderr
    shell = lemu.run("shell", "--arch", HOST_ARCH, lemu.function(HOST_ARCH, "probe") if mode.emulated else target, "--",
                     "/bin/sh", "-c", "id -u; cat /proc/self/uid_map").ok()
    assert shell.stdout.split()[:2] == [b"993", b"993"]


@root_only
def test_root_runs_what_lies_on_a_private_path_of_sysroot_and_qemu(lemu, mode):
    """Everything that is bound is opened before the user namespace is entered, not only the code."""
    if not mode.emulated:
        pytest.skip("natively there is no QEMU")
    qemu = capabilities.find_qemu(static=True)
    if not qemu:
        pytest.skip("this distribution has no static QEMU")
    home = lemu.folder / "private"
    home.mkdir()
    shutil.copy2(qemu, home / "qemu")
    os.chown(home, 1234, 1234)
    home.chmod(0o700)
    result = lemu.run("invoke", *options_of(mode), "--qemu", home / "qemu", "--data", '{"do":"ids"}',
                      lemu.function(mode.arch, "probe")).ok()
    assert result.json()["uid"] == 993


# ---- code that is moved while lemu starts

RENAME_EXCHANGE, AT_FDCWD = 2, -100


def exchanging(first, second, until):
    libc = ctypes.CDLL(None)
    while not until.is_set():
        libc.renameat2(AT_FDCWD, os.fsencode(first), AT_FDCWD, os.fsencode(second), RENAME_EXCHANGE)


@pytest.mark.parametrize("decoy", ["other package", "empty folder", "file", "link", "nothing"])
def test_a_package_that_is_moved_back_and_forth(any_user, mode, decoy):
    elsewhere = pathlib.Path(tempfile.mkdtemp(prefix="moved-"))
    elsewhere.chmod(0o755)
    package = pathlib.Path(shutil.move(any_user.package(mode.arch), elsewhere / "package"))
    other = elsewhere / "decoy"
    until = threading.Event()
    if decoy == "other package":
        shutil.copytree(package, other)
    elif decoy == "empty folder":
        other.mkdir()
    elif decoy == "file":
        other.write_text("nothing to run")
    elif decoy == "link":
        other.symlink_to("/")
    if decoy == "nothing":
        def flip():
            while not until.is_set():
                package.rename(other)
                other.rename(package)
        mover = threading.Thread(target=flip)
    else:
        mover = threading.Thread(target=exchanging, args=(package, other, until))
    mover.start()
    try:
        for _ in range(12):
            result = any_user.run("invoke", *options_of(mode), "--data", '{"do":"ids"}', package)
            assert "no sandbox" not in result.stderr, result
            if result.status == 0:
                assert result.json()["uid"] == 993, result
            else:
                assert result.starting("lemu: error: ") or b"errorType" in result.stdout, result
    finally:
        until.set()
        mover.join()
        shutil.rmtree(elsewhere)


def test_a_bootstrap_that_is_written_anew(any_user, mode):
    """One that is written anew between two runs is another file, and no reason to fail."""
    package = any_user.package(mode.arch)
    bootstrap = package / "bootstrap"
    for _ in range(3):  # a bootstrap that is written anew has another inode
        copy = package / "new"
        shutil.copy2(bootstrap, copy)
        copy.rename(bootstrap)
        assert any_user.run("invoke", *options_of(mode), "--data", '{"x":1}', bootstrap).ok().stdout == b'{"x":1}'


# ---- limits of the caller

@pytest.mark.parametrize("size", [0, 1, 100])
def test_a_limit_on_the_size_of_files(any_user, mode, size):
    result = any_user.run("invoke", *options_of(mode), "--data", '{"do":"ids"}', any_user.function(mode.arch, "probe"),
                          around=["prlimit", f"--fsize={size}"])
    never_bare(result)
    assert "ulimit -f" in result.stderr, result


@pytest.mark.parametrize("files", range(4, 40, 3))
def test_a_limit_on_open_files(any_user, mode, files):
    result = any_user.run("invoke", *options_of(mode), "--data", '{"do":"ids"}', any_user.function(mode.arch, "probe"),
                          around=["prlimit", f"--nofile={files}"])
    if result.status == 0:
        assert result.json()["uid"] == 993
    assert "no sandbox" not in result.stderr, result


# A user namespace of the test's own, in which its user is root, and root has all the ids that it has outside. The limit
# is that namespace's. Its maps can only be written from outside: by a child that stays there.
LIMITED = """
import ctypes, os, sys
uid, gid = os.geteuid(), os.getegid()
wake, go = os.pipe()
writer = os.fork()
if writer == 0:
    os.close(go)
    os.read(wake, 1)
    count = 65536 if uid == 0 else 1
    if uid != 0:
        open(f"/proc/{os.getppid()}/setgroups", "w").write("deny")
    open(f"/proc/{os.getppid()}/uid_map", "w").write(f"0 {uid} {count}")
    open(f"/proc/{os.getppid()}/gid_map", "w").write(f"0 {gid} {count}")
    os._exit(0)
assert ctypes.CDLL(None).unshare(0x10000000) == 0
os.close(go)
os.waitpid(writer, 0)
open(f"/proc/sys/user/max_{sys.argv[1]}_namespaces", "w").write(sys.argv[2])
os.execvp(sys.argv[3], sys.argv[3:])
"""


@pytest.mark.parametrize("kind", ["user", "mnt", "pid", "ipc", "uts"])
@pytest.mark.parametrize("limit", [0, 1])
def test_a_limit_on_namespaces(lemu, mode, kind, limit):
    around = [sys.executable, "-c", LIMITED, kind, str(limit)]
    result = lemu.run("invoke", *options_of(mode), "--data", '{"do":"ids"}', lemu.function(mode.arch, "probe"), around=around)
    if result.status == 0:
        assert result.json()["uid"] == 993 and kind != "user", result
    else:
        never_bare(result)
        assert "user.max_user_namespaces" in result.stderr, result


# ---- a daemon whose folders go away for a moment

def test_a_mount_point_that_is_gone_is_made_again(any_user, mode):
    with Daemon(any_user, "--cold", functions={"f": f"{any_user.function(mode.arch, 'probe')},arch={mode.arch},sandbox=auto,"
                                                    f"launch={mode.launch}"}) as daemon:
        assert daemon.invoke("f", {"do": "ids"}).json()["uid"] == 993
        for folder in any_user.tmp.iterdir():
            shutil.rmtree(folder)
        assert daemon.invoke("f", {"do": "ids"}).json()["uid"] == 993
        result = daemon.stop()
    assert "no sandbox" not in result.stderr


def test_code_that_is_gone_for_a_moment(any_user, mode):
    package = any_user.package(mode.arch)
    with Daemon(any_user, "--cold", functions={"f": f"{package},arch={mode.arch},sandbox=auto,launch={mode.launch}"}) as daemon:
        assert daemon.invoke("f", {"do": "ids"}).json()["uid"] == 993
        away = package.rename(package.with_name("away"))
        failed = daemon.invoke("f", {"do": "ids"})
        assert failed.status == 500 or "errorType" in failed.json(), failed.body
        assert b'"uid"' not in failed.body
        away.rename(package)
        assert daemon.invoke("f", {"do": "ids"}).json()["uid"] == 993
        # A rebuild puts another folder in its place.
        shutil.copytree(package, away)
        shutil.rmtree(package)
        away.rename(package)
        assert daemon.invoke("f", {"do": "ids"}).json()["uid"] == 993
        result = daemon.stop()
    assert "no sandbox" not in result.stderr


def test_a_daemon_that_reaches_the_limit_on_namespaces(lemu, mode):
    """One sandbox takes two user namespaces. What finds none fails; what finds some again is sandboxed."""
    function = f"{lemu.function(mode.arch, 'probe')},arch={mode.arch},sandbox=auto,launch={mode.launch},timeout=60"
    with Daemon(lemu, functions={"f": function}, around=[sys.executable, "-c", LIMITED, "user", "2"]) as daemon:
        assert daemon.invoke("f", {"do": "ids"}).json()["uid"] == 993
        answers = at_once(3, lambda: daemon.invoke("f", {"do": "sleep", "ms": 1000}))
        assert sorted(answer.status for answer in answers) == [200, 500, 500], [answer.body for answer in answers]
        assert daemon.invoke("f", {"do": "ids"}).json()["uid"] == 993
        result = daemon.stop()
    assert "no sandbox" not in result.stderr and "user namespace" in result.stderr, result


@pytest.mark.needs("poor-hosts")
@pytest.mark.parametrize("level", ["info", "error"])
def test_a_daemon_on_a_host_without_sandboxes(any_user, level):
    """Its user is told once for each function; root's serves nothing."""
    probe = any_user.function(HOST_ARCH, "probe")
    with Daemon(any_user, "--log-level", level, functions={"f": probe, "g": probe},
                around=[str(POOR_HOST), "--deny-userns=EPERM", "--"]) as daemon:
        for name in ("f", "g", "f"):
            answer = daemon.invoke(name, {"x": 1})
            if any_user.is_root:
                assert answer.status >= 500, answer.body
            else:
                assert answer.json() == {"x": 1}
        result = daemon.stop()
    assert result.stderr.count("no sandbox: ") == (0 if any_user.is_root else 2), result


# ---- hosts that withhold sandboxes

@pytest.mark.needs("poor-hosts")
@pytest.mark.parametrize("host", sorted(NO_SANDBOX))
@pytest.mark.parametrize("command", ["invoke", "invoke -q", "shell"])
def test_root_never_goes_without(lemu, host, command):
    if not lemu.is_root:
        pytest.skip("root: it is root's rule")
    words = ["--", "/bin/true"] if command == "shell" else []
    result = lemu.run(*command.split(), lemu.function(HOST_ARCH, "probe"), *words, host=host)
    never_bare(result.ok(3))
    assert "as root" in result.stderr and "--sandbox off" in result.stderr
    told = lemu.run(*command.split(), "--sandbox", "off", lemu.function(HOST_ARCH, "probe"), *words, host=host).ok()
    assert len(told.starting("lemu: note: no sandbox: asked for with --sandbox off")) == 1


@pytest.mark.needs("poor-hosts")
@pytest.mark.parametrize("host", sorted(NO_SANDBOX))
def test_an_ordinary_user_is_told_even_when_quiet(request, host):
    import conftest
    maker = conftest._make_lemu(request, NOBODY if os.geteuid() == 0 else None)
    lemu = next(maker)
    result = lemu.run("invoke", "-q", "--report", "json", "--data", '{"x":1}', lemu.function(HOST_ARCH, "probe"), host=host).ok()
    assert result.stdout == b'{"x":1}'
    assert len(result.starting("lemu: note: no sandbox: ")) == 1, result
    assert result.json_reports[0]["sandbox"]["mode"] == "off"
    on = never_bare(lemu.run("invoke", "--sandbox", "on", lemu.function(HOST_ARCH, "probe"), host=host).ok(3))
    assert "--sandbox off" not in on.stderr and "lemu doctor" in on.stderr
    assert next(maker, None) is None


@pytest.mark.bare
def test_a_run_without_a_sandbox_says_so_once(any_user, mode):
    for words in ([], ["-q"], ["--report", "json"]):
        result = any_user.invoke(mode, "probe", {"x": 1}, *words, "--repeat", "2").ok()
        assert len(result.starting("lemu: note: no sandbox: ")) == (mode.sandbox == "off"), result


PARTS = {"masked-proc": "/proc of its own", "few-devices": "/dev/", "no-devices": "/dev/"}


@pytest.mark.needs("poor-hosts")
@pytest.mark.parametrize("host", PARTS)
def test_on_asks_for_the_whole_sandbox(any_user, host):
    result = any_user.run("invoke", "--sandbox", "on", any_user.function(HOST_ARCH, "probe"), host=host).ok(3)
    never_bare(result)
    (error,), (remedy,) = result.starting("lemu: error: "), result.starting("lemu:   try: ")
    assert PARTS[host] in error and "off" not in remedy, result
    assert any_user.run("invoke", "--data", '{"x":1}', any_user.function(HOST_ARCH, "probe"), host=host).ok().json() == {"x": 1}


def test_what_the_user_gives_up_is_no_missing_part(any_user):
    result = any_user.run("invoke", "--sandbox", "on", "--keep", any_user.function(HOST_ARCH, "probe")).ok()
    shutil.rmtree(re.search(r"kept: (.*)", result.stderr).group(1))


@pytest.mark.needs("poor-hosts")
@pytest.mark.parametrize("path", [
    "/proc/self/oom_score_adj", pytest.param(f"/proc/{os.getpid()}/oom_score_adj", id="/proc/PID/oom_score_adj"),
    "/proc/sys/kernel/hostname", "/proc/self/comm"])
def test_the_outer_proc_is_read_only(any_user, path):
    opened = any_user.run("invoke", "--data", json.dumps({"do": "open", "path": path, "mode": "w"}),
                          any_user.function(HOST_ARCH, "probe"), host="masked-proc").ok().json()
    assert opened["error"] in ("EROFS", "EACCES", "ENOENT"), opened
    flags = [line for line in any_user.run("shell", any_user.function(HOST_ARCH, "probe"), "--", "cat", "/proc/self/mountinfo",
                                                host="masked-proc").ok().stdout.decode().splitlines() if line.split()[4] == "/proc"][-1]
    assert {"ro", "nosuid", "nodev", "noexec"} <= set(flags.split()[5].split(",")), flags
