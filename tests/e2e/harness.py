# SPDX-License-Identifier: Apache-2.0
"""Runs the staged lemu as a user would, in folders of its own, and knows what it must not leave behind."""
import contextlib
import ctypes
import dataclasses
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import tempfile
import time

REPO = pathlib.Path(__file__).resolve().parents[2]
STAGE = pathlib.Path(os.environ.get("LEMU_STAGE", REPO / "build/release/stage"))
FUNCTIONS = REPO / "build/functions"
EXAMPLES = REPO / "build/examples"
TOOLS = REPO / "build/tools"
HOST_ARCH = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
FOREIGN_ARCH = {"x86_64": "arm64", "arm64": "x86_64"}[HOST_ARCH]
MACHINE = {"x86_64": "x86_64", "arm64": "aarch64"}  # as uname(2) says it
POOR_HOST = REPO / "build/hosts/poor_host"
CLOCK_HOST = REPO / "build/hosts/clock_host"
NOBODY = 65534

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


# What may be withheld from lemu: the options of tests/hosts/poor_host, FOLDER being an empty one.
POOR_HOSTS = {
    "seccomp": ["--deny-userns=EPERM"],
    "seccomp-enosys": ["--deny-userns=ENOSYS"],
    "apparmor": ["--deny-mount"],
    "masked-proc": ["--mask-proc"],
    "read-only-cgroups": ["--read-only-cgroups"],
    "chroot": ["--chroot=FOLDER"],
    "docker": ["--mask-proc", "--read-only-cgroups", "--deny-userns=EPERM"],
    "few-devices": ["--few-devices"],
    "no-devices": ["--no-devices"],
    "old-mounts": ["--old-mounts"],
    "no-filters": ["--deny-filters"],
    "no-sock-diag": ["--deny-sock-diag"],
}


@dataclasses.dataclass(frozen=True)
class Mode:
    """One way to run a function: for which architecture, how its program is started, whether in a sandbox, and what of
    this machine is withheld."""

    arch: str
    launch: str
    sandbox: str = "on"
    host: str = ""

    def __str__(self):
        if self.host:
            return f"{self.arch}@{self.host}"
        return f"{self.arch}-{self.launch}" + ("" if self.sandbox == "on" else "-bare")

    @property
    def emulated(self):
        return self.arch != HOST_ARCH

    @property
    def options(self):
        launch = ["--launch", self.launch] if self.launch != "auto" else []
        return ["--arch", self.arch, *launch, "--sandbox", self.sandbox]


MODES = [Mode(HOST_ARCH, "native"), Mode(FOREIGN_ARCH, "binfmt"), Mode(FOREIGN_ARCH, "direct")]
BARE_MODES = [Mode(HOST_ARCH, "native", "off"), Mode(FOREIGN_ARCH, "direct", "off")]
# Where no sandbox can be made. An ordinary user's lemu goes on without one; root's does so only when told to.
NO_SANDBOX = {"seccomp", "seccomp-enosys", "apparmor", "chroot", "docker"}
POOR_MODES = [Mode(arch, "auto", "auto", host) for host in POOR_HOSTS for arch in (HOST_ARCH, FOREIGN_ARCH)]


class Result:
    """What one run of lemu gave. `stdout` is bytes, as a caller gets them."""

    def __init__(self, command, status, stdout, stderr, seconds):
        self.command, self.status, self.stdout, self.seconds = command, status, stdout, seconds
        self.stderr = stderr.decode(errors="backslashreplace")
        self.lines = self.stderr.splitlines()

    def ok(self, status=0):
        assert self.status == status, f"exit code {self.status}, not {status}\n{self}"
        return self

    def json(self):
        """The one response."""
        return json.loads(self.stdout)

    def responses(self):
        """The responses of --repeat, one a line."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    def starting(self, word):
        return [line for line in self.lines if line.startswith(word)]

    @property
    def reports(self):
        """The REPORT lines, as dictionaries of their figures: {"Duration": 3.01, "Status": "timeout", …}."""
        return [report_figures(line) for line in self.starting("REPORT RequestId: ")]

    @property
    def report(self):
        reports = self.reports
        assert len(reports) == 1, f"{len(reports)} REPORT lines\n{self}"
        return reports[0]

    @property
    def request_id(self):
        return re.fullmatch(rf"START RequestId: ({UUID}) Version: \$LATEST", self.starting("START ")[0]).group(1)

    @property
    def json_reports(self):
        return [json.loads(line) for line in self.lines if line.startswith('{"requestId"')]

    def __str__(self):
        out = self.stdout.decode(errors="backslashreplace")
        return (f"$ {' '.join(self.command)}\nexit code {self.status} after {self.seconds:.2f} s\n"
                f"--- stdout\n{out[:4000]}\n--- stderr\n" + "\n".join(self.lines[-60:]))


def report_figures(line):
    figures = {}
    for part in line.rstrip("\t").split("\t"):
        name, _, value = part.partition(": ")
        number = re.fullmatch(r"([0-9.]+) (ms|MB)", value)
        figures[name.replace("REPORT ", "")] = float(number.group(1)) if number else value
    return figures


def exit_error(request_id, words):
    """The payload of a runtime that ended, byte for byte."""
    return (f'{{"errorType":"Runtime.ExitError","errorMessage":"RequestId: {request_id} Error: {words}"}}').encode()


launch_of_foreign = None  # --launch: how every run of the foreign architecture is started that does not say it itself

left_to_lemu = False  # whether the running test has started such a run


def with_launch(arguments):
    global left_to_lemu
    foreign = "--arch" in arguments and arguments[arguments.index("--arch") + 1] == FOREIGN_ARCH
    if not foreign or "--launch" in arguments:
        return arguments
    left_to_lemu = True
    return [arguments[0], "--launch", launch_of_foreign, *arguments[1:]] if launch_of_foreign else arguments


class Lemu:
    """The staged program with private HOME, TMPDIR and XDG_RUNTIME_DIR below one folder."""

    def __init__(self, folder, user=None):
        self.folder, self.user, self.runs = folder, user, []
        self.there, self.made = None, set()  # files before start(), and since
        self.stage = STAGE
        self.tmp, self.run_dir, self.home, self.work = (folder / n for n in ("tmp", "run", "home", "work"))
        for path in (self.tmp, self.run_dir, self.home, self.work):
            path.mkdir(exist_ok=True)
            if user is not None:
                os.chown(path, user, user)
        if user is not None:  # the repository may lie where an ordinary user cannot look
            self.stage = folder / "stage"
            shutil.copytree(STAGE, self.stage, symlinks=True)

    @property
    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "TMPDIR": str(self.tmp), "LANG": "C.UTF-8",
                "XDG_RUNTIME_DIR": str(self.run_dir), "SECRET_OF_THE_USER": "must-not-leak"}

    @property
    def is_root(self):
        return os.geteuid() == 0 and not self.user

    def as_user(self, *words):
        """A command run by the user that lemu is run by."""
        if self.user is None:
            return list(words)
        return ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", *words]

    def command(self, *arguments, host="", around=()):
        """`around` are words before all of it: a program that arranges something and execs the rest."""
        words = [*around, *self.as_user(str(self.stage / "bin/lemu"), *with_launch(list(map(str, arguments))))]
        if host:
            folder = self.folder / "again"
            folder.mkdir(exist_ok=True)
            options = [option.replace("FOLDER", str(folder)) for option in POOR_HOSTS[host]]
            words = [str(POOR_HOST), *options, "--", *words]
        return words

    def start(self, *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=None,
              preexec_fn=None, start_new_session=True, **around):
        self.there = self.files() | (self.there or set())
        return subprocess.Popen(self.command(*arguments, **around), cwd=self.work, env={**self.environment, **(env or {})},
                                stdin=stdin, stdout=stdout, stderr=stderr, preexec_fn=preexec_fn,
                                start_new_session=start_new_session)

    def run(self, *arguments, data=None, timeout=90, **more):
        begin = time.monotonic()
        if data is not None:
            more["stdin"] = subprocess.PIPE
        process = self.start(*arguments, **more)
        return self.finish(process, begin, data, timeout)

    def finish(self, process, begin=None, data=None, timeout=90):
        """Waits for a started lemu and keeps what it wrote in the folder, for who looks into a failure."""
        begin = begin or time.monotonic()
        try:
            out, err = process.communicate(data, timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate(timeout=30)
            err = (err or b"") + f"\nharness: killed after {timeout} s\n".encode()
        result = Result(process.args, process.returncode, out or b"", err or b"", time.monotonic() - begin)
        if self.there is not None:
            self.made |= self.files() - self.there
        self.runs.append(result)
        (self.folder / f"run-{len(self.runs)}.txt").write_text(str(result))
        return result

    def files(self):
        """What lies in this lemu's folder, but for its TMPDIR and runtime folder, which must be empty in the end, and for
        what the harness and poor_host make."""
        return {path for path in files_below(self.folder) if not re.match(r"(tmp|run|again)(/|$)|run-\d+\.txt$", path)}

    def invoke(self, mode, function, event=None, *options, **more):
        """`function` is a test function's name, or a path; `event` becomes --data."""
        target = function if isinstance(function, pathlib.Path) else self.function(mode.arch, function)
        event_options = [] if event is None else ["--data", event if isinstance(event, str) else json.dumps(event)]
        told = ["--sandbox", "off"] if mode.host in NO_SANDBOX and self.is_root else []
        return self.run("invoke", *mode.options, *told, *event_options, *options, target, host=mode.host, **more)

    def function(self, arch, name):
        """A test function's bootstrap, where this lemu's user can read it."""
        path = FUNCTIONS / arch / name / "bootstrap"
        if self.user is None:
            return path
        copy = self.folder / "functions" / arch / name / "bootstrap"
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.exists():
            shutil.copy2(path, copy)
        return copy

    def package(self, arch, name="probe", **files):
        """A directory with a copy of a test function and more files beside it: {"child": path or text}."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="package-", dir=self.folder))
        folder.chmod(0o755)
        shutil.copy2(FUNCTIONS / arch / name / "bootstrap", folder / "bootstrap")
        for file, content in files.items():
            if isinstance(content, pathlib.Path):
                shutil.copy2(content, folder / file)
            else:
                (folder / file).write_text(content)
        return folder


def put_tools_within_reach(at_end):
    """The QEMU that ./dev unpacked into this repository is copied for a lemu that is run by an ordinary user: the
    repository may lie where only root can look. `at_end` takes what removes it."""
    folders = os.environ["PATH"].split(":")
    for number, folder in enumerate(folders):
        if pathlib.Path(folder).is_relative_to(TOOLS) and os.path.isdir(folder):
            copy = pathlib.Path(tempfile.mkdtemp(prefix="lemu-e2e-tools-"))
            copy.chmod(0o755)
            for program in pathlib.Path(folder).glob(f"qemu-{MACHINE[FOREIGN_ARCH]}*"):
                shutil.copy2(program, copy)
            at_end(lambda copy=copy: shutil.rmtree(copy))
            folders[number] = str(copy)
    os.environ["PATH"] = ":".join(folders)


# ---- processes and files

def become_subreaper():
    """Orphans of what a test starts become children of this process, so that none can hide."""
    pr_set_child_subreaper = 36
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def pass_on_no_ignored_signals():
    """Who runs the tests may have these ignored (nohup, a shell's "&"), and lemu would leave it at that: a signal that is
    caught is not inherited."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def descendants():
    """Living processes below this one, {pid: command}."""
    parents, commands = {}, {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        name, rest = stat[stat.index("(") + 1:stat.rindex(")")], stat[stat.rindex(")") + 2:].split()
        parents[int(entry.name)] = int(rest[1])
        if rest[0] not in "ZX":
            commands[int(entry.name)] = command or name
    below, frontier = set(), {os.getpid()}
    while frontier:
        frontier = {pid for pid, parent in parents.items() if parent in frontier} - below
        below |= frontier
    return {pid: commands[pid] for pid in below if pid in commands}


def kill(pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def kill_descendants(seconds=5):
    """Again until none is left, as they may fork. Gives up when the time is up: some may be another user's."""
    end = time.monotonic() + seconds
    while (left := descendants()) and time.monotonic() < end:
        kill(left)
        time.sleep(0.01)  # no event tells that a grandchild is gone


def left_after(seconds, look):
    """What `look` still finds when the time is up; it is asked again until it finds nothing."""
    end = time.monotonic() + seconds
    while True:
        left = look()
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.01)  # no event tells that a stranger's process, socket or file is gone


def wait_for_no_descendants(seconds=5):
    """What is still there when the time is up. Reaps the orphans that came to this process."""
    def reap_and_look():
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        return descendants()
    return left_after(seconds, reap_and_look)


def files_below(folder):
    return sorted(os.path.relpath(os.path.join(parent, name), folder)
                  for parent, folders, files in os.walk(folder) for name in folders + files)


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


SYSTEM_CALLS = {"x86_64": {"read": 0, "poll": 7, "openat": 257}, "arm64": {"read": 63, "poll": 73, "openat": 56}}


def waits_in(process, call):
    """Whether this lemu is held in a system call (proc(5), /proc/PID/syscall)."""
    folder = pathlib.Path(f"/proc/{process.pid}")
    return ((folder / "comm").read_text() == "lemu\n"
            and (folder / "syscall").read_text().split()[0] == str(SYSTEM_CALLS[HOST_ARCH][call]))
