# SPDX-License-Identifier: Apache-2.0
"""Hosts that withhold something: functions of both architectures run there, and what is lost is said, alike everywhere."""
import json
import os
import re
import shutil
import subprocess

import capabilities
import pytest
from harness import FOREIGN_ARCH, HOST_ARCH, MACHINE, NO_SANDBOX, POOR_HOST, POOR_HOSTS

QEMU = f"qemu-{MACHINE[FOREIGN_ARCH]}"

# What each kind of host leaves of the sandbox, the guarantees that a partial one lacks, and what doctor blames.
EXPECTED = {
    "seccomp": ("off", None, {"seccomp"}),
    "seccomp-enosys": ("off", None, {"seccomp"}),
    "apparmor": ("off", None, {"seccomp"}),  # it is a filter that plays AppArmor here
    "masked-proc": ("partial", {"own-proc", "no-namespaces", "watch-limit"}, {"masked-proc"}),
    "read-only-cgroups": ("full", set(), set()),
    "chroot": ("off", None, {"chroot"}),
    "docker": ("off", None, {"seccomp"}),
    "few-devices": ("partial", set(), set()),
    "no-devices": ("partial", set(), set()),
    "old-mounts": ("full", set(), set()),
    "no-filters": ("partial", {"own-keyring", "system-call-filter", "own-memory-figures"}, {"no-seccomp"}),
    "no-sock-diag": ("full", {"own-runtime-api"}, set()),
}


def test_every_kind_of_host_is_expected_to_be_something():
    assert set(EXPECTED) == set(POOR_HOSTS)
    assert {host for host, (sandbox, *_) in EXPECTED.items() if sandbox == "off"} == NO_SANDBOX


def doctor(lemu, host, *words):
    run = subprocess.run(lemu.command("doctor", *words, host=host), env=lemu.environment, cwd=lemu.work, text=True,
                         stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    status = 3 if host in NO_SANDBOX and lemu.is_root else 0  # nothing runs as it stands
    assert run.returncode == status and run.stderr == "", f"{run.returncode}\n{run.stdout}{run.stderr}"
    return run.stdout


def section(text, title):
    """The lines below a heading of doctor's."""
    lines = text.splitlines()
    begin = lines.index(title) + 1
    end = next((i for i in range(begin, len(lines)) if lines[i] and not lines[i].startswith(" ")), len(lines))
    return [line.strip() for line in lines[begin:end] if line]


@pytest.mark.free_choice
@pytest.mark.needs("userns", "poor-hosts", QEMU, "cross-cc")
@pytest.mark.parametrize("host", POOR_HOSTS)
def test_what_is_lost_is_said_alike_everywhere(any_user, host):
    sandbox, lost_ids, causes = EXPECTED[host]
    report = json.loads(doctor(any_user, host, "--json"))
    text = doctor(any_user, host, "-v")
    assert causes <= {one["name"] for one in report["restrictions"]}
    for arch in (HOST_ARCH, FOREIGN_ARCH):
        said = next(one for one in report["functions"] if one["architecture"] == arch)
        if sandbox == "off" and any_user.is_root:
            assert not said["runs"] and "only --sandbox off runs a function without one" in json.dumps(said)
            continue
        missing = said["sandbox"]["missing"]
        assert said["runs"] and said["sandbox"]["mode"] == sandbox
        # doctor's table and its list
        rows = {row["id"]: row for row in said["guarantees"]}
        lost = {row["name"]: row.get("why") for row in rows.values() if not row["given"]}
        named = [phrase for phrase in missing if phrase.split(" (")[0] in lost]
        assert [phrase for phrase in missing if phrase not in named] == [m for m in missing if m.startswith("/dev/")]
        if lost_ids is not None:
            assert {i for i, row in rows.items() if row["name"] in [n.split(" (")[0] for n in named]} - {"own-children"} \
                == lost_ids
        # an invocation: the report and -v
        run = any_user.run("invoke", "--arch", arch, "-v", "--report", "json", "--data", '{"x":1}',
                           any_user.function(arch, "probe"), host=host).ok()
        assert run.json() == {"x": 1}
        done = run.json_reports[0]
        assert (done["sandbox"]["mode"], done["sandbox"]["missing"]) == (sandbox, missing)
        assert done["execution"]["mode"] == said["execution"]["mode"]
        assert [line.removeprefix("lemu: not given: ") for line in run.starting("lemu: not given: ")] == missing
        assert bool(run.starting("lemu: note: no sandbox: ")) == (sandbox == "off")
        # doctor's text
        verdict = section(text, f"An {arch} function here runs")
        assert any(line.startswith("sandbox") and line.split()[1] == f"{sandbox}:" for line in verdict), verdict
        if arch == FOREIGN_ARCH:
            table = section(text, f"Guarantees for an {arch} function here")
            said_no = {line.removeprefix("no").strip().split(": ")[0] for line in table if line.startswith("no ")}
            assert said_no == set(lost)


@pytest.mark.poor_host
def test_a_function_runs_whatever_is_withheld(any_user, mode):
    """A session of some calls: logs, /tmp, memory, a crash and the reset after it."""
    result = any_user.invoke(mode, "probe", {"do": "exit", "code": 3, "at": 2}, "--repeat", "3").ok(1)
    answers = result.stdout.splitlines()
    assert answers[0] == b'{"memory":1,"file":1}' and b"exit status 3" in answers[1]
    assert answers[2] == b'{"memory":1,"file":3}', "/tmp survives a reset"
    assert all(figures["Max Memory Used"] > 0 for figures in result.reports)


@pytest.mark.poor_host("docker", "masked-proc", "chroot")
def test_a_timeout_ends_everything(any_user, mode):
    result = any_user.invoke(mode, "probe", {"do": "daemon", "sleep_after": 60_000}, "--timeout", "1").ok()
    assert result.report["Status"] == "timeout"


@pytest.mark.poor_host("docker", "masked-proc", "no-devices")
def test_too_much_memory_ends_the_function(any_user, mode):
    result = any_user.invoke(mode, "probe", {"do": "alloc", "mb": 300}, "--memory", "128").ok(1)
    assert result.report["Error Type"] == "Runtime.OutOfMemory" and b"signal: killed" in result.stdout


# The kernel's own format, see Documentation/admin-guide/binfmt-misc.rst: e_machine behind the ELF magic.
MAGIC = {"arm64": r"\xb7\x00", "x86_64": r"\x3e\x00"}[FOREIGN_ARCH]
REGISTRATION = (r":lemu-test:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00" + MAGIC +
                r":\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:%s:F")


@pytest.mark.needs("userns", "binfmt", "poor-hosts", QEMU, "cross-cc")
@pytest.mark.skipif(os.geteuid() != 0, reason="root: only root gives a user namespace the ids that a host has")
@pytest.mark.parametrize("sandbox", ["on", "off"])
@pytest.mark.parametrize("function", ["probe", "cpp"])
def test_a_registration_of_the_host(lemu, sandbox, function):
    """As distributions make it: QEMU with flag F, in a binfmt_misc that lemu finds there."""
    qemu = capabilities.find_qemu(static=True)
    if not qemu:
        pytest.skip(f"{QEMU} of this distribution has no static build")

    def invoke(*options):
        event = {"do": "exec"} if function == "probe" else {"name": "Ada"}
        return lemu.run("invoke", "--arch", FOREIGN_ARCH, "--sandbox", sandbox, "-v", "--report", "json", "--data",
                        json.dumps(event), *options, lemu.function(FOREIGN_ARCH, function),
                        around=[str(POOR_HOST), "--binfmt=" + REGISTRATION % qemu, "--"]).ok()
    by_host = invoke("--launch", "host-binfmt")
    execution = by_host.json_reports[0]["execution"]
    assert execution["mode"] == "host-binfmt" and execution["reason"] == "the host's registration 'lemu-test'"
    assert "qemu" not in execution and "cpu" not in execution, "which QEMU it has is the registration's affair"
    if function == "probe":
        assert by_host.json() == {"error": "", "exited": 7, "signal": 0}
        assert f"child on {MACHINE[FOREIGN_ARCH]}" in by_host.lines
    # What is chosen without being asked
    expected = "private-binfmt" if sandbox == "on" else "host-binfmt"
    assert invoke("--launch", "auto").json_reports[0]["execution"]["mode"] == expected
    expected = "private-binfmt" if sandbox == "on" else "direct"
    assert invoke("--launch", "auto", "--qemu", qemu).json_reports[0]["execution"]["mode"] == expected
    unused = invoke("--launch", "host-binfmt", "--qemu", qemu)
    assert "lemu: note: --qemu is not used: the host's registration has a QEMU of its own" in unused.lines


def test_a_root_without_null(any_user):
    """stdin reads as empty all the same."""
    capabilities.require("userns", "poor-hosts")
    for sandbox in ("auto", "off"):
        seen = any_user.run("invoke", "--arch", HOST_ARCH, "--sandbox", sandbox, "--data", '{"do":"fds"}',
                            any_user.function(HOST_ARCH, "probe"), host="no-devices").ok().json()
        assert re.match(r"pipe:", seen["0"]), seen


@pytest.mark.parametrize("kernel", [[], ["--old-mounts"]], ids=["", "before-5.12"])
def test_what_is_mounted_below_a_bound_folder_is_read_only_too(any_user, kernel):
    capabilities.require("userns", "poor-hosts")
    system = next(path for path in ("/usr/src", "/usr/games", "/usr/local/src") if os.path.isdir(path))
    package = any_user.package(HOST_ARCH)
    inner = package / "in ner"  # what /proc/self/mountinfo escapes
    inner.mkdir()
    writable = [f"--writable-below={place}" for place in (system, inner)]
    for path in (f"{system}/new", "/var/task/in ner/new", "/var/task/new"):
        opened = any_user.run("invoke", "--arch", HOST_ARCH, "--sandbox", "on", "--data",
                              json.dumps({"do": "open", "path": path, "mode": "c"}), package,
                              around=[str(POOR_HOST), *writable, *kernel, "--"]).ok().json()
        assert opened["error"] == "EROFS", path


@pytest.mark.needs("poor-hosts")
@pytest.mark.parametrize("kernel", [[], ["--old-opens"]], ids=["", "before-5.6"])
@pytest.mark.parametrize("link, words", [
    ("real", None), ("lib/../real", None), ("../outside", "leads out of it"), ("/bin/true", "leads out of it"),
    ("gone", "is a link to 'gone'")])
def test_a_bootstrap_that_is_a_link(lemu, kernel, link, words):
    """Without openat2(2) the same is told by comparing paths."""
    folder = lemu.package(HOST_ARCH)
    (folder / "bootstrap").rename(folder / "real")
    (folder / "lib").mkdir()
    shutil.copy2(folder / "real", folder.parent / "outside")
    (folder / "bootstrap").symlink_to(link)
    result = lemu.run("invoke", "--data", '{"x":1}', folder, around=[str(POOR_HOST), *kernel, "--"])
    if words is None:
        assert result.ok().stdout == b'{"x":1}'
    else:
        result.ok(2)
        assert words in result.stderr and "Runtime.InvalidEntrypoint" in result.stdout.decode(), result
