# SPDX-License-Identifier: Apache-2.0
"""Runs what READMEs tell their readers to type, and compares what comes out.

A ```console block holds commands ("$ …") and what they print on a terminal, stdout and stderr together; "..." in a line
stands for anything in that line, and alone on a line for any lines, or none.
"""
import os
import pathlib
import re
import subprocess

import capabilities
import pytest
from harness import FOREIGN_ARCH, HOST_ARCH, REPO, STAGE

READMES = {"examples/cpp": ["cross-cc"], "examples/go": ["go"], "examples/shell": ["busybox-" + FOREIGN_ARCH, "binfmt"]}


def steps(text):
    """(command, expected output) for each command of the text's console blocks."""
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, expected = part.partition("\n")
            while command.endswith("\\"):
                more, _, expected = expected.partition("\n")
                command = command[:-1] + more
            yield command, expected


def matches(expected, printed):
    pattern = ""
    for line in expected.rstrip().split("\n"):
        pattern += "(.*\n)*" if line == "..." else re.escape(line).replace(re.escape("..."), ".*") + "\n"
    return re.fullmatch(pattern, printed.rstrip() + "\n") is not None


def test_the_comparison_itself():
    assert matches("Duration: ... ms\nend\n", "Duration: 1.23 ms\nend")
    assert not matches("Duration: ... ms\n", "Billed: 1 ms")
    assert not matches("a ... d\n", "a b\nc d")
    assert matches("...\nend\n...\n", "end") and matches("...\nend\n", "one\ntwo\nend")
    assert list(steps("```console\n$ a \\\n  b\nout\n$ c\n```\n")) == [("a   b", "out\n"), ("c", "")]


@pytest.mark.parametrize("folder", READMES)
def test_readme(lemu, folder):
    if HOST_ARCH != "x86_64":
        pytest.skip("the READMEs show an x86_64 machine")
    capabilities.require(f"qemu-{capabilities.FOREIGN_MACHINE}", "userns", *READMES[folder])
    done = list(steps((REPO / folder / "README.md").read_text()))
    assert done, "the README shows no command"
    environment = {**lemu.environment, "PATH": f"{STAGE / 'bin'}:{os.environ['PATH']}", "HOME": os.environ["HOME"],
                   **{name: os.environ[name] for name in ("GOCACHE", "GOMODCACHE") if name in os.environ}}
    for command, expected in done:
        # The reader's terminal shows both streams; a response is followed by a newline there.
        run = subprocess.run(["script", "-qec", command, "/dev/null"], cwd=REPO, env=environment, text=True,
                             stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
        printed = run.stdout.replace("\r\n", "\n")
        assert matches(expected, printed), f"$ {command}\n--- expected\n{expected}\n--- printed\n{printed}"
