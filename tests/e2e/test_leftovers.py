# SPDX-License-Identifier: Apache-2.0
"""The check that follows every test sees what it is there to see."""
import os
import socket
import subprocess

import leftovers
import pytest
from harness import MODES

NATIVE = MODES[0]


def left_by(lemu, script):
    """What is seen after a lemu before which a shell has run this script."""
    watch = leftovers.Watch()
    lemu.run("invoke", lemu.function(NATIVE.arch, "probe"), around=["sh", "-c", f'{script}; exec "$@"', "sh"]).ok()
    return watch.leftovers(lemu, seconds=0)


@pytest.mark.parametrize("place", ["home", "work", "tmp", "run"])
def test_a_file_in_a_folder_of_its_own(lemu, place):
    path = lemu.folder / place / "left"
    assert left_by(lemu, f"touch {path}") == [f"file {place}/left"]
    path.unlink()


@pytest.mark.parametrize("folder", ["/dev/shm", "/var/tmp"])
def test_a_file_elsewhere_by_its_name(lemu, folder, monkeypatch):
    path = f"{folder}/left-{os.getpid()}"  # no name that the tests of others look for
    monkeypatch.setattr(leftovers, "NAMES", "left-")
    assert left_by(lemu, f"touch {path}") == [f"file: {path}"]
    os.unlink(path)


@pytest.mark.skipif(os.geteuid() != 0 and not leftovers.OWNERS, reason="the tests' user has files of other programs")
def test_a_file_elsewhere_by_its_owner(lemu, monkeypatch):
    path = f"/var/tmp/{os.getpid()}-left"
    owner = 100_000 + os.getpid() if os.geteuid() == 0 else os.geteuid()
    monkeypatch.setattr(leftovers, "OWNERS", {owner})
    assert left_by(lemu, f"touch {path}; chown {owner} {path}") == [f"file: {path}"]
    os.unlink(path)


def test_a_process(lemu):
    watch = leftovers.Watch()
    with subprocess.Popen(["cat", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        process.stdin.write(b"x")
        process.stdout.read(1)  # it runs: in the middle of an exec a process has no command line yet
        left = watch.leftovers(lemu, seconds=0)
        process.kill()
    assert left == [f"process {process.pid}: cat -"]


@pytest.mark.parametrize("family, address, words", [
    (socket.AF_INET, ("127.0.0.1", 0), "socket: tcp port "), (socket.AF_INET6, ("::", 0), "socket: tcp6 port "),
    (socket.AF_UNIX, f"\0left-{os.getpid()}", f"socket: unix @left-{os.getpid()}")], ids=["tcp", "tcp6", "abstract"])
def test_a_socket_that_a_process_of_ours_has(lemu, family, address, words):
    watch = leftovers.Watch()
    with socket.socket(family) as made:
        made.bind(address)
        made.listen()
        assert watch.leftovers(lemu, seconds=0) == [], "ours is none of lemu's"
        holder = subprocess.Popen(["sleep", "1000"], pass_fds=[made.fileno()])
    left = watch.leftovers(lemu, seconds=0)
    holder.kill()
    holder.wait()
    assert len(left) == 2 and left[0].startswith("process ") and left[1].startswith(words), left


def test_a_socket_that_no_process_has(lemu):
    """On its way in a message, it outlives who sent it."""
    watch = leftovers.Watch()
    here, there = socket.socketpair()
    with here, there:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
            made.bind(("127.0.0.1", 0))
            port = made.getsockname()[1]
            socket.send_fds(here, [b"x"], [made.fileno()])
        assert watch.leftovers(lemu, seconds=0) == [f"socket: udp port {port}"]
    assert watch.leftovers(lemu) == []
