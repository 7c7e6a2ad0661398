# SPDX-License-Identifier: Apache-2.0
"""A running `lemu serve`, and the clients that talk to it."""
import http.client
import json
import os
import re
import signal
import socket
import sys
import threading
import time

from harness import TOOLS

CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


class Answer:
    def __init__(self, response):
        self.status, self.body = response.status, response.read()
        self.headers = {name.lower(): value for name, value in response.getheaders()}

    def json(self):
        return json.loads(self.body)


class Daemon:
    """Started in a `with`, ended by SIGTERM at its end unless the test has ended it itself."""

    def __init__(self, lemu, *options, functions=None, around=(), address="127.0.0.1", host=""):
        """`address` is where it is told to listen, as it stands in a URL."""
        self.lemu, self.around, self.address, self.host = lemu, around, address, host
        words = [*options]
        for name, value in (functions or {}).items():
            words += ["--function", f"{name}={value}"]
        self.words = words
        self.process, self.result = None, None

    def __enter__(self):
        self.process = self.lemu.start("serve", "--port", "0", *self.words, around=self.around, host=self.host)
        line = self.process.stdout.readline().decode()
        ready = re.fullmatch(rf"lemu serves http://{re.escape(self.address)}:(\d+)\n", line)
        if not ready:
            raise AssertionError(f"no ready line but {line!r}\n{self.lemu.finish(self.process)}")
        self.port = int(ready.group(1))
        self.url = f"http://{self.address}:{self.port}"
        return self

    def __exit__(self, kind, value, trace):
        if self.result is None:
            self.stop()
        if kind is None:
            self.result.ok()

    def stop(self, number=signal.SIGTERM):
        """Ends it, waits, and gives what it wrote."""
        os.kill(self.process.pid, number)
        self.result = self.lemu.finish(self.process)
        return self.result

    def peak_memory_mb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1)) / 1024

    def request(self, method, path, body=None, headers=None, host=None):
        connection = http.client.HTTPConnection(host or self.address.strip("[]"), self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    @property
    def control_socket(self):
        user = os.geteuid() if self.lemu.user is None else self.lemu.user
        return self.lemu.tmp / f"lemu-{user}" / "control" / f"{self.address}:{self.port}"

    def connect_to_control(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(60)
        connection.connect(str(self.control_socket))
        return connection

    def control(self, method, path):
        """A request as `lemu ps` and its kin send it."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = self.connect_to_control()
        try:
            connection.request(method, path)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def invoke(self, name, event=None, **headers):
        """A raw Invoke; headers as invocation_type="Event"."""
        fields = {"X-Amz-" + key.replace("_", "-").title(): value for key, value in headers.items()}
        body = b"" if event is None else event if isinstance(event, bytes) else json.dumps(event).encode()
        return self.request("POST", f"/2015-03-31/functions/{name}/invocations", body, fields)

    def boto3(self, **config):
        """A Lambda client of the current boto3."""
        if str(TOOLS / "boto3") not in sys.path:
            sys.path.insert(0, str(TOOLS / "boto3"))
        import boto3
        import botocore.config
        return boto3.client("lambda", endpoint_url=self.url, **CREDENTIALS,
                            config=botocore.config.Config(**{"retries": {"total_max_attempts": 1}, **config}))


def in_background(call, *arguments):
    """Runs the call beside the test; a function that waits for its result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(call(*arguments)))
    thread.start()

    def result():
        thread.join(60)
        return results[0]
    return result


def at_once(count, call):
    """What `count` callers got, each on a thread of its own."""
    answers = []
    callers = [threading.Thread(target=lambda: answers.append(call())) for _ in range(count)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    return answers


def eventually(condition, seconds=20):
    """The condition's value once it is true."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
