# SPDX-License-Identifier: Apache-2.0
"""A runtime that writes too much, too long, anything, or nothing any more to its log. What it writes is passed on byte for
byte; each platform line stands on a line of its own, in the order in which things happened."""
import json
import pathlib
import re
import signal
import threading

import pytest
from harness import exit_error

MB = 1 << 20


class Reader(threading.Thread):
    """Takes what comes on lemu's stderr and keeps its ends only, so that a flood can be watched; and what memory lemu had
    taken by then, as long as it runs."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self.process, self.count, self.head, self.tail, self.peak_mb = process, 0, b"", b"", 0
        self.enough = threading.Event()
        self.start()

    def run(self):
        while piece := self.process.stderr.read1(MB):
            self.count += len(piece)
            self.peak_mb = peak_mb(self.process) or self.peak_mb
            self.head = (self.head + piece)[:4096] if len(self.head) < 4096 else self.head
            self.tail = (self.tail + piece)[-4 * MB:]  # more than a pipe keeps of a flood behind the last word
            if self.count > 50 * MB:
                self.enough.set()
        self.enough.set()


def begin(lemu, mode, event, *options):
    process = lemu.start("invoke", *mode.options, "--data", json.dumps(event), *options, lemu.function(mode.arch, "probe"))
    return process, Reader(process)


def peak_mb(process):
    """lemu's own high-water mark of resident memory; None when it has ended."""
    try:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return None
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found.group(1)) / 1024 if found else None


def finish(process, reader):
    out = process.stdout.read()
    status = process.wait(60)
    reader.join(60)
    process.stdout.close()
    process.stderr.close()
    return status, out


@pytest.mark.bare
def test_a_line_of_100_megabytes(lemu, mode):
    size = 100_000_000
    process, reader = begin(lemu, mode, {"do": "print", "bytes": size}, "--timeout", "60")
    reader.enough.wait(60)
    assert peak_mb(process) < 32, "the log is passed on, not kept"
    assert finish(process, reader) == (0, b"null")
    note, init, start = (reader.head if mode.sandbox == "off" else b"\n" + reader.head).split(b"\n")[:3]
    assert note.startswith(b"lemu: note: no sandbox: ") == (mode.sandbox == "off")
    assert init.startswith(b"INIT_START ") and start.startswith(b"START RequestId: ")
    head, tail = (note + b"\n" if note else b"") + init + b"\n" + start, reader.tail.split(b"\n")
    end = [line for line in tail if line.startswith(b"END RequestId: ")]
    rest = len(head) + 1 + sum(len(line) + 1 for line in tail[1:])
    assert len(end) == 1 and reader.count == size + 1 + rest - (1 if tail[-1] == b"" else 0), reader.tail[-400:]


@pytest.mark.bare
def test_every_byte_there_is(lemu, mode):
    process = lemu.start("invoke", *mode.options, "--data", '{"do":"print-binary"}', lemu.function(mode.arch, "probe"))
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, b"null")
    assert bytes(range(256)) * 16 in err


@pytest.mark.bare
def test_lines_stand_where_they_happened(lemu, mode):
    """All that was written before the answer is there before END, however much it is."""
    result = lemu.invoke(mode, "probe", {"do": "print", "lines": 30_000, "text": "no newline"}, "--repeat", "2",
                         "--timeout", "60").ok()
    lines = [f"line {n}" for n in range(1, 30_001)] + ["no newline"]
    for at in (0, 1):
        start, end = (result.lines.index(result.starting(word + " RequestId: ")[at]) for word in ("START", "END"))
        assert result.lines[start + 1:end] == lines


@pytest.mark.bare
def test_stdout_and_stderr_closed(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "close-output"}, "--repeat", "2").ok()
    assert result.responses() == [{"error": "EBADF"}] * 2
    assert len(result.reports) == 2


@pytest.mark.bare
def test_stdout_held_by_a_grandchild_of_another_session(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "hold-output", "code": 3}, "--timeout", "60").ok(1)
    assert result.stdout == exit_error(result.request_id, "Runtime exited with error: exit status 3")
    assert result.lines.index("last words") < result.lines.index(f"END RequestId: {result.request_id}")
    assert result.seconds < 50, "nobody waits for who holds it"


@pytest.mark.bare
def test_a_flood_ends_at_the_timeout(lemu, mode):
    process, reader = begin(lemu, mode, {"do": "flood"}, "--timeout", "2")
    status, out = finish(process, reader)
    assert 0 < reader.peak_mb < 32
    assert status == 1 and b"Task timed out after 2.00 seconds" in out
    assert b"\nEND RequestId: " in reader.tail and reader.tail.rstrip().split(b"\n")[-1] != b"flood"


@pytest.mark.bare
def test_a_flood_does_not_hold_up_the_answer(lemu, mode):
    process, reader = begin(lemu, mode, {"do": "flood", "background": 1}, "--timeout", "60")
    assert finish(process, reader) == (0, b'"flooding"')
    assert b"Status" not in reader.tail


@pytest.mark.bare
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_flood_is_interrupted(lemu, mode, number):
    process, reader = begin(lemu, mode, {"do": "flood"}, "--timeout", "600")
    reader.enough.wait(60)
    process.send_signal(number)
    status, out = finish(process, reader)
    assert (status, out) == (128 + number, b"")


def test_a_flood_in_init(lemu, mode):
    process, reader = begin(lemu, mode, {}, "--handler", "init-flood", "--timeout", "3", "--timeout-scale", "0.1")
    status, out = finish(process, reader)
    assert status == 1 and b'"errorType":"Sandbox.Timedout"' in out
    assert b"\tPhase: invoke\tStatus: timeout\n" in reader.tail
