# SPDX-License-Identifier: Apache-2.0
"""StreamGate: a test's hand on the probe's `stream` behaviour: it hears of each piece and lets the next one go."""
import socket


class StreamGate:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(60)
        self.port = self.listener.getsockname()[1]
        self.connection = self.lines = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.connection:
            self.connection.close()
        self.listener.close()

    def written_at(self):
        """Waits until the function writes its next piece: when, in nanoseconds of CLOCK_MONOTONIC."""
        line = self.lines.readline() if self.connection else self._first_line()
        return int(line)

    def _first_line(self):
        """Who asks for something else wants whoever had this port before: a function of tests that run beside these."""
        while True:
            self.connection, _ = self.listener.accept()
            self.connection.settimeout(60)
            self.lines = self.connection.makefile("r")
            line = self.lines.readline()
            if "HTTP" not in line:
                return line
            self.connection.close()

    def open(self):
        self.connection.sendall(b"x")
