# SPDX-License-Identifier: Apache-2.0
"""Commands that are run to be measured, as whole processes."""
import dataclasses
import os
import pathlib
import subprocess
import time


def prefer():
    """Asks the kernel to run what follows before other work, which is then no part of the figures; what came of it.
    Everything that is measured inherits it, the floor as well as lemu."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
        return "real time"
    except PermissionError:
        return "usual"


@dataclasses.dataclass
class Run:
    wall: float  # seconds
    cpu: float  # seconds, children included


def run(command):
    """One command to its end; one that fails ends the bench."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"bench: exit code {process.returncode} of {' '.join(map(str, command))}")
    return Run(wall, usage.ru_utime + usage.ru_stime)


def status_field(pid, name):
    """A number of /proc/PID/status, in its own unit (kB)."""
    return int(pathlib.Path(f"/proc/{pid}/status").read_text().split(f"\n{name}:")[1].split()[0])


@dataclasses.dataclass
class Watched:
    resident_mb: float  # the peak
    cpu_s: float  # of the process alone


def watch(command, interval=0.005):
    """Runs a command and looks at its own process, not at its children, until it ends."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    proc = pathlib.Path(f"/proc/{process.pid}")
    seen = Watched(0, 0)
    while process.poll() is None:
        try:
            cpu_ns = int((proc / "schedstat").read_text().split()[0])
            seen = Watched(status_field(process.pid, "VmHWM") / 1024, cpu_ns / 1e9)
        except (OSError, IndexError):  # it is ending
            pass
        time.sleep(interval)
    if process.returncode != 0:
        raise SystemExit(f"bench: exit code {process.returncode} of {' '.join(map(str, command))}")
    return seen
