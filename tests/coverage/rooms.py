#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rooms.py BUILD [--files]: line and branch coverage of each room (and file), from the counters below BUILD.

Branches that only exceptions or the compiler make are left out: gcovr's --exclude-throw-branches and
--exclude-unreachable-branches."""
import collections
import json
import pathlib
import subprocess
import sys

TOP = ["base", "qemu", "images", "rapi", "emulator"]  # a room is a folder at or below one of these
REPO = pathlib.Path(__file__).resolve().parents[2]


def files(build):
    command = ["gcovr", "--root", str(REPO), "--object-directory", build, "--filter",
               "|".join(str(REPO / room) + "/" for room in TOP), "--exclude-throw-branches",
               "--exclude-unreachable-branches", "--gcov-ignore-parse-errors", "--json-summary", "-"]
    return json.loads(subprocess.run(command + [build], cwd=REPO, check=True, stdout=subprocess.PIPE).stdout)["files"]


def row(name, count):
    lines, of_lines, branches, of_branches = count
    print("%-46s %6d %6d %6.1f %%   %6d %6d %6.1f %%" % (
        name, lines, of_lines, 100 * lines / max(of_lines, 1), branches, of_branches, 100 * branches / max(of_branches, 1)))


def main(build, *options):
    rooms = collections.defaultdict(lambda: [0, 0, 0, 0])
    each = []
    for one in files(build):
        count = [one["line_covered"], one["line_total"], one["branch_covered"], one["branch_total"]]
        each.append((one["filename"], count))
        for name in (str(pathlib.PurePath(one["filename"]).parent), "all"):
            rooms[name] = [a + b for a, b in zip(rooms[name], count)]
    print("%-46s %22s   %22s" % ("", "lines", "branches"))
    for name in sorted(rooms, key=lambda name: (name == "all", name)):
        row(name, rooms[name])
    if "--files" in options:
        for name, count in sorted(each):
            row(name, count)


main(*sys.argv[1:])
