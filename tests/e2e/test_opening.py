# SPDX-License-Identifier: Apache-2.0
"""Nothing that lemu opens makes it wait for ever: a named pipe stands where a file should be, and nobody writes to it. What
the user names may be a pipe that somebody writes to; then lemu waits, and a signal ends it."""
import contextlib
import os
import signal
import threading
import zipfile

import pytest
from harness import MODES, wait_until

NATIVE = MODES[0]
LOADERS = {"x86_64": b"/lib64/ld-linux-x86-64.so.2", "arm64": b"/lib/ld-linux-aarch64.so.1"}


def with_loader(program, arch, path):
    """The program's bytes with another interpreter (PT_INTERP)."""
    loader = LOADERS[arch]
    content = program.read_bytes()
    assert loader + b"\0" in content
    return content.replace(loader, path.ljust(len(loader), b"\0"), 1)


def package_with_pipe(lemu, mode, at, bootstrap):
    folder = lemu.package(mode.arch)
    (folder / "bootstrap").write_bytes(bootstrap)
    (folder / "bootstrap").chmod(0o755)
    path = folder / at
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    os.mkfifo(path, 0o755)
    return folder


@pytest.mark.bare
def test_the_interpreter_of_a_program_is_a_pipe(any_user, mode):
    content = with_loader(any_user.function(mode.arch, "probe-dynamic"), mode.arch, b"/var/task/pipe")
    folder = package_with_pipe(any_user, mode, "pipe", content)
    result = any_user.invoke(mode, folder, {}, "--timeout", "3", timeout=30)
    assert result.status in (1, 2, 3) and result.status > 0, result
    assert result.seconds < 25, result


@pytest.mark.bare
def test_the_interpreter_of_a_script_is_a_pipe(any_user, mode):
    folder = package_with_pipe(any_user, mode, "pipe", b"#!/var/task/pipe\n")
    result = any_user.invoke(mode, folder, {}, "--timeout", "3", timeout=30)
    assert result.status > 0 and result.seconds < 25, result
    assert "Runtime.InvalidEntrypoint" in result.stderr or "Runtime.InvalidEntrypoint" in result.stdout.decode(), result


@pytest.mark.bare
def test_a_library_is_a_pipe(any_user, mode):
    """What the function's own loader then waits for is the function's time."""
    content = any_user.function(mode.arch, "probe-dynamic").read_bytes()
    folder = package_with_pipe(any_user, mode, "lib/libc.so.6", content)
    result = any_user.invoke(mode, folder, {}, "--timeout", "1", "--timeout-scale", "0.2", timeout=60)
    assert result.status in (0, 1, 2, 3), result


@pytest.mark.bare
def test_the_bootstrap_is_a_pipe(any_user, mode):
    folder = package_with_pipe(any_user, mode, "bootstrap", b"")
    result = any_user.invoke(mode, folder, {}, timeout=30)
    assert result.status > 0 and "regular file" in result.stderr, result


@pytest.mark.parametrize("arguments", [
    ("invoke", "--env-file", "pipe", "PROBE"), ("invoke", "PROBE", "pipe"), ("serve", "--port", "0", "--config", "pipe"),
    ("invoke", "--aws-credentials", "profile", "PROBE"), ("invoke", "pipe"),
    ("invoke", "--arch", "arm64", "--qemu", "pipe", "ARM64"),
], ids=["env-file", "event", "config", "credentials", "package", "qemu"])
def test_a_pipe_that_nobody_writes(any_user, arguments):
    os.mkfifo(any_user.work / "pipe", 0o755)
    os.chmod(any_user.work / "pipe", 0o755)
    names = {"PROBE": any_user.function(NATIVE.arch, "probe"), "ARM64": any_user.function("arm64", "probe")}
    words = [names.get(word, word) for word in arguments]
    result = any_user.run(*words, env={"AWS_SHARED_CREDENTIALS_FILE": str(any_user.work / "pipe")}, timeout=30)
    assert result.status in (2, 3) and "pipe" in result.stderr, result


@pytest.mark.parametrize("what", ["env-file", "event", "credentials"])
def test_a_pipe_that_somebody_writes(any_user, what):
    texts = {"env-file": b"FROM_PIPE=1\n", "event": b'{"do":"environment"}',
             "credentials": b"[default]\naws_access_key_id=AKIAPIPE\naws_secret_access_key=x\n"}
    pipe = any_user.work / "pipe"
    os.mkfifo(pipe, 0o644)
    os.chmod(pipe, 0o644)
    probe = any_user.function(NATIVE.arch, "probe")
    words = {"env-file": ("--env-file", "pipe", probe), "event": (probe, "pipe"),
             "credentials": ("--aws-credentials", "profile", probe)}[what]

    def write():
        with open(pipe, "wb") as stream:
            stream.write(texts[what])
    writer = threading.Thread(target=write)
    writer.start()
    any_user.run("invoke", *words, env={"AWS_SHARED_CREDENTIALS_FILE": str(pipe)}).ok()
    writer.join(10)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
@pytest.mark.parametrize("option", ["--env-file", "--data-file", "--config"])
def test_waiting_for_a_writer_can_be_ended(any_user, option, number):
    pipe = any_user.work / "pipe"
    os.mkfifo(pipe, 0o644)
    os.chmod(pipe, 0o644)
    silent = os.open(pipe, os.O_RDWR)
    probe = any_user.function(NATIVE.arch, "probe")
    words = {"--env-file": ("invoke", "--env-file", "pipe", probe), "--data-file": ("invoke", probe, "pipe"),
             "--config": ("serve", "--config", "pipe")}[option]
    process = any_user.start(*words)
    wait_until(lambda: os.path.exists(f"/proc/{process.pid}/fd/3") or process.poll() is not None)
    process.send_signal(number)
    assert any_user.finish(process, timeout=20).status in (-number, 128 + number)
    os.close(silent)


@pytest.mark.parametrize("what", ["bootstrap", "event", "env-file"])
def test_a_hundred_gigabytes_of_nothing(any_user, what):
    """A sparse file is read no further than such files go."""
    path = any_user.work / "huge"
    with open(path, "wb") as file:
        file.write(b"\x7fELF" if what == "bootstrap" else b"")
        file.truncate(100 << 30)
    path.chmod(0o755)
    probe = any_user.function(NATIVE.arch, "probe")
    words = {"bootstrap": (path,), "event": (probe, path), "env-file": ("--env-file", path, probe)}[what]
    result = any_user.run("invoke", *words, timeout=30)
    assert result.status in (1, 2) and "huge" in result.stderr and result.seconds < 20, result


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_daemon_that_unpacks_can_be_ended(any_user, number):
    """Unpacking ends between two files, and what was unpacked is gone."""
    package = any_user.work / "large.zip"
    with zipfile.ZipFile(package, "w") as archive:
        for name in range(60_000):
            archive.writestr(f"file-{name}", b"")
        archive.write(any_user.function(NATIVE.arch, "probe"), "bootstrap")
    process = any_user.start("serve", "--port", "0", "--function", f"one={package}")
    wait_until(lambda: list(any_user.tmp.glob("lemu-*/*/*/file-*")) or process.poll() is not None, 30)
    process.send_signal(number)
    assert any_user.finish(process, timeout=30).status in (-number, 128 + number)
