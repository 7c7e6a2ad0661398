# SPDX-License-Identifier: Apache-2.0
"""What hangs is ended and named: a test in each of its phases (limits.py), and a whole run (tests/limit)."""
import os
import pathlib
import signal
import subprocess
import sys

import pytest
from harness import REPO, wait_until

pytestmark = pytest.mark.once

HERE = pathlib.Path(__file__).parent
SLEEPER = "sleep 4321"  # in a session of its own, as the harness starts lemu

# (phase, the test, how pytest counts it and the next one)
HANGS = [
    ("the set-up", "@pytest.fixture\ndef thing(): hang()\ndef test_hangs(thing): pass", "1 passed, 1 error"),
    ("the test", "def test_hangs(): hang()", "1 failed, 1 passed"),
    ("the end", "@pytest.fixture\ndef thing():\n  yield\n  hang()\ndef test_hangs(thing): pass", "2 passed, 1 error"),
]
# The pids are written where the outer test can see them.
COMMON = """
import pathlib, pytest, subprocess
def hang():
    child = subprocess.Popen("{sleeper}".split(), start_new_session=True)
    pathlib.Path("{folder}/child").write_text(str(child.pid))
    child.wait()
    while True:
        pass
"""
CONFTEST = """
import limits
def pytest_configure(config): config.pluginmanager.register(limits.Limits(config))
"""


def run_tests(folder, text, limit):
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_it.py").write_text(COMMON.format(sleeper=SLEEPER, folder=folder) + text)
    environment = {**os.environ, "PYTHONPATH": str(HERE), "LEMU_TEST_LIMIT": str(limit)}
    return subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "test_it.py"], cwd=folder,
                          env=environment, capture_output=True, text=True, timeout=150)


def is_alive(pid):
    status = pathlib.Path(f"/proc/{pid}/status")
    return status.exists() and "\nState:\tZ" not in status.read_text()


@pytest.mark.parametrize("phase, text, tally", HANGS, ids=[case[0] for case in HANGS])
def test_a_hung_test_is_named_and_the_next_one_runs(tmp_path, phase, text, tally):
    done = run_tests(tmp_path, text + "\ndef test_next(): pass\n", limit=1)
    assert f"hung: {phase} of test_it.py::test_hangs did not end within 1 s" in done.stdout
    assert "in hang\n" in done.stdout, "where it stood"
    assert tally in done.stdout
    assert not is_alive((tmp_path / "child").read_text())


def test_a_failure_that_is_caught_comes_again(tmp_path, monkeypatch):
    caught = "def test_hangs():\n  try: hang()\n  except BaseException: pass\n  hang()\n"
    monkeypatch.setenv("LEMU_LIMIT_GRACE", "1")
    done = run_tests(tmp_path, caught, limit=1)
    assert "1 failed" in done.stdout


def test_python_that_is_stuck_in_c_ends_the_run_with_its_stack(tmp_path, monkeypatch):
    monkeypatch.setenv("LEMU_LIMIT_GRACE", "0.5")
    stuck = "import signal\ndef test_is_stuck():\n  signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n  hang()\n"
    done = run_tests(tmp_path, stuck, limit=1)
    assert done.returncode == 1
    assert "in test_is_stuck" in done.stderr
    os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)  # in a whole run tests/limit does it
    wait_until(lambda: not is_alive((tmp_path / "child").read_text()))


def limit(seconds, *command):
    return subprocess.run([REPO / "tests/limit", str(seconds), *command], capture_output=True, text=True, timeout=150)


def test_a_run_has_an_end(tmp_path):
    script = f"setsid {SLEEPER} & echo $! >{tmp_path}/child; {SLEEPER}; {SLEEPER}"
    done = limit(0.5, "sh", "-c", script)
    assert done.returncode == 124
    assert done.stderr.splitlines()[0] == f"limit: no end after 0.5 s, killed: sh -c {script}"
    assert not is_alive((tmp_path / "child").read_text().strip())


def test_a_run_may_tidy_up(tmp_path):
    done = limit(0.5, "sh", "-c", f"trap 'touch {tmp_path}/tidied; exit' TERM; {SLEEPER}")
    assert done.returncode == 124
    assert (tmp_path / "tidied").exists()


@pytest.mark.parametrize("script, status", [("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 137)])
def test_a_run_that_ends_is_not_touched(script, status):
    done = limit(60, "sh", "-c", script)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


# Its grandchild ends as an orphan; then it waits until its parent has no dead child.
LEAVES_AN_ORPHAN = """
import os, pathlib, time
reader, writer = os.pipe()
if os.fork() == 0:
    if os.fork() == 0:
        os.close(writer)
        os.read(reader, 1)  # until the child is gone, and the parent has closed its end
    os._exit(0)
os.wait()
os.close(writer)
def dead():
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rsplit(")", 1)[1].split()[:2]
        except OSError:
            continue
        if int(parent) == os.getppid() and state == "Z":
            return True
def others():
    return pathlib.Path(f"/proc/{os.getppid()}/task/{os.getppid()}/children").read_text().split() != [str(os.getpid())]
end = time.monotonic() + 30
while (others() or dead()) and time.monotonic() < end:
    time.sleep(0.01)
raise SystemExit(9 if others() or dead() else 0)
"""


def test_orphans_of_a_run_are_reaped():
    assert limit(60, sys.executable, "-c", LEAVES_AN_ORPHAN).returncode == 0


def test_what_a_run_leaves_is_ended(tmp_path):
    assert limit(60, "sh", "-c", f"setsid {SLEEPER} & echo $! >{tmp_path}/child").returncode == 0
    assert not is_alive((tmp_path / "child").read_text().strip())


def test_a_run_that_is_told_to_end_ends_with_all_its_own(tmp_path):
    child = tmp_path / "child"
    script = f"setsid {SLEEPER} & echo $! >{tmp_path}/new; mv {tmp_path}/new {child}; {SLEEPER}"
    run = subprocess.Popen([REPO / "tests/limit", "60", "sh", "-c", script])
    wait_until(child.exists)
    run.terminate()
    assert run.wait(30) == 124
    assert not is_alive(child.read_text().strip())
