#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""lemu beside its floors: prints one row a figure and writes the same as JSON. See --help, and figures.py for what the
verdicts mean."""
import argparse
import json
import os
import platform

import processes
from daemon import Daemon
from engine import Engine
from figures import Table
from parts import Parts

ENGINE = ["one_shot", "warm", "own_cost", "sandbox", "weight"]
DAEMON = ["serve_warm", "serve_many", "serve_large", "serve_cold", "serve_crowd_cold", "serve_neighbour", "serve_stream", "serve_idle"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("stage"), parser.add_argument("functions"), parser.add_argument("out")
    parser.add_argument("figures", nargs="*", default=ENGINE + DAEMON,
                        help=f"some of {', '.join(ENGINE + DAEMON)} (the default: all of these), build")
    parser.add_argument("--pairs", type=int, default=30, help="interleaved pairs for each row (default 30)")
    parser.add_argument("--calls", type=int, default=10_000,
                        help="warm calls of a run (default 10000); a fifth of it when emulated, a tenth through the daemon")
    arguments = parser.parse_args()
    parts = Parts(arguments.stage, arguments.functions, arguments.out)
    host = {"host": platform.machine(), "cpus": os.cpu_count(), "kernel": platform.release(), "qemu": parts.qemu,
            "scheduling": processes.prefer(), "pairs": arguments.pairs}
    print(", ".join(f"{name} {value}" for name, value in host.items()))
    table = Table()
    groups = {Engine: ENGINE + ["build"], Daemon: DAEMON}
    for group, names in groups.items():
        wanted = [name for name in arguments.figures if name in names]
        subjects = group(parts, table, arguments.pairs, arguments.calls) if wanted else None
        for name in wanted:
            getattr(subjects, name)()
    (parts.out / "bench.json").write_text(json.dumps({**host, "rows": table.rows}, indent=1, ensure_ascii=False) + "\n")
    print(f"written: {parts.out}/bench.json")


if __name__ == "__main__":
    main()
