# SPDX-License-Identifier: Apache-2.0
"""`lemu serve` beside a relay of one thread in C (relay.c) and, where RIE=PATH names one, aws-lambda-rie; the callers
are load.c."""
import contextlib
import http.client
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import processes
import rie
from engine import EVENT
from figures import pairs

sys.path.append(str(pathlib.Path(__file__).parents[1] / "e2e"))
from stream_gate import StreamGate  # noqa: E402

INVOKE = "/2015-03-31/functions/%s/invocations"
RIE_GOALS = {"C": 0.4, "Go": 0.45, "emulated": 0.75}


def family(program):
    return "emulated" if program.emulated else program.name.split()[-1]


class Daemon:
    """Each public method adds the rows of one subject to the table."""

    def __init__(self, parts, table, count, calls):
        self.parts, self.table, self.count = parts, table, count
        self.calls = max(100, calls // 10)
        self.relay, self.load = parts.compile("relay"), parts.compile("load")
        self.floor = parts.compile("floor")

    # ---- servers

    @contextlib.contextmanager
    def serving(self, program, *options, keys=""):
        """A daemon with one function, "f": its process, port, and milliseconds until it was ready."""
        with tempfile.TemporaryDirectory(prefix="lemu-bench-") as state:
            command = [self.parts.lemu, "serve", "--function", f"f={program.path}{keys}", "--port", "0",
                       "--port-file", f"{state}/port", "--state-dir", f"{state}/state", *options]
            begun = time.perf_counter()
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            process.stdout.readline()
            ready_ms = (time.perf_counter() - begun) * 1e3
            try:
                yield process, int(pathlib.Path(f"{state}/port").read_text()), ready_ms
            finally:
                process.terminate()
                process.wait()

    @contextlib.contextmanager
    def relaying(self, command, environments=1):
        process = subprocess.Popen([self.relay, str(environments), *command], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()
            process.wait()

    def loaded(self, port, path=INVOKE % "f", connections=1, requests=None, size=len(EVENT) + 4):
        words = [self.load, str(port), path, str(connections), str(requests or self.calls), str(size)]
        return lambda: json.loads(subprocess.run(words, check=True, capture_output=True).stdout)

    # ---- subjects

    def serve_warm(self):
        for program in filter(None, (self.parts.native_c, self.parts.native_go, self.parts.foreign)):
            with self.serving(program) as (_, ours, _), self.relaying(program.command) as floor:
                runs = pairs(self.loaded(ours), self.loaded(floor), self.count)
                self.table.add(f"serve, warm p50, {program.name}", "µs", [(a["p50_us"], b["p50_us"]) for a, b in runs],
                               1.15 if program.emulated else 1.3, "times")
                self.table.add_alone(f"serve, warm p99 / p50, {program.name}", "", [a["p99_us"] / a["p50_us"] for a, _ in runs],
                                     3, [b["p99_us"] / b["p50_us"] for _, b in runs])
                if rie.is_given():
                    with rie.serving(program) as theirs:
                        runs = pairs(self.loaded(ours), self.loaded(theirs, rie.PATH), self.count)
                        self.table.add(f"serve, warm p50, {program.name}, beside RIE", "µs",
                                       [(a["p50_us"], b["p50_us"]) for a, b in runs], RIE_GOALS[family(program)], "times")

    def serve_many(self):
        """100 callers over 100 environments; goals are the inverse of 0.8 times the floor's throughput."""
        program, crowd = self.parts.native_c, 100
        with self.serving(program, keys=f",concurrency={crowd}") as (_, ours, _), \
                self.relaying(program.command, crowd) as floor:
            runs = pairs(self.loaded(ours, connections=crowd, requests=self.calls * 5),
                         self.loaded(floor, connections=crowd, requests=self.calls * 5), self.count)
            self.table.add("serve, 100 callers: time a request", "µs",
                           [(1e6 / a["per_second"], 1e6 / b["per_second"]) for a, b in runs], 1.25, "times")

    def serve_large(self):
        program = self.parts.native_c
        with self.serving(program) as (_, ours, _), self.relaying(program.command) as floor:
            runs = pairs(self.loaded(ours, requests=100, size=1 << 20), self.loaded(floor, requests=100, size=1 << 20), self.count)
            self.table.add("serve, 1 MiB both ways, p50", "µs", [(a["p50_us"], b["p50_us"]) for a, b in runs], 1.25, "times")

    def serve_cold(self):
        program = self.parts.native_c
        with self.serving(program, "--cold") as (_, ours, _):
            runs = pairs(lambda: self.loaded(ours, requests=1)()["p50_us"] / 1e3,
                         lambda: processes.run([self.floor, "1", EVENT, *program.command]).wall * 1e3, self.count)
            self.table.add("serve, first invocation of a cold function", "ms", runs, 3, "plus")

    def serve_crowd_cold(self):
        """100 environments at once; the floor starts as many bubblewraps with like mounts for the relay."""
        if self.parts.sandbox_timer is None:
            return
        program, crowd = self.parts.native_c, 100
        words = subprocess.run([self.parts.sandbox_timer, "bubblewrap-command", program.path, self.parts.out,
                                self.parts.mount_point()], check=True, capture_output=True, text=True).stdout.split("\0")[:-1]

        def ours():
            with self.serving(program, keys=f",concurrency={crowd}") as (_, port, _):
                return self.loaded(port, connections=crowd, requests=crowd)()["seconds"] * 1e3

        def floor():
            begun = time.perf_counter()
            with self.relaying(words, crowd) as port:
                self.loaded(port, connections=crowd, requests=crowd)()
                return (time.perf_counter() - begun) * 1e3
        self.table.add("serve, 100 cold environments at once", "ms", pairs(ours, floor, max(5, self.count // 3)), 1.2, "times")

    def serve_neighbour(self):
        """The slowest hundredth of a warm function's calls while another has 100 cold starts at once."""
        program, crowd, calls = self.parts.native_c, 100, 1_500

        def ours():
            other = ["--function", f"g={program.path}"]
            with self.serving(program, *other, keys=f",concurrency={crowd}") as (_, port, _):
                g = INVOKE % "g"
                self.loaded(port, g, requests=100)()
                alone = self.loaded(port, g, requests=calls)()["p99_us"]
                words = [self.load, str(port), INVOKE % "f", str(crowd), str(crowd), str(len(EVENT) + 4)]
                with subprocess.Popen(words, stdout=subprocess.DEVNULL) as burst:
                    beside = self.loaded(port, g, requests=calls)()["p99_us"]
                    burst.wait()
            return beside, alone
        runs = [ours() for _ in range(max(5, self.count // 3))]
        self.table.add("serve, warm p99 beside 100 cold starts, and alone", "µs", runs, 3, "times")

    def serve_stream(self):
        """From a piece's writing by the function until its caller, this program, has it."""
        pieces, medians, slowest = 100, [], []
        with self.serving(self.parts.native_c) as (_, port, _):
            for _ in range(max(5, self.count // 3)):
                with StreamGate() as gate, contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as caller:
                    caller.request("POST", "/2021-11-15/functions/f/response-streaming-invocations", json.dumps(
                        {"do": "stream", "mode": "streaming", "text": "|".join("x" * pieces), "gate": gate.port}))
                    answer, delays = caller.getresponse(), []
                    for _ in range(pieces):
                        answer.read1(1 << 16)
                        delays.append((time.monotonic_ns() - gate.written_at()) / 1e6)
                        gate.open()
                    answer.read()
                medians.append(statistics.median(delays))
                slowest.append(sorted(delays)[pieces * 99 // 100 - 1])
        self.table.add_alone("serve, a piece from function to caller, p50", "ms", medians, 1)
        self.table.add_alone("serve, a piece from function to caller, p99", "ms", slowest, 1)

    def serve_idle(self):
        program, ready, memory, wakes, held = self.parts.native_c, [], [], [], []
        for _ in range(max(5, self.count // 3)):
            with self.serving(program) as (process, _, ready_ms):
                ready.append(ready_ms)
                memory.append(processes.status_field(process.pid, "VmRSS") / 1024)
        with self.serving(program) as (process, port, _):
            self.loaded(port, requests=10)()
            time.sleep(1)  # what a call leaves running ends by itself
            for _ in range(3):
                before = processes.status_field(process.pid, "voluntary_ctxt_switches")
                time.sleep(10)
                wakes.append(processes.status_field(process.pid, "voluntary_ctxt_switches") - before)
        with self.serving(program) as (process, port, _):
            held.append(self._kb_a_connection(process.pid, port, 10_000))
        self.table.add_alone("serve, ready after its exec", "ms", ready, 8)
        self.table.add_alone("serve, idle resident memory", "MB", memory, 12)
        self.table.add_alone("serve, wake-ups in 10 s idle", "", wakes, 0)
        self.table.add_alone("serve, 10,000 idle connections: one", "kB", held, 10)

    def _kb_a_connection(self, pid, port, connections):
        before = processes.status_field(pid, "VmRSS")
        words = [self.load, str(port), INVOKE % "f", str(connections), "1", "20", "HOLD"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            if holder.stdout.readline() != b"held\n":
                raise SystemExit("bench: the connections could not be held")
            kb = (processes.status_field(pid, "VmRSS") - before) / connections
            holder.stdin.close()
        return kb
