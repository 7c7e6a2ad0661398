# SPDX-License-Identifier: Apache-2.0
"""SECURITY.md's table of attacks names tests that there are."""
import re

import pytest
from harness import REPO

PAGE = REPO / "SECURITY.md"
ROWS = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and "`test_" in line or "_test.cpp`" in line] if PAGE.exists() else []


@pytest.mark.skipif(not (REPO / "base").is_dir(), reason="the sources are not here")
def test_every_attack_has_its_test():
    assert len(ROWS) > 50
    for row in ROWS:
        named = re.findall(r"`(test_\w+\.py)(?:::(test_\w+))?`", row)
        units = re.findall(r"`(\w+_test\.cpp)`", row)
        assert named or units, row
        for file, test in named:
            text = (REPO / "tests/e2e" / file).read_text()
            assert not test or f"def {test}(" in text, f"{file} has no {test}"
        for file in units:
            assert list((REPO / "tests/unit").rglob(file)), f"no {file}"
