# SPDX-License-Identifier: Apache-2.0
"""The guarantee table, row by row: what a run is said to give holds, and what it is said to lack is really not there.

`GIVEN` and `WITHOUT` have a check for each row that `lemu doctor --json` lists; a row without one is a failure. Which of
the two applies to a run is what that run itself says in its report.
"""
import ctypes
import json
import os
import pathlib
import resource
import socket
import subprocess

import capabilities
import harness
import pytest
from callers import status_as
from daemon import Daemon
from harness import POOR_HOST


class Run:
    """One lemu in one mode, asked for one probe's behaviour after the other."""

    def __init__(self, lemu, mode):
        self.lemu, self.mode, self.uid = lemu, mode, os.geteuid() if lemu.user is None else lemu.user

    def invoke(self, function="probe", options=(), around=(), **event):
        return self.lemu.invoke(self.mode, function, event, *options, around=around)

    def probe(self, function="probe", options=(), around=(), **event):
        return self.invoke(function, options, around, **event).ok().json()

    def package(self):
        """A folder with the probe that is its user's own, so that only the sandbox can forbid writing there."""
        folder = self.lemu.package(self.mode.arch)
        if self.lemu.user is not None:
            os.chown(folder, self.lemu.user, self.lemu.user)
        return folder


def secret(run):
    file = run.lemu.home / "secret"
    file.write_text("of the user")
    return str(file)


def processes(run):
    return {int(name) for name in run.probe(do="list", path="/proc")["names"] if name.isdigit()}


def status_line(run, key):
    text = run.probe(do="open", path="/proc/self/status")["text"]
    return next(line.split(":")[1].strip() for line in text.splitlines() if line.startswith(key + ":"))


# ---- files

ROOT = {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "nix", "opt", "proc", "sbin", "tmp", "usr", "var"}


def own_files(run):
    assert set(run.probe(do="list", path="/")["names"]) <= ROOT
    assert run.probe(do="stat", path=str(run.lemu.work))["error"] == "ENOENT"


def hosts_files(run):
    assert run.probe(do="stat", path=str(run.lemu.work))["error"] == ""


def protected_files(run):
    assert run.probe(do="open", path=secret(run))["error"] == "ENOENT"


def open_files(run):
    assert run.probe(do="open", path=secret(run)) == {"error": "", "text": "of the user"}


def sealed_code(run):
    package = run.package()
    assert run.probe(package, do="open", path="/var/task/new", mode="c")["error"] == "EROFS"
    assert not (package / "new").exists()


def writable_code(run):
    package = run.package()
    assert run.probe(package, do="open", path=str(package / "new"), mode="c")["error"] == ""
    assert (package / "new").exists()
    (package / "new").unlink()


FIVE = {"null", "zero", "full", "random", "urandom"}


def five_devices(run):
    names = set(run.probe(do="list", path="/dev")["names"])
    assert names <= FIVE | {"fd", "stdin", "stdout", "stderr", ".lemu"}
    if not run.mode.host:
        assert names >= FIVE


def every_device(run):
    assert set(run.probe(do="list", path="/dev")["names"]) == set(os.listdir("/dev"))


def limited_tmp(run):
    filled = run.probe(do="fill", path="/tmp/big", mb=600, options=("--timeout", "60", "--memory", "3008"))
    assert filled["error"] == "ENOSPC" and 500 << 20 < filled["written"] <= 512 << 20


def unlimited_tmp(run):
    """What stands for /tmp is a folder of the host's own file system."""
    seen = run.probe(do="env")["TMPDIR"]
    assert pathlib.Path(seen).is_relative_to(run.lemu.tmp)
    filled = run.probe(do="fill", path=str(run.lemu.tmp / "big"), mb=520, options=("--timeout", "60", "--memory", "3008"))
    (run.lemu.tmp / "big").unlink()
    assert filled == {"error": "", "written": 520 << 20}


# ---- processes

def own_proc(run):
    assert len(processes(run)) <= 4


def outer_proc(run):
    assert os.getpid() in processes(run)


def own_processes(run):
    assert run.probe(do="kill", pid=os.getpid())["error"] == "ESRCH"


def outer_processes(run):
    with subprocess.Popen(run.lemu.as_user("sleep", "60")) as mine:
        try:
            assert run.probe(do="kill", pid=mine.pid)["error"] == ""
        finally:
            mine.kill()


def limited_processes(run):
    wanted = 742 * (2 if run.mode.emulated else 1)
    assert run.probe(do="rlimits")["nproc"] == [wanted, wanted]
    bomb = run.probe(do="forkbomb", limit=5000, options=("--timeout", "60", "--memory", "10240"))
    assert bomb["error"] == "EAGAIN" and 300 < bomb["forks"] < 1500


def unlimited_processes(run):
    assert [n % 2**64 for n in run.probe(do="rlimits")["nproc"]] == \
        [n % 2**64 for n in resource.getrlimit(resource.RLIMIT_NPROC)]


def own_children(run):
    assert run.probe(run.package(), do="exec") == {"error": "", "exited": 7, "signal": 0}


def no_children(run):
    child = run.probe(run.package(), do="exec")
    assert child["error"] == "ENOEXEC" or child["exited"] != 7


def no_survivors(run):
    assert run.probe(do="daemon")["daemon"] > 0
    assert harness.wait_for_no_descendants() == {}


# ---- names, keys, rights

SEGMENT = 0x6c650000 + os.getpid() % 0x10000


class SharedMemory:
    """A System V segment of the host's that everybody may look at."""

    def __enter__(self):
        ipc_creat, self.libc = 0o1000, ctypes.CDLL(None, use_errno=True)
        self.id = self.libc.shmget(SEGMENT, 4096, ipc_creat | 0o666)
        assert self.id >= 0, os.strerror(ctypes.get_errno())
        return self

    def __exit__(self, *_):
        ipc_rmid = 0
        assert self.libc.shmctl(self.id, ipc_rmid, None) == 0


def own_names(run):
    assert run.probe(do="ids")["hostname"] != os.uname().nodename
    with SharedMemory():
        assert run.probe(do="shm", key=SEGMENT)["error"] == "ENOENT"
    assert run.probe(do="stat", path="/dev/shm")["error"] == "ENOENT"


def hosts_names(run):
    assert run.probe(do="ids")["hostname"] == os.uname().nodename
    with SharedMemory():
        assert run.probe(do="shm", key=SEGMENT)["error"] == ""


def find_key(run):
    """Looks for a key of the caller's session keyring."""
    capabilities.require("keyrings")
    return run.probe(do="key", name="lemu-test", around=[str(POOR_HOST), "--session-key=lemu-test", "--"])["error"]


def own_keyring(run):
    assert find_key(run) == "ENOSYS"


def only_a_new_session_keyring(run):
    assert find_key(run) == ("ENOSYS" if run.mode.emulated else "ENOKEY")  # QEMU has no keyctl


def function_user(run):
    ids = run.probe(do="ids")
    assert (ids["uid"], ids["gid"], ids["euid"], ids["egid"]) == (993, 990, 993, 990)


def you(run):
    assert run.probe(do="ids")["uid"] == run.uid


# A process of two threads, as QEMU is, may not make one in any case.
def no_namespaces(run):
    assert run.probe(do="namespace")["error"] == ("EINVAL" if run.mode.emulated else "ENOSPC")


def namespaces(run):
    refused = {"seccomp": "EPERM", "docker": "EPERM", "seccomp-enosys": "ENOSYS"}
    if not run.mode.emulated:
        refused["chroot"] = "EPERM"
    assert run.probe(do="namespace")["error"] == refused.get(run.mode.host, "EINVAL" if run.mode.emulated else "")


def no_privilege(run):
    ids = run.probe(do="ids")
    assert ids["NoNewPrivs"] == "1"
    sets = [int(ids[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")]
    assert sets == [0] * 5 if ids["uid"] == 993 else (ids["uid"] == 0 or sets[2] == 0)


def own_descriptors(run):
    seen = run.probe(do="fds", around=["sh", "-c", 'exec 9</etc/passwd; exec "$@"', "sh"])
    seen.pop("pid")
    assert seen.pop("0") in ("/dev/null",) or run.mode.host == "no-devices"
    assert seen.pop("1").startswith("pipe:") and seen.pop("2").startswith("pipe:")
    assert len(seen) == 1 and list(seen.values())[0].startswith("socket:"), "its connection to the Runtime API"


def own_environment(run):
    assert "must-not-leak" not in json.dumps(run.probe(do="env"))
    assert "must-not-leak" not in run.probe(do="open", path="/proc/1/environ")["text"]


# ---- limits

def limited_watches(run):
    assert run.probe(do="watches") == {"opened": 16, "error": "EMFILE"}


def unlimited_watches(run):
    most = pathlib.Path("/proc/sys/user/max_inotify_instances").read_text()
    assert run.probe(do="watches", limit=100)["opened"] == min(100, int(most))


def own_memory_figures(run):
    assert run.probe(do="machine")["sysinfo"]["total"] == 128 << 20
    assert "MemTotal:         131072 kB\n" in run.probe(do="open", path="/proc/meminfo")["text"]


def machines_memory(run):
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert run.probe(do="machine")["sysinfo"]["total"] == total


def ended_first(run):
    assert run.probe(do="open", path="/proc/self/oom_score_adj")["text"] == "1000\n"


FILTERED_HOSTS = {"seccomp": 2, "seccomp-enosys": 2, "apparmor": 1, "docker": 2, "old-mounts": 1, "no-filters": 1,
                  "no-sock-diag": 1}


def filters_of_lemu(run):
    return int(status_line(run, "Seccomp_filters")) - FILTERED_HOSTS.get(run.mode.host, 0)


def filtered(run):
    assert status_line(run, "Seccomp") == "2" and filters_of_lemu(run) == 1


def not_filtered(run):
    assert filters_of_lemu(run) == 0


def limited_memory(run):
    result = run.invoke(do="alloc", mb=300, options=("--memory", "128")).ok(1)
    assert result.report["Error Type"] == "Runtime.OutOfMemory"


def limited_descriptors(run):
    assert run.probe(do="rlimits")["nofile"] == [1024, 1024]
    opened = run.probe(do="descriptors", limit=5000)
    assert opened["error"] == "EMFILE" and 1000 < opened["opened"] < 1024


def no_core_files(run):
    assert run.probe(do="rlimits")["core"] == [0, 0]
    package = run.package()
    run.invoke(package, do="signal", number=11).ok(1)
    assert os.listdir(package) == ["bootstrap"]


# ---- what the kernel tells

def is_bare(run):
    """Root runs a function without a sandbox only when told to."""
    return run.mode.sandbox == "off" or (run.mode.host in harness.NO_SANDBOX and run.lemu.is_root)


def answers_of_its_runtime_api(run):
    """What other users of this machine hear there, {user: status}. Only root can be another user."""
    users = {0, 54321, os.geteuid() if run.lemu.user is None else run.lemu.user} if os.geteuid() == 0 else {os.geteuid()}
    mode = run.mode
    sandbox = "off" if is_bare(run) else mode.sandbox
    settings = f"{run.lemu.function(mode.arch, 'probe')},timeout=60,arch={mode.arch},launch={mode.launch},sandbox={sandbox}"
    with Daemon(run.lemu, functions={"probe": settings}, host=mode.host) as running:
        api = running.invoke("probe", {"do": "env"}).json()["AWS_LAMBDA_RUNTIME_API"]
        return {user: status_as(user, f"http://{api}/2018-06-01/ping") for user in users}


def own_runtime_api(run):
    seen = answers_of_its_runtime_api(run)
    of_function = harness.NOBODY if run.uid == 0 and not is_bare(run) else run.uid
    assert seen == {user: 200 if user == of_function else 403 for user in seen}


def everybodys_runtime_api(run):
    assert set(answers_of_its_runtime_api(run).values()) == {200}


# ---- what nothing gives

def no_memory_fence(run):
    """Its cgroups are those of who started lemu."""
    assert run.probe(do="open", path="/proc/self/cgroup")["text"] == pathlib.Path("/proc/self/cgroup").read_text()


def no_cpu_limit(run):
    own = pathlib.Path("/proc/self/status").read_text()
    assert f"Cpus_allowed_list:\t{status_line(run, 'Cpus_allowed_list')}\n" in own


def hosts_network(run):
    with socket.create_server(("127.0.0.1", 0)) as loopback, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0lemu-test-{os.getpid()}")
        abstract.listen()
        assert run.probe(do="connect", port=loopback.getsockname()[1])["error"] == ""
        assert run.probe(do="connect", abstract=f"lemu-test-{os.getpid()}")["error"] == ""


GIVEN = {
    "own-files": own_files, "protected-files": protected_files, "sealed-code": sealed_code, "devices": five_devices,
    "own-proc": own_proc, "own-processes": own_processes, "own-names": own_names, "own-keyring": own_keyring,
    "function-user": function_user, "no-namespaces": no_namespaces, "process-limit": limited_processes,
    "tmp-limit": limited_tmp, "own-children": own_children, "memory-limit": limited_memory,
    "descriptor-limit": limited_descriptors, "no-core-files": no_core_files, "own-descriptors": own_descriptors,
    "own-environment": own_environment, "no-privilege": no_privilege, "no-survivors": no_survivors,
    "watch-limit": limited_watches, "own-memory-figures": own_memory_figures, "ended-first": ended_first,
    "system-call-filter": filtered,
    "own-runtime-api": own_runtime_api,
}
WITHOUT = {
    "own-files": hosts_files, "protected-files": open_files, "sealed-code": writable_code, "devices": every_device,
    "own-proc": outer_proc, "own-processes": outer_processes, "own-names": hosts_names,
    "function-user": you, "no-namespaces": namespaces, "process-limit": unlimited_processes,
    "tmp-limit": unlimited_tmp, "own-children": no_children, "memory-fence": no_memory_fence,
    "cpu-limit": no_cpu_limit, "own-network": hosts_network,
    "watch-limit": unlimited_watches, "own-memory-figures": machines_memory,
    "own-keyring": only_a_new_session_keyring, "system-call-filter": not_filtered,
    "own-runtime-api": everybodys_runtime_api,
}
# Half a second each: not once more for every kind of poor host.
HEAVY = {"process-limit", "tmp-limit"}


def rows(lemu):
    report = lemu.run("doctor", "--json").json()
    return {row["id"]: row for row in report["functions"][0]["guarantees"]}


def test_each_cell_of_the_table_has_its_check(lemu):
    capabilities.require(f"qemu-{capabilities.FOREIGN_MACHINE}")
    never = {"memory-fence", "cpu-limit", "own-network"}
    always = {"memory-limit", "descriptor-limit", "no-core-files", "own-descriptors", "own-environment",
              "no-privilege", "no-survivors", "ended-first"}
    ids = set(rows(lemu))
    assert set(GIVEN) == ids - never
    assert set(WITHOUT) == ids - always


def lost_ids(lemu, mode):
    """What a run in this mode says that it lacks."""
    names = {row["name"]: i for i, row in rows(lemu).items()}
    report = lemu.invoke(mode, "probe", {}, "--report", "json").ok().json_reports[0]
    said = {phrase.split(" (")[0] for phrase in report["sandbox"]["missing"]}
    return {names[name] for name in said if name in names}


# What the kernel can lack decides about these, with the sandbox or without.
OF_THE_KERNEL = {"own-keyring", "system-call-filter"}
OF_THE_SANDBOX = [i for i in WITHOUT if i in GIVEN and i not in ("own-children", "own-runtime-api") and i not in OF_THE_KERNEL]


@pytest.mark.bare
def test_what_a_run_says_that_it_lacks(any_user, mode):
    assert lost_ids(any_user, mode) - {"own-children"} == (set(OF_THE_SANDBOX) if mode.sandbox == "off" else set())


@pytest.mark.bare
@pytest.mark.parametrize("guarantee", [*GIVEN, *(i for i in WITHOUT if i not in GIVEN)])
def test_guarantee(any_user, mode, guarantee):
    lacks = guarantee in WITHOUT and (guarantee not in GIVEN or mode.sandbox == "off" and guarantee in OF_THE_SANDBOX
                                      or guarantee == "own-children" and mode.launch == "direct")
    (WITHOUT if lacks else GIVEN)[guarantee](Run(any_user, mode))


@pytest.mark.poor_host(only=True)
def test_what_is_said_where_something_is_withheld_is_so(any_user, mode):
    """Every row on every kind of host, as the run itself says that it stands there."""
    lost = lost_ids(any_user, mode)
    for guarantee in {*GIVEN, *WITHOUT} - HEAVY:
        lacks = guarantee not in GIVEN or guarantee in lost
        (WITHOUT if lacks else GIVEN)[guarantee](Run(any_user, mode))
