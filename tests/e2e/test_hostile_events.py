# SPDX-License-Identifier: Apache-2.0
"""Events that are wrong, too large, without an end or not to be read, and their like that must arrive."""
import contextlib
import os
import re
import signal
import threading

import pytest
from harness import MODES, wait_until, waits_in

NATIVE = MODES[0]
LIMIT = 6 * 1024 * 1024


def refused(result, *words):
    """Nothing of the function ran, stdout is empty, and the message names source, reason and remedy."""
    result.ok(2)
    assert result.stdout == b"" and not result.starting("START "), result
    (error,), (remedy,) = result.starting("lemu: error: "), result.starting("lemu:   try: ")
    for word in words:
        assert word in error + "\n" + remedy, result
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", result.stderr) and len(error) < 600, result


def invoked_with(lemu, mode, way, content, **more):
    """By each way an event can come: a file, standard input (a pipe), a named pipe."""
    function = lemu.function(mode.arch, "probe")
    if way == "stdin":
        return lemu.run("invoke", *mode.options, function, "-", data=content, **more)
    path = lemu.work / "event.json"
    if way == "file":
        path.write_bytes(content)
        return lemu.run("invoke", *mode.options, function, path, **more)
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(content,))
    writer.start()
    try:
        return lemu.run("invoke", *mode.options, function, path, **more)
    finally:
        writer.join()


WAYS = ["file", "stdin", "named-pipe"]
NAMES = {"file": "event.json", "stdin": "standard input", "named-pipe": "event.json"}

BAD = {
    "empty": (b"", ["is empty", "leave the event out to send {}"]),
    "blank": (b" \n", ["line 2, column 1"]),
    "text": (b"hello", ["line 1, column 1", "JSON"]),
    "half": (b'{"a": [1, 2', ["line 1, column 12"]),
    "two": (b"{} {}", ["line 1, column 4"]),
    "single-quotes": (b"{'a': 1}", ["line 1, column 2"]),
    "nan": (b"[NaN]", ["line 1, column 2"]),
    "nul": (b"\0", ["line 1, column 1"]),
    "nul-behind": (b"{}\0", ["line 1, column 3"]),
    "nul-inside": (b'{"a\0b": 1}', ["line 1, column 4"]),
    "control-characters": (b'"\x1b[2J"', ["line 1, column 2"]),
    "invalid-utf-8": (b'{"a": "\xff"}', ["line 1, column 8", "UTF-8"]),
    "overlong-utf-8": (b'"\xc0\xaf"', ["line 1, column 2", "UTF-8"]),
    "surrogate": (b'"\xed\xa0\x80"', ["line 1, column 3", "UTF-8"]),
    "utf-16": ("{}".encode("utf-16"), ["a NUL byte", "UTF-8"]),
    "latin-1": ('"é"'.encode("latin-1"), ["line 1, column 3", "UTF-8"]),
    "byte-order-mark": (b"\xef\xbb\xbf{}", ["byte order mark", "sed"]),
    "deep-and-open": (b"[" * 100_000, ["line 1, column 100001"]),
    "deep-and-wrong": (b"[" * 100_000 + b"}" + b"]" * 99_999, ["line 1, column 100001"]),
    "a-long-word": (b"x" * 1_000_000, ["line 1, column 1"]),
}


@pytest.mark.parametrize("kind", BAD)
def test_an_event_that_is_no_json(lemu, kind):
    content, words = BAD[kind]
    refused(invoked_with(lemu, NATIVE, "file", content), "event.json", *words)


@pytest.mark.parametrize("way", WAYS)
def test_the_source_is_named(lemu, way):
    refused(invoked_with(lemu, NATIVE, way, b"{"), NAMES[way], "line 1, column 2")


def string_of(size):
    return b'"' + b"x" * (size - 2) + b'"'


@pytest.mark.parametrize("way", WAYS)
def test_six_mebibytes_arrive(lemu, mode, way):
    result = invoked_with(lemu, mode, way, string_of(LIMIT)).ok()
    assert result.stdout == string_of(LIMIT)


@pytest.mark.parametrize("way", ["file", "stdin"])
def test_one_byte_more_is_refused(lemu, way):
    result = invoked_with(lemu, NATIVE, way, string_of(LIMIT + 1))
    refused(result, NAMES[way], "larger than the 6291456 bytes", "store the data elsewhere")


@pytest.mark.parametrize("way", ["stdin", "named-pipe"])
def test_an_event_without_an_end_is_read_up_to_the_limit(lemu, way):
    """A writer that goes on until nobody reads any more."""
    path = lemu.work / "event.json"
    os.mkfifo(path)
    written = []

    def write():
        with contextlib.suppress(BrokenPipeError), open(path, "wb", buffering=0) as pipe:
            while True:
                written.append(pipe.write(b"[" * 65536))

    writer = threading.Thread(target=write)
    writer.start()
    function = lemu.function(NATIVE.arch, "probe")
    if way == "stdin":
        with open(path, "rb") as stdin:
            result = lemu.run("invoke", function, "-", stdin=stdin)
    else:
        result = lemu.run("invoke", function, path)
    writer.join()
    refused(result, NAMES[way], "larger than the 6291456 bytes")
    assert sum(written) < LIMIT + 1024 * 1024


def test_a_device_without_an_end(lemu):
    refused(lemu.run("invoke", lemu.function(NATIVE.arch, "probe"), "/dev/zero"), "/dev/zero", "larger than")


def test_a_folder_is_no_event(lemu):
    refused(lemu.run("invoke", lemu.function(NATIVE.arch, "probe"), lemu.work), "Is a directory", "in this order")


def test_an_event_that_is_not_there(lemu):
    refused(lemu.run("invoke", lemu.function(NATIVE.arch, "probe"), "absent.json"), "absent.json", "No such file", "--data")


def test_an_event_that_may_not_be_read(any_user):
    (any_user.work / "event.json").write_text("{}")
    (any_user.work / "event.json").chmod(0)
    result = any_user.run("invoke", any_user.function(NATIVE.arch, "probe"), "event.json")
    if any_user.user is None and os.geteuid() == 0:
        assert result.ok().stdout == b"{}", "root may read everything"
    else:
        refused(result, "event.json", "Permission denied", "chmod +r")


def test_standard_input_that_is_closed(lemu):
    result = lemu.run("invoke", lemu.function(NATIVE.arch, "probe"), "-", preexec_fn=lambda: os.close(0))
    refused(result, "standard input", "--data")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
@pytest.mark.parametrize("way", ["stdin", "named-pipe"])
def test_waiting_for_an_event_can_be_ended(lemu, way, number):
    function = lemu.function(NATIVE.arch, "probe")
    reader, writer = os.pipe()
    os.mkfifo(lemu.work / "event.json")
    process = lemu.start("invoke", function, "-" if way == "stdin" else "event.json", stdin=reader)
    os.close(reader)
    wait_until(lambda: waits_in(process, "read" if way == "stdin" else "poll"))
    process.send_signal(number)
    result = lemu.finish(process)
    os.close(writer)
    assert result.status == -number, "by the signal itself: 128+n to a shell"
    assert result.stdout == b"" and result.stderr == ""


@pytest.mark.parametrize("depth", [100_000, 2_000_000])
def test_deep_nesting_arrives(lemu, mode, depth):
    event = b"[" * depth + b"]" * depth
    assert invoked_with(lemu, mode, "file", event).ok().stdout == event


@pytest.mark.parametrize("event", [b" [1.0 ,\r\n\t2e300]\n", b"[-2e400,1E+99999]", b'"\\u0000"', b'{"a":1,"a":2}', "\"é\U0001f600\"".encode()],
                         ids=["white-space", "large-numbers", "escaped-nul", "duplicate-keys", "utf-8"])
@pytest.mark.parametrize("way", WAYS)
def test_an_event_arrives_byte_for_byte(lemu, way, event):
    assert invoked_with(lemu, NATIVE, way, event).ok().stdout == event
