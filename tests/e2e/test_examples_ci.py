# SPDX-License-Identifier: Apache-2.0
"""The integration tests of examples/ci, run as their readers run them."""
import os
import subprocess

import capabilities
import pytest
from harness import EXAMPLES, REPO, STAGE, TOOLS

CI = REPO / "examples/ci"


@pytest.fixture
def run(lemu):
    capabilities.require("go", *([f"qemu-{capabilities.FOREIGN_MACHINE}"] if capabilities.FOREIGN_ARCH == "arm64" else []))
    own = {name: os.environ[name] for name in ("HOME", "GOCACHE", "GOMODCACHE", "GOFLAGS", "GOPROXY") if name in os.environ}

    def runs(*command, folder, **environment):
        ran = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, env={
            **lemu.environment, **own, **environment, "GREET": str(EXAMPLES / "go/arm64/bootstrap"),
            "PATH": f"{STAGE / 'bin'}:{os.environ['PATH']}"})
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr
    return runs


def test_pytest(run):
    capabilities.require("boto3")
    said = run("/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "test_greet.py", folder=CI / "python",
               PYTHONPATH=str(TOOLS / "boto3"), PYTHONDONTWRITEBYTECODE="1")
    assert "2 passed" in said


def test_go(run):
    capabilities.require("go-sdk")
    said = run("go", "test", "-count=1", "-v", ".", folder=CI / "go")
    assert "--- PASS: TestANameIsGreeted" in said and "--- PASS: TestWithoutANameItFails" in said


def test_jest(tmp_path, run):
    capabilities.require("js-sdk", "jest")
    said = run(TOOLS / "jest/node_modules/.bin/jest", "--no-cache", "--cacheDirectory", tmp_path,
               folder=CI / "node", NODE_PATH=str(TOOLS / "js-sdk/node_modules"))
    assert "Tests:       2 passed, 2 total" in said
