# SPDX-License-Identifier: Apache-2.0
"""`./dev test`: a step that fails ends the run and is named, no step waits for ever, and the tally is there in the end.
It is run in a copy of its own files, with stand-ins for what it calls."""
import os
import shutil
import subprocess

import pytest
from harness import REPO

pytestmark = pytest.mark.once

PARTS = ["dev", ".ci/packages.sh", ".ci/tests.sh", "tests/limit", "tests/tally.py", "tests/e2e/harness.py"]
TALLY_OF_A_STEP = "0 passed, 1 failed, 0 skipped"

PASSING_UNIT_TESTS = """while [ "$1" != --output-junit ]; do shift; done
echo '<testsuite><testcase name="unit_base"/></testsuite>' >"$2" """
# What is called, as shell scripts. npm, pip and apt-get reach nothing: what they would bring is only said to be missing.
PROGRAMS = {"cmake": "", "ctest": PASSING_UNIT_TESTS, "dpkg-query": "echo installed", "apt-get": "exit 1", "npm": "exit 1",
            "go": "exit 1", "setpriv": "exit 1"}
SCRIPTS = {"tests/functions/build.sh": "", "tests/e2e/test_one.py": "def test_one(): pass"}


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def copy(tmp_path):
    for part in PARTS:
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPO / part, tmp_path / part)
    for name, text in PROGRAMS.items():
        write(tmp_path / "bin" / name, "#!/bin/sh\n" + text)
    for name, text in SCRIPTS.items():
        write(tmp_path / name, text if name.endswith(".py") else "#!/bin/sh\n" + text)
    return tmp_path


def run(copy, *arguments, **variables):
    environment = {"PATH": f"{copy}/bin:/usr/bin:/bin", "HOME": str(copy), "LANG": "C.UTF-8", "PIP_NO_INDEX": "1",
                   "TMPDIR": str(copy), **variables}
    return subprocess.run([copy / "dev", "test", *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=100)


def steps(done):
    return [line.removeprefix("\x1b[1m==>\x1b[0m ") for line in done.stderr.splitlines() if "==>" in line]


def last_line(done):
    return done.stdout.splitlines()[-1]


def test_what_passes_is_counted(copy):
    done = run(copy, "e2e")
    assert (done.returncode, last_line(done)) == (0, "1 passed, 0 failed, 0 skipped"), done.stderr
    done = run(copy, "unit")
    assert (done.returncode, last_line(done)) == (0, "1 passed, 0 failed, 0 skipped"), done.stderr


@pytest.mark.parametrize("what", ["unit", "e2e", "short", "prepare", "all"])
def test_a_build_that_fails_ends_the_run(copy, what):
    write(copy / "bin/cmake", "#!/bin/sh\necho 'error: no good' >&2\nexit 2")
    done = run(copy, what)
    assert done.returncode != 0
    assert last_line(done) == TALLY_OF_A_STEP
    assert "error: no good" in done.stderr
    assert steps(done)[-1].startswith("failed: build")
    assert not any("test functions" in step or step.startswith(("unit", "end-to-end")) for step in steps(done)), steps(done)


@pytest.mark.parametrize("what", ["e2e", "short", "prepare", "all"])
def test_functions_that_cannot_be_built_end_the_run(copy, what):
    write(copy / "tests/functions/build.sh", "#!/bin/sh\nexit 3")
    done = run(copy, what)
    assert done.returncode != 0
    assert last_line(done).split(", ")[1] == "1 failed"
    assert steps(done)[-1] == "failed: test functions for both architectures"


def test_unit_tests_that_fail_end_the_run(copy):
    write(copy / "bin/ctest", "#!/bin/sh\n" + PASSING_UNIT_TESTS.replace("/>", "><failure/></testcase>", 1) + "\nexit 8")
    done = run(copy, "short")
    assert done.returncode != 0
    assert last_line(done) == TALLY_OF_A_STEP
    assert steps(done)[-1] == "failed: unit tests (release)"
    assert "failed in unit-release: None.unit_base" in done.stderr


def test_unit_tests_that_leave_no_result_have_failed(copy):
    write(copy / "bin/ctest", "#!/bin/sh\nexit 0")
    done = run(copy, "unit")
    assert done.returncode != 0
    assert last_line(done) == TALLY_OF_A_STEP


def test_end_to_end_tests_that_fail_are_counted(copy):
    (copy / "tests/e2e/test_one.py").write_text("def test_one(): pass\ndef test_two(): assert False")
    done = run(copy, "e2e")
    assert (done.returncode, last_line(done)) == (1, "1 passed, 1 failed, 0 skipped")
    assert "failed in e2e-plain: tests.e2e.test_one.test_two" in done.stderr


@pytest.mark.parametrize("limit, named", [("LEMU_RUN_LIMIT", "ctest --test-dir"), ("LEMU_LIMIT", "/dev test unit")])
def test_a_run_that_hangs_is_ended_and_counted(copy, limit, named):
    write(copy / "bin/ctest", "#!/bin/sh\nsleep 4321")
    done = run(copy, "unit", **{limit: "3"})
    assert done.returncode != 0
    assert "limit: no end after 3 s, killed: " in done.stderr and named in done.stderr
    assert last_line(done) == TALLY_OF_A_STEP


# The options by which ./dev holds the run by direct QEMU to some tests (conftest.py).
CONFTEST = """
def pytest_addoption(parser):
    for name in ("--launch", "--only-from", "--write-left-to-lemu"):
        parser.addoption(name)
def pytest_configure(config):
    if config.getoption("--write-left-to-lemu"):
        open(config.getoption("--write-left-to-lemu"), "w").write("a test")
"""
ONE_PASSED = "echo '<testsuite><testcase name=\"one\"/></testsuite>' >"
AS_USER = 1 if os.geteuid() == 0 else 0  # only root has the run by another user


@pytest.fixture
def whole(copy):
    write(copy / "tests/e2e/conftest.py", CONFTEST)
    write(copy / "tests/as_user", "#!/bin/sh\n" + ONE_PASSED + '"$1"')
    results = "build/fresh/debian-13/tmp/results"
    write(copy / "tests/hosts/fresh_root", f"#!/bin/sh\necho \"$@\" >>fresh\nmkdir -p {results}\n"
          f"{ONE_PASSED}{results}/unit-release.xml\n{ONE_PASSED}{results}/e2e-plain.xml\n")
    return copy


def test_all_runs_are_counted(whole):
    done = run(whole, "all")
    assert (done.returncode, last_line(done)) == (0, f"{3 + AS_USER} passed, 0 failed, 1 skipped"), done.stderr
    assert "skipped: fresh-root: LEMU_MUST_RUN does not name it; ./dev test fresh runs it" in steps(done)


def test_the_fresh_root_is_counted(whole):
    done = run(whole, "all", LEMU_MUST_RUN="userns,fresh-root")
    assert (done.returncode, last_line(done)) == (0, f"{5 + AS_USER} passed, 0 failed, 0 skipped"), done.stderr
    made, tested = [line for line in (whole / "fresh").read_text().splitlines() if line.startswith(("debian", "--again"))]
    assert made == "debian-13 -- ./dev test prepare"
    assert tested.startswith("--again --offline debian-13 -- sh -c ./dev test short;")


def test_a_fresh_root_that_cannot_be_made_fails(whole):
    write(whole / "tests/hosts/fresh_root", "#!/bin/sh\necho no network >&2\nexit 1\n")
    done = run(whole, "all", LEMU_MUST_RUN="fresh-root")
    assert done.returncode != 0
    assert last_line(done) == f"{3 + AS_USER} passed, 1 failed, 0 skipped"
    assert "no network" in done.stdout
    assert steps(done)[-1] == "failed: a freshly made debian-13"


@pytest.mark.skipif(AS_USER == 0, reason="root: only root has that run")
def test_a_run_by_an_ordinary_user_that_breaks_is_counted(whole):
    write(whole / "tests/as_user", "#!/bin/sh\nexit 9")
    done = run(whole, "all")
    assert done.returncode != 0
    assert last_line(done) == "3 passed, 1 failed, 1 skipped"
    assert "tally: build/e2e-as-user.xml: " in done.stderr


def test_a_fresh_root_of_an_unknown_system_is_refused():
    done = subprocess.run([REPO / "tests/hosts/fresh_root", "windows-11", "--", "true"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "fresh_root: no system 'windows-11': debian-12, debian-13 or ubuntu-24.04\n"


@pytest.mark.parametrize("arguments", [[], ["debian-13"], ["debian-13", "true"], ["debian-13", "--"]])
def test_a_fresh_root_without_a_command_shows_how(arguments):
    done = subprocess.run([REPO / "tests/hosts/fresh_root", *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: tests/hosts/fresh_root ")
