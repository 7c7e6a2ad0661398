# SPDX-License-Identifier: Apache-2.0
"""Sink: where the probe's `tell` behaviour reports its invocations; the test says how each one ends."""
import socket
import threading


class Told:
    """One invocation: its request id and the event's tag."""

    def __init__(self, request_id, tag):
        self.request_id, self.tag = request_id, tag


class Sink:
    """`decide(told)` gives "ok", "error" or "exit"; it may wait, and holds the invocation for so long."""

    def __init__(self, decide=lambda told: "ok"):
        self.decide = decide
        self.told = []
        self.more = threading.Condition()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def event(self, tag):
        return {"do": "tell", "port": self.port, "tag": tag}

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            words = connection.makefile("r").readline().split()
            if len(words) != 2:
                return  # the function was ended meanwhile
            told = Told(*words)
            with self.more:
                self.told.append(told)
                self.more.notify_all()
            try:
                connection.sendall(self.decide(told).encode())
            except OSError:
                pass  # likewise

    def count(self, tag):
        return sum(told.tag == tag for told in self.told)

    def wait_for(self, count, tag=None, seconds=60):
        """The first `count` invocations (of that tag), once there are so many."""
        def found():
            return [told for told in self.told if tag in (None, told.tag)]
        with self.more:
            assert self.more.wait_for(lambda: len(found()) >= count, seconds), f"{len(found())} of {count} invocations"
            return found()[:count]
