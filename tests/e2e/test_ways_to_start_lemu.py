# SPDX-License-Identifier: Apache-2.0
"""lemu started by callers of every habit: closed streams, ignored signals, children of their own, slow pipes."""
import fcntl
import os
import signal
import subprocess

import pytest
from harness import MODES

NATIVE = MODES[0]


def through(lemu, arrange, *arguments, **more):
    """Runs lemu from a process that has done `arrange` to itself first."""
    return subprocess.run(lemu.command(*arguments), cwd=lemu.work, env=lemu.environment, preexec_fn=arrange,
                          timeout=60, check=False, **more)


def test_sigchld_ignored_by_the_caller(lemu):
    done = through(lemu, lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN), "invoke", *NATIVE.options,
                   "--data", '{"do":"exit","code":3}', lemu.function(NATIVE.arch, "probe"), capture_output=True)
    assert done.returncode == 1 and b"exit status 3" in done.stdout, done


def close(*descriptors):
    def arrange():
        for fd in descriptors:
            os.close(fd)
    return arrange


def test_a_closed_stdout_is_no_other_file(lemu):
    report = lemu.work / "report.json"
    done = through(lemu, close(1), "invoke", *NATIVE.options, "--report", "json", "--report-file", report,
                   "--data", '{"marked":"response"}', lemu.function(NATIVE.arch, "probe"), stderr=subprocess.PIPE)
    assert done.returncode == 4 and b"writing to stdout" in done.stderr, done
    assert "marked" not in report.read_text()


def test_closed_stdin_and_stderr_harm_nothing(lemu):
    done = through(lemu, close(0, 2), "invoke", *NATIVE.options, "--data", '{"x":1}',
                   lemu.function(NATIVE.arch, "probe"), stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (0, b'{"x":1}'), done


def test_a_callers_own_children_are_left_alone(lemu):
    words = [str(word) for word in lemu.command("invoke", *NATIVE.options, lemu.function(NATIVE.arch, "probe"))]
    shell = subprocess.run(["sh", "-c", 'sleep 60 >/dev/null 2>&1 & echo $! >&2; exec "$@"', "sh", *words], cwd=lemu.work,
                           env=lemu.environment, capture_output=True, timeout=60, check=False)
    pid = int(shell.stderr.split()[0])
    os.kill(pid, signal.SIGTERM)  # raises when it is gone
    assert (shell.returncode, shell.stdout) == (0, b"{}"), shell


def test_a_shell_script_opens_its_streams_by_name(lemu):
    folder = lemu.folder / "names"
    folder.mkdir()
    (folder / "bootstrap").write_text("#!/bin/sh\necho out > /dev/stdout; echo err > /dev/stderr; umask; exit 3\n")
    (folder / "bootstrap").chmod(0o755)
    result = lemu.invoke(NATIVE, folder).ok(1)
    assert [line for line in result.lines if line in ("out", "err", "0022")] == ["out", "err", "0022"] * 2, result


def test_a_stdout_that_does_not_block(lemu):
    mine, theirs = os.pipe()
    fcntl.fcntl(theirs, fcntl.F_SETFL, os.O_NONBLOCK)
    process = lemu.start("invoke", *NATIVE.options, "--data", '{"do":"respond","size":1000000}',
                         lemu.function(NATIVE.arch, "probe"), stdout=theirs)
    os.close(theirs)
    with os.fdopen(mine, "rb") as pipe:
        assert len(pipe.read()) == 1000000
    assert process.wait(60) == 0


def test_nohup_is_respected(lemu):
    ready, theirs = os.pipe()
    process = subprocess.Popen(
        lemu.command("invoke", *NATIVE.options, "--timeout", "20s", "--data", '{"do":"sleep","ms":300}',
                     lemu.function(NATIVE.arch, "probe")), cwd=lemu.work, env=lemu.environment,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN), stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    assert process.stderr.readline().startswith(b"INIT_START ") and process.stderr.readline().startswith(b"START "), "lemu runs"
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    os.close(ready)
    assert process.returncode == 0


@pytest.mark.needs("userns")
@pytest.mark.parametrize("any_user", ["as-user"], indirect=True)
def test_root_in_name_only_has_a_sandbox(any_user):
    """`unshare -r` and bubblewrap give an ordinary user uid 0, but no second id for the function."""
    words = any_user.command("invoke", *NATIVE.options, "--data", '{"do":"ids"}',
                             any_user.function(NATIVE.arch, "probe"))
    at = len(words) - words[::-1].index(str(any_user.stage / "bin/lemu")) - 1
    words[at:at] = ["unshare", "--user", "--map-root-user"]
    done = subprocess.run(words, cwd=any_user.work, env=any_user.environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0 and b'"uid":993,"gid":990' in done.stdout, done


@pytest.mark.needs("userns")
@pytest.mark.skipif(NATIVE.arch != "x86_64" or not os.path.exists("/usr/bin/python3"), reason="needs /usr/bin/python3")
def test_the_users_keys_are_not_the_functions(lemu):
    add_key, keyctl, join, search, session = 248, 250, 1, 10, -3
    folder = lemu.folder / "keys"
    folder.mkdir()
    (folder / "bootstrap").write_text(
        "#!/usr/bin/python3\nimport ctypes, sys\n"
        f"found = ctypes.CDLL(None).syscall({keyctl}, {search}, {session}, b'user', b'lemu-test', 0)\n"
        "print('key found' if found > 0 else 'no key', flush=True)\nsys.exit(3)\n")
    (folder / "bootstrap").chmod(0o755)
    give = (f"import ctypes, os, sys; call = ctypes.CDLL(None).syscall; call({keyctl}, {join}, None); "
            f"sys.exit('no keyrings') if call({add_key}, b'user', b'lemu-test', b'secret', 6, {session}) < 0 else "
            "os.execv(sys.argv[1], sys.argv[1:])")
    words = ["/usr/bin/python3", "-c", give, *lemu.command("invoke", *NATIVE.options, folder)]
    done = subprocess.run(words, cwd=lemu.work, env=lemu.environment, capture_output=True, timeout=60, check=False)
    if b"no keyrings" in done.stderr:
        pytest.skip("the kernel has no keyrings")
    assert b"no key\n" in done.stderr and b"key found" not in done.stderr, done


@pytest.mark.skipif(not os.path.exists("/usr/bin/python3"), reason="needs /usr/bin/python3")
def test_noticing_a_crash_late_is_no_time_of_the_function(lemu):
    """A child holds the runtime's connection open, so lemu waits a little for an answer that could still come."""
    folder = lemu.folder / "crash"
    folder.mkdir()
    (folder / "bootstrap").write_text(
        "#!/usr/bin/python3\nimport os, socket, time\n"
        "host, port = os.environ['AWS_LAMBDA_RUNTIME_API'].split(':')\n"
        "link = socket.create_connection((host, int(port)))\n"
        "link.sendall(b'GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')\n"
        "link.recv(65536)\n"
        "if os.fork() == 0: time.sleep(60)\n"
        "os._exit(3)\n")
    (folder / "bootstrap").chmod(0o755)
    result = lemu.invoke(NATIVE, folder).ok(1)
    assert result.report["Duration"] < 90, result
