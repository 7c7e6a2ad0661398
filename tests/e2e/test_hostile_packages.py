# SPDX-License-Identifier: Apache-2.0
"""Packages that are wrong, broken or malicious, each with what lemu must answer, and their like that must run."""
import io
import os
import re
import socket
import stat
import struct
import tempfile
import warnings
import zipfile
from pathlib import Path

import capabilities
import pytest
from harness import FOREIGN_ARCH, FUNCTIONS, HOST_ARCH, MODES, UUID

NO_BOOTSTRAP = "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
DENIED, FORMAT, ABSENT = (f"fork/exec /var/task/bootstrap: {words}" for words in (
    "permission denied", "exec format error", "no such file or directory"))
OTHER = {"arm64": "x86_64", "x86_64": "arm64"}


def program(arch, name="probe"):
    return (FUNCTIONS / arch / name / "bootstrap").read_bytes()


@pytest.fixture(params=[HOST_ARCH, FOREIGN_ARCH])
def arch(request):
    if request.param == FOREIGN_ARCH:
        capabilities.require("cross-cc", f"qemu-{capabilities.FOREIGN_MACHINE}")
    return request.param


def refused(lemu, arch, target, words, aws=None, status=2):
    """Exit code, stdout to the byte, and a message that names the thing, the reason and the remedy."""
    result = lemu.run("invoke", "--arch", arch, target).ok(status)
    if aws is None:
        assert result.stdout == b"", result
    else:
        payload = ('{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: %s Error: ' + re.escape(aws) + '"}') % UUID
        assert re.fullmatch(payload, result.stdout.decode()), result
        assert f"on Lambda: Runtime.InvalidEntrypoint: {aws}" in result.stderr, result
    (error,) = result.starting("lemu: error: ")
    (remedy,) = result.starting("lemu:   try: ")
    assert Path(target).name in error + remedy, result
    for word in words:
        assert word in error + "\n" + remedy, result
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]", result.stderr), f"no control characters\n{result}"
    assert not result.starting("START "), result


# ---- a file

def elf(arch, change=lambda content: content):
    return change(program(arch))


def header(data, at, layout, value):
    changed = bytearray(data)
    struct.pack_into(layout, changed, at, value)
    return bytes(changed)


FILES = {
    "empty": (lambda arch: b"", ["empty", "build or copy"], FORMAT),
    "text": (lambda arch: b"echo hello\n", ["#!", "#!/bin/sh"], FORMAT),
    "crlf": (lambda arch: b"#!/bin/sh\r\nexit 3\r\n", ["CR LF", "dos2unix"], ABSENT),
    "no-interpreter": (lambda arch: b"#!\nexit 3\n", ["#!"], FORMAT),
    "bom": (lambda arch: b"\xef\xbb\xbf#!/bin/sh\n", ["byte order mark", "sed"], FORMAT),
    "utf-16": (lambda arch: "#!/bin/sh\n".encode("utf-16"), ["UTF-16", "UTF-8"], FORMAT),
    "pe": (lambda arch: b"MZ\x90\0" + bytes(60), ["Windows", "GOOS=linux"], FORMAT),
    "mach-o": (lambda arch: b"\xcf\xfa\xed\xfe\x0c\0\0\1" + bytes(60), ["macOS", "GOOS=linux"], FORMAT),
    "mach-o-fat": (lambda arch: b"\xca\xfe\xba\xbe\0\0\0\2" + bytes(60), ["macOS universal", "GOOS=linux"], FORMAT),
    "java": (lambda arch: b"\xca\xfe\xba\xbe\0\0\0\x3d" + bytes(60), ["Java", "build it"], FORMAT),
    "gzip": (lambda arch: b"\x1f\x8b\x08" + bytes(60), ["gzip", "unpack"], FORMAT),
    "noise": (lambda arch: b"\0\1\2\3" * 20, ["neither an ELF program nor a script", "build it"], FORMAT),
    "elf-magic-only": (lambda arch: b"\x7fELF", ["cut short", "build or copy"], FORMAT),
    "elf-header-only": (lambda arch: program(arch)[:64], ["cut short", "build or copy"], FORMAT),
    "elf-32": (lambda arch: elf(arch, lambda data: header(data, 4, "B", 1)), ["32-bit", "build it for linux/arm64"], FORMAT),
    "elf-big-endian": (lambda arch: elf(arch, lambda data: header(data, 5, "B", 2)), ["big-endian", "build it"], FORMAT),
    "elf-mips": (lambda arch: elf(arch, lambda data: header(data, 18, "<H", 8)), ["MIPS", "build it"], FORMAT),
    "elf-object": (lambda arch: elf(arch, lambda data: header(data, 16, "<H", 1)), ["object file", "link it"], FORMAT),
    "elf-of-the-other": (lambda arch: program(OTHER[arch]), ["was asked for", "--arch "], FORMAT),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_bootstrap(lemu, arch, kind):
    content, words, aws = FILES[kind]
    if kind == "elf-of-the-other":
        capabilities.require("cross-cc")
    target = lemu.work / "bootstrap"
    target.write_bytes(content(arch))
    target.chmod(0o755)
    refused(lemu, arch, target, words, aws)


@pytest.mark.parametrize("size", [0.3, 0.9])
def test_a_program_that_is_cut_short_is_said_to_be(lemu, mode, size):
    whole = program(mode.arch)
    (lemu.work / "bootstrap").write_bytes(whole[:int(len(whole) * size)])
    (lemu.work / "bootstrap").chmod(0o755)
    result = lemu.invoke(mode, lemu.work / "bootstrap", {}).ok(1)
    assert b'"errorType":"Runtime.ExitError"' in result.stdout, "what Lambda answers"
    assert "the bootstrap is cut short" in result.stderr and "build or copy it again" in result.stderr


def test_a_file_without_x(lemu, arch):
    target = lemu.work / "bootstrap"
    target.write_bytes(program(arch))
    target.chmod(0o644)
    refused(lemu, arch, target, ["is not executable", "chmod +x"], DENIED)


def test_a_script_without_its_interpreter(lemu, arch):
    target = lemu.work / "bootstrap"
    target.write_bytes(b"#!/no/such/shell\n")
    target.chmod(0o755)
    if arch == HOST_ARCH:
        refused(lemu, arch, target, ["/no/such/shell", "first line of the bootstrap"], ABSENT)
    else:  # it may well exist on Lambda: the host is what lacks it
        refused(lemu, arch, target, ["/no/such/shell", "--sysroot", "bootstrap"], status=3)


# ---- what is no file

def nothing(lemu, path):
    pass


def empty_folder(lemu, path):
    path.mkdir()


def a_socket(lemu, path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def a_link_to_nowhere(lemu, path):
    path.symlink_to("nowhere")


def a_link_to_itself(lemu, path):
    path.symlink_to(path.name)


@pytest.mark.parametrize("make, words, aws", [
    (nothing, ["No such file", "TARGET is a bootstrap, a folder that holds one, or a zip"], None),
    (a_link_to_nowhere, ["No such file", "TARGET is"], None),
    (a_link_to_itself, ["symbolic links", "TARGET is"], None),
    (a_socket, ["neither a file nor a folder", "give a bootstrap"], None),
    (empty_folder, ["it is empty", "put an executable file named bootstrap"], NO_BOOTSTRAP),
], ids=lambda value: getattr(value, "__name__", ""))
def test_a_target_that_is_no_package(lemu, arch, make, words, aws):
    make(lemu, lemu.work / "target")
    refused(lemu, arch, lemu.work / "target", words, aws)


# ---- a folder and a zip with the same in it

def zipped(entries, **options):
    """Entries are (name, content, mode); names as bytes pass as they are."""
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w", **options) as archive:
        warnings.simplefilter("ignore")  # duplicate names
        for name, content, mode in entries:
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return packed.getvalue()


def packed(lemu, kind, entries):
    if kind == "zip":
        target = lemu.work / "function.zip"
        target.write_bytes(zipped(entries))
        return target
    target = lemu.work / "function"
    target.mkdir()
    for name, content, mode in entries:
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if stat.S_ISLNK(mode):
            path.symlink_to(content.decode())
        else:
            path.write_bytes(content)
            path.chmod(stat.S_IMODE(mode))
    return target


LAYOUTS = {
    "misnamed-Bootstrap": (lambda p: [("Bootstrap", p, 0o100755)], ["found 'Bootstrap'", "rename it"], NO_BOOTSTRAP),
    "misnamed-main": (lambda p: [("main", p, 0o100755)], ["found 'main'", "rename it"], NO_BOOTSTRAP),
    "misnamed-bootstrap.sh": (lambda p: [("bootstrap.sh", p, 0o100755)], ["found 'bootstrap.sh'", "rename it"], NO_BOOTSTRAP),
    "wrong-level": (lambda p: [("build/out/bootstrap", p, 0o100755)], ["found 'build/out/bootstrap'", "zip -r"], NO_BOOTSTRAP),
    "python": (lambda p: [("app.py", b"", 0o100644)], ["managed runtimes"], NO_BOOTSTRAP),
    "mode-0644": (lambda p: [("bootstrap", p, 0o100644)], ["mode 0644", "chmod +x"], DENIED),
    "a-folder": (lambda p: [("bootstrap/x", b"", 0o100644)], ["is a folder, not a file", "rename the folder"], NO_BOOTSTRAP),
    "a-link-loop": (lambda p: [("bootstrap", b"bootstrap", 0o120777)], ["is a link to 'bootstrap'", "relative path"], NO_BOOTSTRAP),
    "a-link-to-nothing": (lambda p: [("bootstrap", b"gone", 0o120777)], ["is a link to 'gone'", "relative path"], NO_BOOTSTRAP),
}


@pytest.mark.parametrize("kind", ["folder", "zip"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_package_without_a_bootstrap_to_start(lemu, arch, layout, kind):
    entries, words, aws = LAYOUTS[layout]
    refused(lemu, arch, packed(lemu, kind, entries(program(arch))), words, aws)


def test_a_folder_whose_bootstrap_leads_out(lemu, arch):
    target = packed(lemu, "folder", [("bootstrap", b"../outside", 0o120777)])
    (lemu.work / "outside").write_bytes(program(arch))
    refused(lemu, arch, target, ["leads out of it", "relative path"], NO_BOOTSTRAP)


# ---- zips made to harm, or harmed

def with_bootstrap(*entries):
    return lambda p: zipped([("bootstrap", p, 0o100755), *entries])


def renamed(old, new, **more):
    """A zip whose entry `old` has another name of the same length, in all places or only some."""
    return lambda p: with_bootstrap((old, b"x", 0o100644))(p).replace(old.encode(), new, *more.values())


def encrypted(flag):
    def make(p):
        data = bytearray(with_bootstrap(("secret", b"x", 0o100644))(p))
        at = data.rfind(b"PK\1\2")
        data[at + 8:at + 10] = flag.to_bytes(2, "little")
        return bytes(data)
    return make


def cut(fraction):
    return lambda p: (lambda data: data[:int(len(data) * fraction)])(with_bootstrap()(p))


def end_record(**changes):
    """A zip whose end record says something else."""
    places = {"disk": (4, "<H"), "entries": (10, "<H"), "size": (12, "<I"), "offset": (16, "<I")}

    def make(p):
        data = bytearray(with_bootstrap()(p))
        for name, value in changes.items():
            at, layout = places[name]
            struct.pack_into(layout, data, len(data) - 22 + at, value)
        return bytes(data)
    return make


def overlapping(p):
    """Two names for one piece of data, as the bombs without recursion are made."""
    data = bytearray(with_bootstrap(("one", b"x", 0o100644), ("two", b"x", 0o100644))(p))
    first, second = (data.rfind(b"PK\1\2", 0, data.rfind(b"PK\1\2")), data.rfind(b"PK\1\2"))
    data[second + 42:second + 46] = data[first + 42:first + 46]
    return bytes(data)


def lying_bomb(p):
    """Declares ten bytes, holds 300 MB."""
    data = bytearray(with_bootstrap(("bomb", bytes(300_000_000), 0o100644))(p))
    for signature, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        struct.pack_into("<I", data, data.rfind(signature) + at, 10)
    return bytes(data)


def wrong_checksum(p):
    data = bytearray(with_bootstrap(("sum", b"content", 0o100644))(p))
    for signature, at in ((b"PK\3\4", 14), (b"PK\1\2", 16)):
        struct.pack_into("<I", data, data.rfind(signature) + at, 1)
    return bytes(data)


ZIPS = {
    "dot-dot": (with_bootstrap(("../evil", b"x", 0o100644)), ["'../evil'", "..", "inside the folder"]),
    "dot-dot-inside": (with_bootstrap(("a/../../evil", b"x", 0o100644)), ["'a/../../evil'", "inside the folder"]),
    "absolute": (with_bootstrap(("/etc/evil", b"x", 0o100644)), ["'/etc/evil'", "absolute", "relative paths"]),
    "backslash": (with_bootstrap(("..\\evil", b"x", 0o100644)), ["backslash", "by '/'"]),
    "below-a-link": (with_bootstrap(("l", b".", 0o120777), ("l/x", b"x", 0o100644)), ["below 'l'", "symbolic link", "keep one"]),
    "below-a-link-out": (with_bootstrap(("l", b"/tmp", 0o120777), ("l/lemu-evil", b"x", 0o100644)),
                         ["below 'l'", "symbolic link", "keep one"]),
    "below-a-chain": (with_bootstrap(("a", b"b", 0o120777), ("b", b"/tmp", 0o120777), ("a/lemu-evil/x", b"x", 0o100644)),
                      ["below 'a'", "symbolic link", "keep one"]),
    "a-link-for-a-folder": (with_bootstrap(("d/x", b"x", 0o100644), ("d", b"/tmp", 0o120777)), ["'d'", "keep one"]),
    "a-link-then-a-file": (with_bootstrap(("l", b"/tmp/lemu-evil", 0o120777), ("l", b"x", 0o100644)),
                           ["'l'", "different types", "keep one"]),
    "link-empty": (with_bootstrap(("l", b"", 0o120777)), ["no path", "make the link"]),
    "link-too-long": (with_bootstrap(("l", b"x" * 4096, 0o120777)), ["no path", "make the link"]),
    "character-device": (with_bootstrap(("d", b"", 0o020666)), ["character device", "leave it out"]),
    "block-device": (with_bootstrap(("d", b"", 0o060666)), ["block device", "leave it out"]),
    "named-pipe": (with_bootstrap(("d", b"", 0o010666)), ["named pipe", "leave it out"]),
    "socket": (with_bootstrap(("d", b"", 0o140666)), ["socket", "leave it out"]),
    "two-types": (with_bootstrap(("a", b"x", 0o100644), ("a", b"bootstrap", 0o120777)), ["'a'", "different types", "keep one"]),
    "file-and-folder": (with_bootstrap(("a", b"x", 0o100644), ("a/b", b"x", 0o100644)), ["'a'", "keep one"]),
    "bomb": (with_bootstrap(("bomb", bytes(300_000_000), 0o100644)), ["smaller than 262144000 bytes", "leave out"]),
    "many-bombs": (with_bootstrap(*((f"b{n}", bytes(30_000_000), 0o100644) for n in range(9))), ["smaller than 262144000", "leave out"]),
    "bomb-that-lies": (lying_bomb, ["'bomb'", "more than the 10 bytes it declares", "make the zip again"]),
    "overlap": (overlapping, ["claim the same data", "make it again"]),
    "encrypted": (encrypted(1), ["'secret'", "encrypted", "without a password"]),
    "encrypted-strongly": (encrypted(1 | 1 << 6), ["'secret'", "encrypted", "without a password"]),
    "cut-early": (cut(0.1), ["truncated", "download it again"]),
    "cut-late": (cut(0.999), ["truncated", "download it again"]),
    "cut-to-a-signature": (lambda p: b"PK\3\4", ["truncated", "download it again"]),
    "zero-length": (lambda p: b"", ["not a zip: it is empty", "give a zip"]),
    "text": (lambda p: b"hello", ["not a zip", "give a zip"]),
    "gzip": (lambda p: b"\x1f\x8b\x08" + bytes(30), ["gzip", "give a zip"]),
    "checksum": (wrong_checksum, ["'sum'", "damaged", "make it again"]),
    "split": (end_record(disk=1), ["split", "make it again"]),
    "too-few-entries": (end_record(entries=2), ["entries it promises", "make it again"]),
    "directory-elsewhere": (end_record(offset=5), ["not where", "make it again"]),
    "directory-too-large": (end_record(size=0x7fffffff), ["directory", "leave out"]),
    "nul": (renamed("a-b", b"a\0b"), [r"'a\x00b'", "zero byte", "make the zip"]),
    "control-characters": (with_bootstrap(("\x1b[2J\x9b/../x", b"x", 0o100644)), [r"\x1b[2J\xc2\x9b", "inside the folder"]),
    "invalid-utf-8": (renamed("XX/../y", b"\xff\xfe/../y"), [r"'\xff\xfe/../y'", "inside the folder"]),
    "a-name-too-long": (with_bootstrap(("x/" * 2100, b"", 0o040755)), ["too long", "shorter folder names"]),
    "two-accounts-of-a-name": (renamed("config", b"comfig", count=1), ["'config'", "differently by its own header", "make the zip again"]),
    "two-accounts-of-the-bootstrap": (lambda p: with_bootstrap()(p).replace(b"bootstrap", b"Bootstrap", 1),
                                      ["differently by its own header", "make the zip again"]),
}


@pytest.mark.parametrize("kind", ZIPS)
def test_a_zip_that_is_refused(lemu, arch, kind):
    make, words = ZIPS[kind]
    target = lemu.work / "function.zip"
    target.write_bytes(make(program(arch)))
    refused(lemu, arch, target, words)
    assert sorted(path.name for path in lemu.work.iterdir()) == ["function.zip"]
    assert not os.path.lexists("/tmp/lemu-evil")


def test_an_empty_zip_has_no_bootstrap(lemu, arch):
    (lemu.work / "function.zip").write_bytes(b"PK\5\6" + bytes(18))
    refused(lemu, arch, lemu.work / "function.zip", ["it is empty", "named bootstrap"], NO_BOOTSTRAP)


# ---- zips that look odd and run

def invoked(lemu, mode, data, event):
    target = lemu.work / "function.zip"
    target.write_bytes(data)
    return lemu.invoke(mode, target, event).ok()


def names(lemu, mode, data):
    """The names in /var/task, as bytes: the probe gives each byte as a character."""
    found = invoked(lemu, mode, data, {"do": "list", "path": "/var/task"}).json()["names"]
    return sorted(name.encode("latin-1") for name in found)


ODD = {
    "case": (with_bootstrap(("Data", b"1", 0o100644), ("data", b"2", 0o100644), ("BOOTSTRAP", b"", 0o100644)),
             ["BOOTSTRAP", "Data", "bootstrap", "data"]),
    "links-inside": (with_bootstrap(("lib/a", b"x", 0o100644), ("lib/b", b"../c", 0o120777), ("c", b"lib/a", 0o120777)),
                     ["bootstrap", "c", "lib"]),
    "dots": (with_bootstrap(("./a", b"x", 0o100644), ("b//c", b"x", 0o100644)), ["a", "b", "bootstrap"]),
    "utf-8": (with_bootstrap(("é中", b"x", 0o100644)), ["bootstrap", "é中"]),
    "device-number-without-type": (with_bootstrap(("plain", b"x", 0)), ["bootstrap", "plain"]),
    "a-comment": (lambda p: (lambda data: data[:-2] + struct.pack("<H", 4) + b"PK\5\6")(with_bootstrap()(p)), ["bootstrap"]),
}


LINKS = {"absolute": b"/etc/passwd", "out": b"../../etc/passwd", "late": b"lib/../../../etc/passwd", "chain": b"absolute",
         "package": b"/var/task/data", "outward-and-back": b"../task/data", "tmp": b"/tmp/file", "opt": b"/opt/file"}


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_links_lead_where_they_lead_on_lambda(lemu, mode, kind):
    """To the function's own files: nothing of this machine's."""
    target = packed(lemu, kind, [("bootstrap", program(mode.arch), 0o100755), ("data", b"data", 0o100644),
                                 ("lib/x", b"x", 0o100644),
                                 *((name, text, 0o120777) for name, text in LINKS.items())])
    seen = {name: lemu.invoke(mode, target, {"do": "open", "path": f"/var/task/{name}"}).ok().json() for name in LINKS}
    assert "sbx_user1051" in seen["absolute"]["text"]
    assert seen["out"] == seen["chain"] == seen["absolute"]
    assert seen["package"] == seen["outward-and-back"] == {"error": "", "text": "data"}
    assert seen["tmp"]["error"] == seen["opt"]["error"] == "ENOENT"


@pytest.mark.bare
@pytest.mark.parametrize("kind", ["zip", "folder"])
@pytest.mark.parametrize("target", ["bin/real", "/var/task/bin/real", "../task/bin/real", "hop/real"])
def test_a_bootstrap_that_is_a_link(lemu, mode, kind, target):
    package = packed(lemu, kind, [("bin/real", program(mode.arch), 0o100755), ("bootstrap", target.encode(), 0o120777),
                                  ("hop", b"/var/task/bin", 0o120777)])
    assert lemu.invoke(mode, package, {"here": 1}).ok().json() == {"here": 1}


@pytest.mark.parametrize("kind", ["zip", "folder"])
@pytest.mark.parametrize("target, words", [("/opt/bootstrap", "/opt is empty"), ("/tmp/bootstrap", "/tmp is empty"),
                                           ("/usr/bin/env", "leads out"), ("HERE/real", "is a link to")])
def test_a_bootstrap_is_never_taken_from_this_machine(lemu, arch, kind, target, words):
    (lemu.work / "real").write_bytes(program(arch))
    (lemu.work / "real").chmod(0o755)
    package = packed(lemu, kind, [("bootstrap", target.replace("HERE", str(lemu.work)).encode(), 0o120777)])
    refused(lemu, arch, package, [words, "put the file itself there"], NO_BOOTSTRAP)


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_zip_that_runs(lemu, mode, kind):
    make, expected = ODD[kind]
    assert names(lemu, mode, make(program(mode.arch))) == [name.encode() for name in expected]


def test_of_two_with_one_name_the_last_counts(lemu, mode):
    data = with_bootstrap(("a", b"first", 0o100644), ("a", b"last", 0o100644))(program(mode.arch))
    result = invoked(lemu, mode, data, {"do": "open", "path": "/var/task/a"})
    assert result.json()["text"] == "last"
    assert "note: the zip holds 'a' more than once: the last one is used" in result.stderr


@pytest.mark.parametrize("raw", [b"\xff\xfe names", b"name\x1b[2J", b"one\ntwo."], ids=["invalid-utf-8", "escape", "newline"])
def test_a_name_of_any_bytes_is_kept(lemu, mode, raw):
    data = with_bootstrap(("placed-8", b"inside", 0o100644))(program(mode.arch)).replace(b"placed-8", raw)
    assert names(lemu, mode, data) == sorted([b"bootstrap", raw])


def test_a_zip64_runs(lemu, mode):
    packed_zip = io.BytesIO()
    with zipfile.ZipFile(packed_zip, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.create_system, entry.external_attr = 3, 0o100755 << 16
        with archive.open(entry, "w", force_zip64=True) as out:
            out.write(program(mode.arch))
    assert names(lemu, mode, wide(packed_zip.getvalue())) == [b"bootstrap"]


def wide(data):
    """The same zip with its end record's numbers in a zip64 record, as if they did not fit."""
    entries, size, offset = struct.unpack("<HII", data[-12:-2])
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, size, offset)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, len(data) - 22, 1)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return data[:-22] + record + locator + end


def many(count, bootstrap):
    packed_zip = io.BytesIO()
    with zipfile.ZipFile(packed_zip, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.create_system, entry.external_attr = 3, 0o100755 << 16
        archive.writestr(entry, bootstrap)
        for n in range(count):
            archive.writestr(f"d{n // 1000}/{n}", b"")
    return packed_zip.getvalue()


def test_a_hundred_thousand_entries_run(lemu):
    """The unpacked files are in memory here: making and removing them on a disk takes three times as long."""
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="lemu-test-") as memory:
        (lemu.work / "function.zip").write_bytes(many(100_000, program(HOST_ARCH)))
        result = lemu.run("invoke", "--data", '{"do":"stat","path":"/var/task/d99/99999"}', lemu.work / "function.zip",
                          env={"TMPDIR": memory}).ok()
        assert result.json()["error"] == "", result
        assert not list(Path(memory).glob("lemu-*/env-*")), "removed again"


def test_more_entries_than_lemu_unpacks(lemu):
    (lemu.work / "function.zip").write_bytes(many(200_001, b""))
    refused(lemu, HOST_ARCH, lemu.work / "function.zip", ["200002 entries", "leave out"])


# ---- options that do not fit the package

@pytest.mark.parametrize("option", ["--qemu", "--cpu"])
def test_an_emulators_option_for_a_native_function_is_no_silence(lemu, option):
    result = lemu.invoke(MODES[0], "probe", {"x": 1}, option, "neoverse-n1").ok()
    assert f"note: {option} is not used: the function is for {HOST_ARCH}, as this host is" in result.stderr
