# SPDX-License-Identifier: Apache-2.0
"""A host that gives lemu less than it needs, or takes it away while it runs."""
import contextlib
import fcntl
import json
import os
import pty
import signal
import socket
import termios

import pytest
from harness import MODES

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
    assert [line.split()[0] for line in (lines[0], *lines[-2:])] == ["START", "END", "REPORT"]
    assert lines[1:-2] == [f"line {n}" for n in range(1, 20_001)]


def test_a_flood_that_nobody_reads_makes_the_function_wait_and_not_lemu_grow(lemu, mode):
    with unread("pipe") as (_, writer):
        process = lemu.start("invoke", *mode.options, "--timeout", "2", "--data", '{"do":"print","lines":100000000}',
                             lemu.function(mode.arch, "probe"), stderr=writer)
        assert b"Task timed out after 2.00 seconds" in os.read(process.stdout.fileno(), 4096)
        status = dict(line.split(":\t") for line in open(f"/proc/{process.pid}/status").read().splitlines())
        assert int(status["VmHWM"].split()[0]) < 32_000, status["VmHWM"]
        process.send_signal(signal.SIGTERM)
        assert lemu.finish(process).status == 143
