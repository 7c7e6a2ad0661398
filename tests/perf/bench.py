#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""lemu beside its floor: a bare Runtime API server in C (floor.c) that runs the same program.

Prints one row a figure, medians of interleaved pairs with their spread (the middle half), and writes the same as JSON.
A row whose spread reaches over its goal is "undecided", not "met". See --help.
"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import time

import processes

HERE = pathlib.Path(__file__).resolve().parent
CPU = {"aarch64": "neoverse-n1", "x86_64": "Haswell"}
ARCH = {"x86_64": "x86_64", "aarch64": "arm64"}
EVENT = '{"name":"Ada"}'
QUIET = ["invoke", "--data", EVENT, "--report", "none"]


def pairs(ours, floor, count):
    """`count` interleaved measurements of both, after one of each that does not count."""
    ours(), floor()
    rows = []
    for index in range(count):
        first, second = (ours, floor) if index % 2 == 0 else (floor, ours)
        a, b = first(), second()
        rows.append((a, b) if index % 2 == 0 else (b, a))
    return rows


def middle_half(values):
    if len(values) < 4:
        return min(values), max(values)
    low, _, high = statistics.quantiles(values, n=4)
    return low, high


def verdict(low, high, goal):
    return "met" if high <= goal else "missed" if low > goal else "undecided"


class Bench:
    def __init__(self, arguments):
        self.out = pathlib.Path(arguments.out).resolve()
        self.stage, self.count = pathlib.Path(arguments.stage).resolve(), arguments.pairs
        self.lemu = f"{self.stage}/bin/lemu"
        self.calls = arguments.calls
        self.rows = []
        self.find_programs(pathlib.Path(arguments.functions).resolve())
        self.out.mkdir(parents=True, exist_ok=True)
        self.floor = self.compile("floor")

    def compile(self, name):
        program = str(self.out / name)
        subprocess.run(["cc", "-O2", "-static", "-o", program, HERE / f"{name}.c"], check=True)
        return program

    def find_programs(self, functions):
        foreign_machine = {"x86_64": "aarch64", "aarch64": "x86_64"}[platform.machine()]
        self.native_arch, self.foreign_arch = ARCH[platform.machine()], ARCH[foreign_machine]
        self.native = f"{functions}/{self.native_arch}/probe/bootstrap"
        go = functions.parent / f"examples/go/{self.foreign_arch}/bootstrap"
        self.foreign = str(go) if go.exists() else f"{functions}/{self.foreign_arch}/probe/bootstrap"
        self.foreign_name = f"{self.foreign_arch} {'Go' if go.exists() else 'C'}"
        self.qemu = next(filter(None, map(shutil.which, (f"qemu-{foreign_machine}-static", f"qemu-{foreign_machine}"))), None)
        self.emulated = [self.qemu, "-cpu", CPU[foreign_machine], self.foreign]

    def add(self, figure, unit, runs, goal, relation, pick=lambda value: value):
        """relation 'plus': ours - floor <= goal; 'times': ours / floor <= goal; pair by pair."""
        ours, floors = [pick(a) for a, _ in runs], [pick(b) for _, b in runs]
        apart = [a - b if relation == "plus" else a / b for a, b in zip(ours, floors)]
        low, high = middle_half(apart)
        self.show({"figure": figure, "unit": unit, "lemu": statistics.median(ours), "floor": statistics.median(floors),
                   "relation": relation, "median": statistics.median(apart), "middleHalf": [low, high], "goal": goal,
                   "verdict": verdict(low, high, goal), "pairs": len(apart)})

    def add_alone(self, figure, unit, values, goal, floors=None):
        """A figure whose goal does not depend on the floor."""
        low, high = middle_half(values)
        self.show({"figure": figure, "unit": unit, "lemu": statistics.median(values),
                   "floor": statistics.median(floors) if floors else None, "relation": "alone",
                   "median": statistics.median(values), "middleHalf": [low, high], "goal": goal,
                   "verdict": verdict(low, high, goal), "runs": len(values)})

    def show(self, row):
        self.rows.append(row)
        sign = {"plus": "+", "times": "×", "alone": "≤"}[row["relation"]]
        floor = "" if row["floor"] is None else f"{row['floor']:.3f}"
        apart = sign.replace("≤", "") + f"{row['median']:.3f}"
        print(f"{row['figure']:<44} {row['lemu']:>10.3f} {floor:>10} {row['unit']:<3} {apart:<8} "
              f"[{row['middleHalf'][0]:.3f}, {row['middleHalf'][1]:.3f}] goal {sign}{row['goal']:<6} {row['verdict']}",
              flush=True)

    # ---- the figures

    def one_shot(self):
        def wall_ms(*command):
            return lambda: processes.run(command).wall * 1e3
        self.add(f"one shot, {self.native_arch} static C", "ms",
                 pairs(wall_ms(self.lemu, *QUIET, self.native), wall_ms(self.floor, "1", EVENT, self.native), self.count),
                 3.5, "plus")
        if self.qemu:
            self.add(f"one shot, {self.foreign_name}", "ms",
                     pairs(wall_ms(self.lemu, *QUIET, self.foreign),
                           wall_ms(self.floor, "1", EVENT, *self.emulated), self.count), 1.05, "times")

    def warm(self):
        subjects = [(f"{self.native_arch} C", self.native, [self.native], self.calls)]
        if self.qemu:
            subjects.append((self.foreign_name, self.foreign, self.emulated, max(1, self.calls // 5)))
        for name, program, command, calls in subjects:
            def us_a_call(*words, calls=calls):
                return lambda: processes.run(words).wall / calls * 1e6
            for report, goal in [("none", 1.2), ("text", 1.35)]:
                ours = us_a_call(self.lemu, "invoke", "--data", EVENT, "--report", report, "--repeat", str(calls), program)
                runs = pairs(ours, us_a_call(self.floor, str(calls), EVENT, *command), self.count)
                self.add(f"warm ({calls} calls), {name}, --report {report}", "µs", runs, goal, "times")

    def own_cost(self):
        calls = self.calls
        command = [self.lemu, *QUIET, "--repeat", str(calls), self.native]
        runs = pairs(lambda: processes.watch(command), lambda: processes.watch([self.floor, str(calls), EVENT, self.native]),
                     max(5, self.count // 6))
        ours, floors = zip(*runs)
        self.add_alone("lemu's own peak resident memory, warm", "MB", [one.resident_mb for one in ours], 10,
                       [one.resident_mb for one in floors])
        self.add_alone(f"lemu's own CPU a warm invocation ({calls})", "µs", [one.cpu_s / calls * 1e6 for one in ours], 30,
                       [one.cpu_s / calls * 1e6 for one in floors])

    def sandbox(self):
        timer = self.out.parent / "release/tests/perf/perf_sandbox_time"
        if not timer.exists() or not shutil.which("bwrap"):
            print("sandbox beside bubblewrap: left out (no perf_sandbox_time, or no bwrap)")
            return
        stamp, mount_point = self.compile("stamp"), self.out / "mount-point"
        mount_point.mkdir(exist_ok=True)

        def time_of(which):
            words = [timer, which, stamp, f"{self.stage}/libexec/lemu/lemu-sandbox", mount_point]
            return lambda: float(subprocess.run(words, check=True, capture_output=True).stdout) / 1e3
        self.add("sandbox: spawn to program, beside bubblewrap", "ms", pairs(time_of("lemu"), time_of("bubblewrap"), self.count),
                 1.0, "times")

    def weight(self):
        self.add_alone("stripped lemu", "MB", [os.path.getsize(self.lemu) / 1e6], 12)

    def build(self):
        """A clean release build of what is installed, without a compiler cache."""
        folder = self.out / "clean-build"
        shutil.rmtree(folder, ignore_errors=True)
        environment = {**os.environ, "CCACHE_DISABLE": "1"}
        begun = time.monotonic()
        for words in (["cmake", "--preset", "release", "-B", folder],
                      ["cmake", "--build", folder, "--target", "lemu", "lemu-sandbox", "lemu-qemu-wrapper"]):
            subprocess.run(words, check=True, cwd=HERE.parents[1], env=environment, stdout=subprocess.DEVNULL)
        self.add_alone(f"clean release build ({os.cpu_count()} cores)", "min", [(time.monotonic() - begun) / 60], 4)
        shutil.rmtree(folder)


FIGURES = ["one_shot", "warm", "own_cost", "sandbox", "weight", "build"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("stage"), parser.add_argument("functions"), parser.add_argument("out")
    parser.add_argument("figures", nargs="*", help=f"some of {', '.join(FIGURES)}; default: all but build", default=FIGURES[:-1])
    parser.add_argument("--pairs", type=int, default=30, help="interleaved pairs for each row (default 30)")
    parser.add_argument("--calls", type=int, default=10_000, help="warm calls of a run; a fifth of it when emulated")
    bench = Bench(arguments := parser.parse_args())
    scheduling = processes.prefer()
    host = {"host": platform.machine(), "cpus": os.cpu_count(), "kernel": platform.release(), "qemu": bench.qemu,
            "scheduling": scheduling, "pairs": arguments.pairs}
    print(", ".join(f"{name} {value}" for name, value in host.items()))
    print(f"{'figure':<44} {'lemu':>10} {'floor':>10}     median apart [middle half]", flush=True)
    for figure in arguments.figures:
        getattr(bench, figure)()
    (bench.out / "bench.json").write_text(json.dumps({**host, "rows": bench.rows}, indent=1, ensure_ascii=False) + "\n")
    print(f"written: {bench.out}/bench.json")


if __name__ == "__main__":
    main()
