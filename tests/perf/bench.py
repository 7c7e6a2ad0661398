#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""lemu beside its floor: a bare Runtime API server in C (floor.c) that runs the same program.

Prints one row a figure, medians of interleaved pairs with their spread (the middle half), and writes the same as JSON.
A row whose spread is wider than its margin is "undecided", not "met". Usage: bench.py STAGE FUNCTIONS OUT [PAIRS]
"""
import json
import os
import platform
import statistics
import subprocess
import sys
import time

CPU = {"aarch64": "neoverse-n1", "x86_64": "Haswell"}


def run(command):
    """Wall seconds, CPU seconds (children included) and peak resident MiB of one command."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begun
    if process.returncode != 0:
        raise SystemExit(f"bench: exit code {process.returncode} of {' '.join(command)}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def pairs(ours, floor, count):
    """`count` interleaved runs of both commands, after one of each that does not count."""
    run(ours), run(floor)
    rows = []
    for index in range(count):
        first, second = (ours, floor) if index % 2 == 0 else (floor, ours)
        a, b = run(first), run(second)
        rows.append((a, b) if index % 2 == 0 else (b, a))
    return rows


def middle_half(values):
    if len(values) < 4:
        return min(values), max(values)
    low, _, high = statistics.quantiles(values, n=4)
    return low, high


def figure(name, unit, ours, floors, goal, relation):
    """relation 'plus': ours - floor <= goal; 'times': ours / floor <= goal; pair by pair."""
    apart = [a - b if relation == "plus" else a / b for a, b in zip(ours, floors)]
    low, high = middle_half(apart)
    median = statistics.median(apart)
    verdict = "met" if high <= goal else "missed" if low > goal else "undecided"
    return {
        "figure": name, "unit": unit, "lemu": statistics.median(ours), "floor": statistics.median(floors),
        "relation": relation, "median": median, "middleHalf": [low, high], "goal": goal, "verdict": verdict,
        "pairs": len(apart),
    }


def show(row):
    sign = "+" if row["relation"] == "plus" else "×"
    print(f"{row['figure']:<46} {row['lemu']:>10.3f} {row['floor']:>10.3f} {row['unit']:<3} "
          f"{sign}{row['median']:<7.3f} [{row['middleHalf'][0]:.3f}, {row['middleHalf'][1]:.3f}] "
          f"goal {sign}{row['goal']:<6} {row['verdict']}", flush=True)


def main():
    stage, functions, out = sys.argv[1:4]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 30
    warm_calls = int(os.environ.get("WARM_CALLS", "10000"))
    lemu = f"{stage}/bin/lemu"
    floor = f"{out}/floor"
    os.makedirs(out, exist_ok=True)
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "floor.c")
    subprocess.run(["cc", "-O2", "-static", "-o", floor, source], check=True)
    host = platform.machine()
    native_arch, foreign_arch = ("x86_64", "arm64") if host == "x86_64" else ("arm64", "x86_64")
    qemu_arch = "aarch64" if foreign_arch == "arm64" else "x86_64"
    qemu = next((path for name in (f"qemu-{qemu_arch}-static", f"qemu-{qemu_arch}")
                 for path in [f"/usr/bin/{name}"] if os.path.exists(path)), None)
    native = f"{functions}/{native_arch}/probe/bootstrap"
    go = f"{functions}/../examples/go/{foreign_arch}/bootstrap"
    foreign = go if os.path.exists(go) else f"{functions}/{foreign_arch}/probe/bootstrap"
    foreign_name = f"{foreign_arch} {'Go' if foreign == go else 'C'}"
    emulated = [qemu, "-cpu", CPU[qemu_arch], foreign]

    rows = []

    def add(*arguments):
        rows.append(figure(*arguments))
        show(rows[-1])

    print(f"{'figure':<46} {'lemu':>10} {'floor':>10}     median apart [middle half]", flush=True)
    event = '{"name":"Ada"}'
    quiet = ["invoke", "--data", event, "--report", "none"]
    runs = pairs([lemu, *quiet, native], [floor, "1", event, native], count)
    add(f"one shot, {native_arch} static C", "ms", [a[0] * 1e3 for a, _ in runs], [b[0] * 1e3 for _, b in runs],
        3.5, "plus")
    if qemu:
        runs = pairs([lemu, *quiet, foreign], [floor, "1", event, *emulated], count)
        add(f"one shot, {foreign_name}", "ms", [a[0] * 1e3 for a, _ in runs], [b[0] * 1e3 for _, b in runs],
            1.05, "times")
    for label, program, command in [(f"{native_arch} C", native, [native]), (foreign_name, foreign, emulated)]:
        if program is foreign and not qemu:
            continue
        for report, goal in [("none", 1.2), ("text", 1.35)]:
            ours = [lemu, "invoke", "--data", event, "--report", report, "--repeat", str(warm_calls), program]
            runs = pairs(ours, [floor, str(warm_calls), event, *command], max(3, count // 6))
            add(f"warm, {label}, --report {report}", "µs", [a[0] / warm_calls * 1e6 for a, _ in runs],
                [b[0] / warm_calls * 1e6 for _, b in runs], goal, "times")
    result = {"host": host, "cpus": os.cpu_count(), "kernel": platform.release(), "qemu": qemu, "rows": rows}
    with open(f"{out}/bench.json", "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1, ensure_ascii=False)
    print(f"written: {out}/bench.json")


if __name__ == "__main__":
    main()
