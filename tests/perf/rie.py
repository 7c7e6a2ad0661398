# SPDX-License-Identifier: Apache-2.0
"""aws-lambda-rie, where RIE=PATH names one."""
import contextlib
import os
import socket
import subprocess
import time

PORT = 18080
PATH = "/2015-03-31/functions/function/invocations"


def is_given():
    return "RIE" in os.environ


@contextlib.contextmanager
def serving(program):
    """Its port, once it listens; it starts the function with the first call."""
    process = subprocess.Popen([os.environ["RIE"], "--runtime-interface-emulator-address", f"127.0.0.1:{PORT}",
                                *program.command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        while True:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", PORT)):
                break
            time.sleep(0.0005)
        yield PORT
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def whole_ms(program, load, event_size, calls=1):
    """From its exec to the end of so many calls."""
    begun = time.perf_counter()
    with serving(program) as port:
        subprocess.run([load, str(port), PATH, "1", str(calls), str(event_size)], check=True, capture_output=True)
        return (time.perf_counter() - begun) * 1e3
