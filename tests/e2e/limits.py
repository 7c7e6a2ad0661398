# SPDX-License-Identifier: Apache-2.0
"""No test hangs: each phase of a test (fixtures, the test, what ends fixtures) has a time limit. At its end all processes
that came from the tests are killed, and the test fails where it stands. `@pytest.mark.limit(seconds)` gives a test more
time; LEMU_TEST_LIMIT is the least for all. Python that is stuck in a call of C is ended with the whole run, with its stack
on the screen."""
import contextlib
import faulthandler
import os
import signal

import harness
import pytest

SECONDS = 180
GRACE = float(os.environ.get("LEMU_LIMIT_GRACE", 60))  # for a failing test to end, before the run is ended


class Limits:
    def __init__(self, config):
        config.addinivalue_line("markers", "limit(seconds): how long fixtures and test may take, each")
        self.least = float(os.environ.get("LEMU_TEST_LIMIT", 0))
        with config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            self.screen = os.dup(2)

    def seconds(self, item):
        marker = item.get_closest_marker("limit")
        return max(marker.args[0], self.least) if marker else self.least or SECONDS

    @contextlib.contextmanager
    def phase(self, item, name):
        seconds = self.seconds(item)

        def expired(*_):
            harness.kill_descendants()
            pytest.fail(f"hung: {name} of {item.nodeid} did not end within {seconds:g} s")

        previous = signal.signal(signal.SIGALRM, expired)
        faulthandler.dump_traceback_later(seconds + GRACE, exit=True, file=self.screen)
        signal.setitimer(signal.ITIMER_REAL, seconds, GRACE / 4)  # again, where the first was caught on the way
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            faulthandler.cancel_dump_traceback_later()
            signal.signal(signal.SIGALRM, previous)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item):
        with self.phase(item, "the set-up"):
            yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item):
        with self.phase(item, "the test"):
            yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item):
        with self.phase(item, "the end"):
            yield
