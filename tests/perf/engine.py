# SPDX-License-Identifier: Apache-2.0
"""`lemu invoke` beside a bare Runtime API server in C (floor.c) that runs the same program."""
import os
import shutil
import subprocess
import time

import processes
import rie
from figures import pairs

EVENT = '{"name":"Ada"}'
QUIET = ["invoke", "--data", EVENT, "--report", "none"]


class Engine:
    """Each public method adds the rows of one subject to the table."""

    def __init__(self, parts, table, count, calls):
        self.parts, self.table, self.count, self.calls = parts, table, count, calls
        self.lemu, self.floor, self.load = parts.lemu, parts.compile("floor"), parts.compile("load")

    def one_shot(self):
        def wall_ms(*command):
            return lambda: processes.run(command).wall * 1e3
        for program in (self.parts.native_c, self.parts.foreign):
            if program is None:
                continue
            goal, relation = (1.05, "times") if program.emulated else (3.5, "plus")
            self.table.add(f"one shot, {program.name}", "ms",
                           pairs(wall_ms(self.lemu, *QUIET, program.path),
                                 wall_ms(self.floor, "1", EVENT, *program.command), self.count), goal, relation)
            if rie.is_given():
                self.table.add(f"one shot, {program.name}, beside RIE", "ms",
                               pairs(wall_ms(self.lemu, *QUIET, program.path),
                                     lambda program=program: rie.whole_ms(program, self.load, len(EVENT)), self.count),
                               1, "times")

    def warm(self):
        for program in (self.parts.native_c, self.parts.foreign):
            if program is None:
                continue
            calls = max(1, self.calls // 5) if program.emulated else self.calls

            def us_a_call(*words, calls=calls):
                return lambda: processes.run(words).wall / calls * 1e6
            for report, goal in [("none", 1.2), ("text", 1.35)]:
                ours = us_a_call(self.lemu, "invoke", "--data", EVENT, "--report", report, "--repeat", str(calls),
                                 program.path)
                self.table.add(f"warm ({calls} calls), {program.name}, --report {report}", "µs",
                               pairs(ours, us_a_call(self.floor, str(calls), EVENT, *program.command), self.count),
                               goal, "times")
            if rie.is_given():
                ours = us_a_call(self.lemu, *QUIET, "--repeat", str(calls), program.path)
                self.table.add(f"warm ({calls} calls), {program.name}, beside RIE", "µs",
                               pairs(ours, lambda program=program, calls=calls: rie.whole_ms(
                                   program, self.load, len(EVENT), calls) / calls * 1e3, self.count), 1, "times")

    def own_cost(self):
        calls, native = self.calls, self.parts.native_c.path
        command = [self.lemu, *QUIET, "--repeat", str(calls), native]
        runs = pairs(lambda: processes.watch(command),
                     lambda: processes.watch([self.floor, str(calls), EVENT, native]), max(5, self.count // 6))
        ours, floors = zip(*runs)
        self.table.add_alone("lemu's own peak resident memory, warm", "MB", [one.resident_mb for one in ours], 10,
                             [one.resident_mb for one in floors])
        self.table.add_alone(f"lemu's own CPU a warm invocation ({calls})", "µs",
                             [one.cpu_s / calls * 1e6 for one in ours], 30,
                             [one.cpu_s / calls * 1e6 for one in floors])

    def sandbox(self):
        timer = self.parts.sandbox_timer
        if timer is None or not shutil.which("bwrap"):
            print("sandbox beside bubblewrap: left out (no perf_sandbox_time, or no bwrap)")
            return
        stamp = self.parts.compile("stamp")

        def time_of(which):
            words = [timer, which, stamp, self.parts.helper, self.parts.mount_point()]
            return lambda: float(subprocess.run(words, check=True, capture_output=True).stdout) / 1e3
        self.table.add("sandbox: spawn to program, beside bubblewrap", "ms",
                       pairs(time_of("lemu"), time_of("bubblewrap"), self.count), 1.0, "times")

    def weight(self):
        self.table.add_alone("stripped lemu", "MB", [os.path.getsize(self.lemu) / 1e6], 12)

    def build(self):
        """A clean release build of what is installed, without a compiler cache."""
        folder = self.parts.out / "clean-build"
        shutil.rmtree(folder, ignore_errors=True)
        environment = {**os.environ, "CCACHE_DISABLE": "1"}
        begun = time.monotonic()
        for words in (["cmake", "--preset", "release", "-B", folder],
                      ["cmake", "--build", folder, "--target", "lemu", "lemu-sandbox", "lemu-qemu-wrapper"]):
            subprocess.run(words, check=True, cwd=self.parts.repository, env=environment, stdout=subprocess.DEVNULL)
        self.table.add_alone(f"clean release build ({os.cpu_count()} cores)", "min", [(time.monotonic() - begun) / 60], 4)
        shutil.rmtree(folder)
