# SPDX-License-Identifier: Apache-2.0
"""Which tests run beside each other where pytest-xdist runs several at a time: a test marked `alone` waits until the others
have ended, and no other begins until it has ended."""
import contextlib
import fcntl
import os
import pathlib
import shutil
import tempfile

import pytest

LOCKS = "LEMU_TEST_LOCKS"  # where the locks are; the first process makes the folder, the workers inherit its name


@contextlib.contextmanager
def locked(path, how):
    with open(path, "w") as file:
        fcntl.flock(file, how)
        yield


class Neighbours:
    def __init__(self, folder):
        self.door, self.room = pathlib.Path(folder, "door"), pathlib.Path(folder, "room")

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        how = fcntl.LOCK_EX if item.get_closest_marker("alone") else fcntl.LOCK_SH
        with contextlib.ExitStack() as stay:
            with locked(self.door, fcntl.LOCK_EX):  # a test that waits for the room lets no other one in
                stay.enter_context(locked(self.room, how))
            yield


def plug_in(config):
    if LOCKS not in os.environ:
        os.environ[LOCKS] = tempfile.mkdtemp(prefix="lemu-test-")
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(LOCKS)))
    config.pluginmanager.register(Neighbours(os.environ[LOCKS]))
