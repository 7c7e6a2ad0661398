# SPDX-License-Identifier: Apache-2.0
"""lemu doctor on this machine, and on this machine made poorer: what it says is what invoke then does."""
import json
import os
import subprocess
import sys

import pytest
from harness import FOREIGN_ARCH, HOST_ARCH, MACHINE

QEMU = f"qemu-{MACHINE[FOREIGN_ARCH]}"

# Makes clone and unshare refuse CLONE_NEWUSER, as Docker's filter does, then runs the rest of its arguments.
NO_USERNS = """
import ctypes, os, struct, sys
clone, unshare, arch = {"x86_64": (56, 272, 0xc000003e), "aarch64": (220, 97, 0xc00000b7)}[os.uname().machine]
LD, JEQ, JSET, RET = 0x20, 0x15, 0x45, 0x06
program = [(LD, 0, 0, 4), (JEQ, 0, 5, arch), (LD, 0, 0, 0), (JEQ, 1, 0, clone), (JEQ, 0, 2, unshare), (LD, 0, 0, 16),
           (JSET, 1, 0, 0x10000000), (RET, 0, 0, 0x7fff0000), (RET, 0, 0, 0x00050001)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]
prctl = ctypes.CDLL(None, use_errno=True).prctl
assert prctl(38, 1, 0, 0, 0) == 0
assert prctl(22, 2, ctypes.byref(Filter(len(program), ctypes.addressof(code))), 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


def doctor(lemu, *prefix, status=0, env=None, words=("--json",)):
    """One run behind other words; the JSON object, or the text."""
    run = subprocess.run([*prefix, *lemu.command("doctor", *words)], env={**lemu.environment, **(env or {})},
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, cwd=lemu.work)
    assert run.returncode == status, f"{run.returncode}\n{run.stdout}{run.stderr}"
    assert run.stderr == ""
    return json.loads(run.stdout) if "--json" in words else run.stdout


def function(report, arch):
    return next(one for one in report["functions"] if one["architecture"] == arch)


@pytest.mark.free_choice
@pytest.mark.needs("userns", QEMU, "cross-cc")
def test_what_it_says_is_what_invoke_does(any_user):
    report = doctor(any_user)
    for arch in (HOST_ARCH, FOREIGN_ARCH):
        said = function(report, arch)
        run = any_user.run("invoke", "--arch", arch, "--report", "json", any_user.function(arch, "probe")).ok()
        done = run.json_reports[0]
        assert said["sandbox"]["mode"] == done["sandbox"]["mode"] == "full"
        assert said["execution"]["mode"] == done["execution"]["mode"]
    assert all(trial["works"] or trial["launch"] == "binfmt" for trial in report["trials"])


@pytest.mark.needs("userns", QEMU)
def test_it_has_no_complaints_of_its_own(lemu):
    assert lemu.run("doctor").ok().stderr == ""


@pytest.mark.needs(QEMU)
def test_the_text_ends_with_what_to_do(lemu):
    text = doctor(lemu, words=())
    sections = [line for line in text.splitlines() if line and not line.startswith(" ")]
    assert sections[:2] == ["Host", "Sandbox"] and sections[-1] == "To improve"
    assert "An arm64 function here runs" in text and "An x86_64 function here runs" in text


def test_without_a_qemu(lemu):
    report = doctor(lemu, status=3, env={"PATH": "/nowhere"})
    assert function(report, FOREIGN_ARCH) == {
        "architecture": FOREIGN_ARCH, "runs": False,
        "obstacle": f"there is no QEMU for {FOREIGN_ARCH} programs in PATH"}
    assert function(report, HOST_ARCH)["runs"] is True
    assert report["restrictions"][0]["name"] == "no-qemu"
    assert "qemu" in report["improvements"][0]["command"]


@pytest.mark.needs("userns", QEMU)
def test_where_user_namespaces_are_none(lemu):
    poorer = ["unshare", "--user", "--map-root-user", "sh", "-c",
              'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"', "sh"]
    report = doctor(lemu, *poorer, status=3)
    assert [one["name"] for one in report["restrictions"]] == ["max-user-namespaces"]
    assert report["improvements"][0]["command"] == "sysctl -w user.max_user_namespaces=15000"
    said = function(report, FOREIGN_ARCH)
    assert not said["runs"] and "'user namespace': No space left on device" in said["obstacle"], said


@pytest.mark.needs(QEMU)
def test_behind_a_seccomp_filter(any_user):
    report = doctor(any_user, sys.executable, "-c", NO_USERNS, "/usr/bin/env", status=3 if any_user.is_root else 0)
    assert [one["name"] for one in report["restrictions"]] == ["seccomp"]
    assert report["userNamespaces"]["seccomp"] == "filter"
    assert report["userNamespaces"]["work"] is False
    said = function(report, FOREIGN_ARCH)
    if any_user.is_root:
        assert not said["runs"] and "as root, only --sandbox off runs a function without one" in said["obstacle"]
    else:
        assert said["sandbox"]["mode"] == "off" and said["execution"]["mode"] in ("direct", "host-binfmt")


@pytest.mark.needs("userns", QEMU)
def test_where_proc_is_covered(any_user):
    covered = next(f"/proc/{name}" for name in ("acpi", "scsi", "bus", "irq") if os.path.isdir(f"/proc/{name}"))
    namespaces = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps", "--mount"]
    report = doctor(any_user, "unshare", *namespaces, "sh", "-c", f'mount -t tmpfs none {covered} && exec "$@"', "sh")
    assert report["userNamespaces"]["coveredProc"] == [covered]
    assert [one["name"] for one in report["restrictions"] if one["concerns"] == "sandbox"] == ["masked-proc"]
    for arch in (HOST_ARCH, FOREIGN_ARCH):
        said = function(report, arch)["sandbox"]
        assert said["mode"] == "partial"
        assert any(missing.startswith("/proc of its own") for missing in said["missing"])
