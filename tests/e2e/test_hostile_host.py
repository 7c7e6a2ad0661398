# SPDX-License-Identifier: Apache-2.0
"""A host that gives lemu less than it needs, or takes it away while it runs."""
import contextlib
import fcntl
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import termios
import zipfile

import capabilities
import pytest
from harness import (FOREIGN_ARCH, FUNCTIONS, MODES, REPO, STAGE, descendants, wait_for_no_descendants,
                     wait_until)

NATIVE = MODES[0]


# ---- whoever reads lemu's output is slow, or does not read at all

@contextlib.contextmanager
def unread(kind):
    """Both ends of something that takes no more bytes."""
    if kind == "pipe":
        reader, writer = os.pipe()
    elif kind == "socket":
        reader, writer = (end.detach() for end in socket.socketpair())
    else:
        reader, writer = pty.openpty()
        termios.tcflow(writer, termios.TCOOFF)  # as Ctrl-S does
    flags = fcntl.fcntl(writer, fcntl.F_GETFL)
    if kind != "terminal":
        fcntl.fcntl(writer, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * 4096)
        fcntl.fcntl(writer, fcntl.F_SETFL, flags)
    try:
        yield reader, writer
        assert fcntl.fcntl(writer, fcntl.F_GETFL) == flags, "the caller's description of the file is as it was"
    finally:
        os.close(reader)
        os.close(writer)


def lines_until(stream, word):
    lines = []
    while not lines or not lines[-1].startswith(word):
        lines.append(stream.readline().decode())
        assert lines[-1], lines
    return lines


@pytest.mark.parametrize("kind", ["pipe", "socket", "terminal"])
def test_the_timeout_holds_while_nobody_reads_the_response(lemu, mode, kind):
    with unread(kind) as (_, writer):
        process = lemu.start("invoke", *mode.options, "--timeout", "1", "--data", '{"sleep_after":60000}',
                             lemu.function(mode.arch, "probe"), stdout=writer)
        assert lines_until(process.stderr, "REPORT ")[-1].rstrip().endswith("Status: timeout")
        assert process.poll() is None, "the response waits for its reader"
        process.send_signal(signal.SIGINT)
        assert lemu.finish(process).status == 130


@pytest.mark.parametrize("kind", ["pipe", "socket", "terminal"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_signals_come_through_while_nobody_reads_stderr(lemu, kind, number):
    with unread(kind) as (_, writer):
        process = lemu.start("invoke", "--data", '{"x":1}', lemu.function(NATIVE.arch, "probe"), stderr=writer)
        assert process.stdout.read(7) == b'{"x":1}', "the response does not wait for who reads the log"
        process.send_signal(number)
        assert lemu.finish(process).status == 128 + number


def test_a_slow_reader_of_the_response_gets_all_of_it(lemu, mode):
    with unread("pipe") as (reader, writer):
        process = lemu.start("invoke", *mode.options, "--data", '{"do":"respond","size":1000000}',
                             lemu.function(mode.arch, "probe"), stdout=writer)
        got = b""
        while len(got.lstrip(b"x")) < 1_000_000:
            got += os.read(reader, 1000)
        assert lemu.finish(process).status == 0
    assert len(json.loads(got.lstrip(b"x"))) == 999_998


def test_a_slow_reader_of_the_log_gets_all_of_it_in_order(lemu, mode):
    with unread("pipe") as (reader, writer):
        process = lemu.start("invoke", *mode.options, "--timeout", "60", "--data", '{"do":"print","lines":20000}',
                             lemu.function(mode.arch, "probe"), stderr=writer)
        got = b""
        while not (b"\nREPORT " in got[-1000:] and got.endswith(b"\n")):
            got += os.read(reader, 1000)
        assert lemu.finish(process).status == 0
    lines = [line for line in got.lstrip(b"x").decode().splitlines() if not line.startswith("lemu: note")]
    assert [line.split()[0] for line in (*lines[:2], *lines[-2:])] == ["INIT_START", "START", "END", "REPORT"]
    assert lines[2:-2] == [f"line {n}" for n in range(1, 20_001)]


def test_a_flood_that_nobody_reads_makes_the_function_wait_and_not_lemu_grow(lemu, mode):
    with unread("pipe") as (_, writer):
        process = lemu.start("invoke", *mode.options, "--timeout", "2", "--data", '{"do":"print","lines":100000000}',
                             lemu.function(mode.arch, "probe"), stderr=writer)
        assert b"Task timed out after 2.00 seconds" in os.read(process.stdout.fileno(), 4096)
        status = dict(line.split(":\t") for line in open(f"/proc/{process.pid}/status").read().splitlines())
        assert int(status["VmHWM"].split()[0]) < 32_000, status["VmHWM"]
        process.send_signal(signal.SIGTERM)
        assert lemu.finish(process).status == 143


# ---- what the host has none of

def refused(result, *words, status=3):
    """The documented exit code, nothing on stdout, and a message that names reason and remedy."""
    result.ok(status)
    assert result.stdout == b"" and not result.starting("START "), result
    (error,), (remedy,) = result.starting("lemu: error: "), result.starting("lemu:   try: ")
    for word in words:
        assert word in error + "\n" + remedy, result


# Namespaces of the test's own: an ordinary user needs a user namespace for them.
UNSHARE = ["unshare"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user"]

NO_FREE_PORT = """
import fcntl, os, socket, struct, sys
holders = [socket.socket() for _ in range(4)]
up = struct.unpack("16sh", fcntl.ioctl(holders[0], 0x8913, struct.pack("16sh", b"lo", 0))[:18])[1] | 1
fcntl.ioctl(holders[0], 0x8914, struct.pack("16sh", b"lo", up))
open("/proc/sys/net/ipv4/ip_local_port_range", "w").write("40000 40003")
for port, holder in enumerate(holders, 40000):
    if sys.argv[1] == "taken":
        holder.bind(("127.0.0.1", port))
        holder.listen()
        holder.set_inheritable(True)
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.mark.needs("userns")
@pytest.mark.parametrize("port", ["taken", "free"])
def test_no_free_port(lemu, mode, port):
    around = [*UNSHARE, "--net", sys.executable, "-c", NO_FREE_PORT, port]
    result = lemu.run("invoke", *mode.options, "--sandbox", "auto", lemu.function(mode.arch, "probe"), around=around)
    if port == "taken":
        refused(result, "no free port on 127.0.0.1", "ip_local_port_range")
        assert "no sandbox" not in result.stderr, "it is no reason to go without one"
    else:
        assert result.ok().stdout == b"{}"


def with_tmpdir_on(lemu, options, *arguments, **more):
    """TMPDIR on a file system of its own, mounted for this lemu only."""
    mount = f'mount -t tmpfs -o {options} none "$TMPDIR" && exec "$@"'
    return lemu.run(*arguments, around=[*UNSHARE, "--mount", "sh", "-c", mount, "sh"], **more)


def zip_of(lemu, arch):
    with zipfile.ZipFile(lemu.work / "function.zip", "w") as archive:
        archive.write(FUNCTIONS / arch / "probe/bootstrap", "bootstrap")
    return lemu.work / "function.zip"


@pytest.mark.needs("userns")
@pytest.mark.parametrize("options, words", [
    ("size=64k", ["cannot unpack 'bootstrap'", "No space left", "TMPDIR"]),
    ("nr_inodes=1", ["cannot make", "No space left", "TMPDIR"]),
    ("nr_inodes=6", ["No space left", "TMPDIR"]),
    ("ro", ["cannot make", "Read-only file system", "TMPDIR"]),
], ids=["full", "no-inode", "few-inodes", "read-only"])
def test_a_tmpdir_that_takes_nothing(lemu, mode, options, words):
    refused(with_tmpdir_on(lemu, options, "invoke", *mode.options, zip_of(lemu, mode.arch)), *words)


@pytest.mark.needs("userns")
@pytest.mark.bare
def test_a_zip_unpacked_where_nothing_can_be_executed(lemu, mode):
    result = with_tmpdir_on(lemu, "noexec", "invoke", *mode.options, zip_of(lemu, mode.arch))
    if mode.launch == "direct":  # QEMU reads the program, the kernel does not execute it
        assert result.ok().stdout == b"{}"
    else:
        refused(result, "mounted noexec", "set TMPDIR to a folder on another file system")


@pytest.mark.needs("userns")
def test_a_tmpdir_where_nothing_can_be_executed_does_not_matter_without_a_zip(lemu, mode):
    result = with_tmpdir_on(lemu, "noexec", "invoke", *mode.options, lemu.function(mode.arch, "probe"))
    assert result.ok().stdout == b"{}"


@pytest.mark.needs("userns")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_function_where_nothing_can_be_executed(lemu, what):
    copy = 'cp "$0" "$TMPDIR/bootstrap"'
    mount = f'mount -t tmpfs -o noexec none "$TMPDIR" && {copy} && exec "$@"'
    target = lemu.tmp / "bootstrap" if what == "file" else lemu.tmp
    result = lemu.run("invoke", target, around=[*UNSHARE, "--mount", "sh", "-c", mount,
                                                str(lemu.function(NATIVE.arch, "probe"))])
    refused(result, str(lemu.tmp / "bootstrap"), "mounted noexec", "copy it to another folder")


@pytest.mark.parametrize("home", [None, "", "/nonexistent", "relative"])
def test_a_home_that_is_none_does_not_matter(lemu, mode, home):
    around = ["env", "--unset=HOME"] if home is None else ["env", f"HOME={home}"]
    result = lemu.run("invoke", *mode.options, lemu.function(mode.arch, "probe"), around=around)
    assert result.ok().stdout == b"{}"


def test_a_home_that_may_not_be_read_does_not_matter(any_user):
    any_user.home.chmod(0)
    result = any_user.run("invoke", any_user.function(NATIVE.arch, "probe"))
    any_user.home.chmod(0o755)
    assert result.ok().stdout == b"{}"


def test_a_profile_without_a_home(lemu):
    result = lemu.run("invoke", "--aws-credentials", "profile", lemu.function(NATIVE.arch, "probe"),
                      around=["env", "--unset=HOME"])
    refused(result, "HOME is not set", "AWS_SHARED_CREDENTIALS_FILE", status=2)


def test_a_working_folder_that_is_gone(lemu, mode):
    (lemu.work / "gone").mkdir()
    around = ["sh", "-c", 'cd gone && rmdir ../gone && exec "$@"', "sh"]
    result = lemu.run("invoke", *mode.options, lemu.function(mode.arch, "probe"), around=around)
    assert result.ok().stdout == b"{}"


# ---- limits

@pytest.mark.parametrize("descriptors", [4, 8, 16, 32, 63])
def test_too_few_descriptors(lemu, descriptors):
    result = lemu.run("invoke", lemu.function(NATIVE.arch, "probe"), around=["prlimit", f"--nofile={descriptors}"])
    refused(result, f"may open {descriptors} files", "ulimit -n 1024")


@pytest.mark.parametrize("limits", ["64:64", "8:1024"])
def test_enough_descriptors(lemu, mode, limits):
    result = lemu.run("invoke", *mode.options, "--data", '{"do":"echo"}', "--repeat", "3",
                      lemu.function(mode.arch, "probe"), around=["prlimit", f"--nofile={limits}"])
    assert result.ok().stdout == b'{"do":"echo"}\n' * 3


def test_descriptors_that_are_all_taken(lemu):
    take = "import os, sys\nwhile True:\n try: os.set_inheritable(os.dup(0), True)\n except OSError: break\n" \
           "os.execv(sys.argv[1], sys.argv[1:])"
    result = lemu.run("invoke", lemu.function(NATIVE.arch, "probe"),
                      around=["prlimit", "--nofile=70", sys.executable, "-c", take])
    result.ok(4)
    assert result.stdout == b"" and "Too many open files" in result.stderr and "ulimit -n" in result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="root: a user of the test's own, whose processes are counted")
@pytest.mark.parametrize("processes", [1, 2, 3])
def test_too_few_processes(request, processes):
    """One each for lemu, the helper's outer half and PID 1; the function's is in a namespace of its own."""
    import conftest
    maker = conftest._make_lemu(request, 60_000 + os.getpid() % 5_000)
    lemu = next(maker)
    result = lemu.run("invoke", lemu.function(NATIVE.arch, "probe"), around=["prlimit", f"--nproc={processes}"])
    refused(result, "Resource temporarily unavailable", "ulimit -u")
    assert "no sandbox" not in result.stderr, "it is no reason to go without one"
    assert next(maker, None) is None


# ---- QEMU

def fake_qemu(lemu, kind, name=f"qemu-{capabilities.FOREIGN_MACHINE}-static"):
    """Something of QEMU's name in a folder of its own: that folder."""
    folder = lemu.folder / "fake"
    folder.mkdir()
    path = folder / name
    if kind == "script":
        path.write_text("#!/bin/sh\nexec sleep 1000\n")
    elif kind == "text":
        path.write_text("hello\n")
    elif kind == "foreign":
        shutil.copy2(FUNCTIONS / FOREIGN_ARCH / "probe/bootstrap", path)
    else:
        source = {"exits": "int main(void) { return 1; }", "crashes": "int main(void) { __builtin_trap(); }",
                  "hangs": "#include <unistd.h>\nint main(void) { for (;;) pause(); }",
                  "hangs-later": '#include <stdio.h>\n#include <string.h>\n#include <unistd.h>\n'
                                 'int main(int n, char** v) { if (n > 1 && !strcmp(v[1], "--version")) '
                                 f'return puts("qemu-{capabilities.FOREIGN_MACHINE} version 7.2"), 0; for (;;) pause(); }}'}
        subprocess.run(["gcc", "-static", "-o", path, "-x", "c", "-"], input=source[kind], text=True, check=True)
    path.chmod(0o755)
    return folder


BROKEN = ["exits", "crashes", "hangs", "hangs-later"]


@pytest.mark.needs("cross-cc")
@pytest.mark.parametrize("kind", ["script", "text", "foreign", *BROKEN])
def test_a_qemu_that_is_none_is_not_taken_from_the_path(lemu, kind):
    result = lemu.run("invoke", "--timeout-scale", "0.05", FUNCTIONS / FOREIGN_ARCH / "probe/bootstrap",
                      env={"PATH": str(fake_qemu(lemu, kind))})
    if kind in BROKEN:
        result.ok(3)
        assert result.stdout == b"" and "does not run even the smallest" in result.stderr, result
        assert str(lemu.folder / "fake") in result.stderr and "--qemu" in result.stderr, result
    else:
        refused(result, "no QEMU for", "apt install")


@pytest.mark.needs("cross-cc")
@pytest.mark.parametrize("kind", ["script", "text", "foreign", "exits", "crashes", "hangs"])
def test_a_qemu_that_is_none_is_refused_when_named(lemu, kind):
    path = next(fake_qemu(lemu, kind).iterdir())
    result = lemu.run("invoke", "--qemu", path, FUNCTIONS / FOREIGN_ARCH / "probe/bootstrap")
    refused(result, "--qemu", str(path), "leave --qemu out", status=2)


@pytest.mark.needs("cross-cc", f"qemu-{capabilities.FOREIGN_MACHINE}")
@pytest.mark.parametrize("how", ["deleted", "replaced"])
@pytest.mark.bare
def test_a_qemu_that_goes_away_before_it_is_started_again(lemu, mode, how):
    """The second invocation ends the runtime; nobody takes the first one's answer before QEMU is gone."""
    if not mode.emulated:
        pytest.skip("no QEMU to go away")
    static = capabilities.find_qemu(static=True)
    if not static:
        pytest.skip("no static QEMU to copy")
    path = lemu.folder / "qemu"
    shutil.copy2(static, path)
    with unread("pipe") as (reader, writer):
        process = lemu.start("invoke", *mode.options, "--qemu", path, "--repeat", "3", "--data",
                             '{"do":"exit","code":3,"at":2}', lemu.function(mode.arch, "probe"), stdout=writer)
        lines_until(process.stderr, "REPORT ")
        path.unlink()
        if how == "replaced":
            path.write_text("not QEMU\n")
            path.chmod(0o755)
        got = b""
        while got.count(b"\n") < 3:
            got += os.read(reader, 1000).lstrip(b"x")
        assert lemu.finish(process).status == 1
    first, second, third = got.splitlines()
    assert b'"memory":1' in first and b"exit status 3" in second
    if mode.sandbox == "on":  # which holds the file itself
        assert json.loads(third) == {"memory": 1, "file": 3}
    else:
        reason = {"deleted": "no such file or directory", "replaced": "exec format error"}[how]
        assert third.startswith(b'{"errorType":"Sandbox.Failure"') and \
            f"QEMU cannot be executed any more: fork/exec {path}: {reason}".encode() in third


# ---- signals, at each stage

SLEEPS = ["--timeout", "60", "--data"]
HELPER = """
#include <unistd.h>
int main(void) {
  char bytes[4096];
  while (read(3, bytes, sizeof bytes) > 0) {
  }
  return 0;
}
"""


def many_files(lemu):
    path = lemu.work / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.create_system, entry.external_attr = 3, 0o100755 << 16
        archive.writestr(entry, (FUNCTIONS / NATIVE.arch / "probe/bootstrap").read_bytes())
        for n in range(50_000):
            archive.writestr(f"{n // 1000}/{n}", b"")
    return path


def started(process):
    """The function's process is there."""
    return any("bootstrap" in command for pid, command in descendants().items() if pid != process.pid)


def unpacking(lemu, mode):
    process = lemu.start("invoke", many_files(lemu))
    wait_until(lambda: list(lemu.tmp.glob("lemu-*/env-*/code/1")))
    return process


def making_the_sandbox(lemu, mode):
    """With a helper that takes its specification and makes nothing of it."""
    lemu.stage = lemu.folder / "stage-of-its-own"
    shutil.copytree(STAGE, lemu.stage, symlinks=True)
    helper = lemu.stage / "libexec/lemu/lemu-sandbox"
    helper.unlink()
    subprocess.run(["gcc", "-static", "-o", helper, "-x", "c", "-"], input=HELPER, text=True, check=True)
    process = lemu.start("invoke", lemu.function(mode.arch, "probe"))
    wait_until(lambda: any("lemu-sandbox" in command for command in descendants().values()))
    return process


def in_init(lemu, mode):
    process = lemu.start("invoke", *mode.options, "--handler", "init-sleep-60000", "--timeout-scale", "10",
                         lemu.function(mode.arch, "probe"))
    wait_until(lambda: started(process))
    return process


def in_an_invocation(lemu, mode):
    process = lemu.start("invoke", *mode.options, *SLEEPS, '{"do":"sleep","ms":60000}', lemu.function(mode.arch, "probe"))
    lines_until(process.stderr, "START ")
    return process


def after_the_answer(lemu, mode):
    process = lemu.start("invoke", *mode.options, *SLEEPS, '{"sleep_after":60000}', lemu.function(mode.arch, "probe"))
    assert process.stdout.read(21) == b'{"sleep_after":60000}'
    return process


def in_the_tear_down(lemu, mode):
    """Held while it removes what it had unpacked, to which comes what takes it a while: links, as they are soon made."""
    with unread("pipe") as (reader, writer):
        process = lemu.start("invoke", zip_of(lemu, mode.arch), stdout=writer)
        lines_until(process.stderr, "REPORT ")
        (code,) = lemu.tmp.glob("lemu-*/env-*/code")
        for folder in (code / name for name in "abcd"):
            folder.mkdir()
            (folder / "0").touch()
            for n in range(1, 25_000):
                os.link(folder / "0", folder / str(n))
        os.read(reader, 1_000_000)  # what lemu waits for
        wait_until(lambda: list(code.glob(".lemu-removing-*")))
        process.send_signal(signal.SIGSTOP)
    wait_until(lambda: open(f"/proc/{process.pid}/stat").read().rsplit(")")[1].split()[0] == "T")
    assert list(code.iterdir())
    return process


STAGES = [unpacking, making_the_sandbox, in_init, in_an_invocation, after_the_answer, in_the_tear_down]
IN_EACH_MODE = [in_init, in_an_invocation, after_the_answer]


def staged(numbers):
    cases = [pytest.param(stage, mode, number, id=f"{stage.__name__}-{number.name}-{mode}")
             for stage in STAGES for mode in (MODES if stage in IN_EACH_MODE else MODES[:1]) for number in numbers]
    return pytest.mark.parametrize("stage, way, number", cases)


@staged([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_lemu_at_every_stage(lemu, stage, way, number):
    capabilities.require_mode(way)
    process = stage(lemu, way)
    process.send_signal(number)
    process.send_signal(signal.SIGCONT)
    result = lemu.finish(process, timeout=60)
    assert result.status == 128 + number, result
    assert "lemu: error" not in result.stderr, result
    assert wait_for_no_descendants(0) == {}, "gone already when lemu ends"


@staged([signal.SIGKILL])
def test_a_killed_lemu_is_cleaned_up_after_at_every_stage(lemu, stage, way, number):
    capabilities.require_mode(way)
    process = stage(lemu, way)
    process.send_signal(number)
    assert lemu.finish(process).status == -number
    assert wait_for_no_descendants(10) == {}
    lemu.stage = STAGE
    lemu.invoke(way, "probe", {"x": 1}).ok()  # sweeps: the fixture looks for folders left


@pytest.mark.parametrize("stage", ["init", "invocation", "after"])
def test_a_stopped_lemu_goes_on(lemu, mode, stage):
    options, answer = {"init": (["--handler", "init-sleep-300"], b"{}"),
                       "invocation": (["--data", '{"do":"sleep","ms":300}'], b'{"slept":300}'),
                       "after": (["--data", '{"sleep_after":300}'], b'{"sleep_after":300}')}[stage]
    # In a process group of its own, but in this session: orphaned groups are not stopped (setpgid(2)).
    process = lemu.start("invoke", *mode.options, "--timeout", "60", *options, lemu.function(mode.arch, "probe"),
                         preexec_fn=lambda: os.setpgid(0, 0), start_new_session=False)
    if stage == "init":
        wait_until(lambda: started(process))
    else:
        lines_until(process.stderr, "START ")
    process.send_signal(signal.SIGTSTP)
    assert os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT | os.WEXITED).si_status == signal.SIGTSTP
    process.send_signal(signal.SIGCONT)
    assert lemu.finish(process).ok().stdout == answer


# ---- clocks

@pytest.mark.needs("userns")
def test_a_monotonic_clock_of_another_time_namespace(lemu, mode):
    """Every figure comes from differences of one clock, on both sides of the sandbox."""
    around = [*UNSHARE, "--time", "--monotonic", "86400000", "--boottime", "86400000", "--fork"]
    result = lemu.run("invoke", *mode.options, "--sandbox", "auto", "--repeat", "2", lemu.function(mode.arch, "probe"), around=around).ok()
    assert all(report["Duration"] < 60_000 for report in result.reports) and len(result.reports) == 2
    assert 0 < result.reports[0]["Init Duration"] < 60_000


@pytest.mark.skipif(not (REPO / "emulator").is_dir(), reason="the sources are not here")
def test_a_clock_that_can_be_stepped_measures_nothing():
    """Stepping the time of day would step the machine's; that nothing which measures asks for it can be seen."""
    asked = re.compile(r"system_clock|CLOCK_REALTIME|gettimeofday|\btime\((NULL|nullptr|0)\)|high_resolution_clock")
    found = {str(path.relative_to(REPO)) for room in ("base", "qemu", "images", "rapi", "emulator/report")
             for path in (REPO / room).rglob("*.[ch]*") if asked.search(path.read_text())}
    assert found <= {"base/http/date.hpp"}, "an answer's Date is the time of day"
