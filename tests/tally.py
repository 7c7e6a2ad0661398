#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tally.py STATUS STEP FILES…: adds up JUnit files of ctest (whose doctest programs hold many cases each) and pytest into
one line. A run that ended with another exit code than 0 at STEP, as a build does, has failed, whatever the files say."""
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

DOCTEST = re.compile(r"\[doctest\] test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped")


def count(case):
    """(passed, failed, skipped) of one testcase element."""
    ended_badly = case.find("failure") is not None or case.find("error") is not None
    cases = DOCTEST.search(re.sub(r"\x1b\[[0-9;]*m", "", case.findtext("system-out") or ""))
    if cases:
        passed, failed, _filtered = (int(n) for n in cases.groups())
        # A program whose cases all passed may still end badly: a sanitizer's report, a crash in a destructor.
        return passed, max(failed, int(ended_badly)), 0
    if ended_badly or case.get("status") == "notrun":  # notrun is ctest's word for a program that was not built
        return 0, 1, 0
    if case.find("skipped") is not None:
        return 0, 0, 1
    return 1, 0, 0


def main(status, step, *paths):
    total = [0, 0, 0]
    for path in paths:
        try:
            suites = list(ElementTree.parse(path).iter("testsuite"))
        except (OSError, ElementTree.ParseError) as error:
            print(f"tally: {path}: {error}", file=sys.stderr)
            total[1] += 1  # a run that left no result did not pass
            continue
        for suite in suites:
            for case in suite.iter("testcase"):
                counts = count(case)
                total = [a + b for a, b in zip(total, counts)]
                if counts[1]:
                    print(f"failed in {pathlib.Path(path).stem}: {case.get('classname')}.{case.get('name')}", file=sys.stderr)
    if status != "0" and not total[1]:
        print(f"failed: {step}", file=sys.stderr)
        total[1] = 1
    print("%d passed, %d failed, %d skipped" % tuple(total))
    return 1 if total[1] else 0


sys.exit(main(*sys.argv[1:]))
