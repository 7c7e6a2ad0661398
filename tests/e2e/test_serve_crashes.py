# SPDX-License-Identifier: Apache-2.0
"""A daemon that is killed at any moment loses no event that it accepted. `./dev soak` kills it 200 times."""
import json
import os
import random
import signal
import sqlite3
import threading

import pytest
from daemon import Daemon, eventually
from harness import HOST_ARCH, descendants
from sink import Sink

pytestmark = pytest.mark.leaves("work/state")

LONG = os.environ.get("LEMU_SOAK") == "1"
KILLS = 200 if LONG else 10
SEED = int(os.environ.get("LEMU_SEED", "1"))
STREAM = "/2021-11-15/functions/probe/response-streaming-invocations"


class Load:
    """Threads that call a daemon in every way until it is gone, and note which events it has accepted."""

    def __init__(self, running, sink, round_number):
        self.running, self.sink, self.round = running, sink, round_number
        self.accepted = []
        self.begun = threading.Event()
        self.threads = [threading.Thread(target=self._until_it_is_gone, args=(call,))
                        for call in (self._send, self._send, self._send, self._invoke, self._stream, self._look)]
        for thread in self.threads:
            thread.start()

    def _until_it_is_gone(self, call):
        for number in range(100_000):
            try:
                call(f"{self.round}-{threading.get_ident()}-{number}")
            except OSError:
                return
            except Exception as broken:  # http.client's own, for an answer that breaks off
                if type(broken).__module__ != "http.client":
                    raise
                return

    def _send(self, tag):
        answer = self.running.invoke("probe", self.sink.event(tag), invocation_type="Event")
        assert answer.status == 202
        self.accepted.append(tag)
        self.begun.set()

    def _invoke(self, tag):
        assert self.running.invoke("probe", {"tag": tag}).json() == {"tag": tag}

    def _stream(self, _):
        assert self.running.request("POST", STREAM, b'{"do":"stream","mode":"streaming","text":"a|b"}').status == 200

    def _look(self, _):
        assert self.running.request("GET", "/metrics").status == 200
        for path in ("/_lemu/async", "/_lemu/logs/probe"):
            assert self.running.control("GET", path).status == 200

    def end(self):
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()


def test_a_killed_daemon_loses_nothing_that_it_accepted(lemu):
    chance = random.Random(SEED)
    failed, verdicts = set(), threading.Lock()

    def decide(told):  # some fail once
        with verdicts:
            fails = chance.random() < 0.1 and told.tag not in failed
            failed.update([told.tag] if fails else [])
        return "error" if fails else "ok"

    def serve():
        return Daemon(lemu, "--state-dir", lemu.work / "state", "--async-delay-scale", "0.001", "--async-max-age", "10000h",
                      functions={"probe": f"{lemu.function(HOST_ARCH, 'probe')},timeout=60"})
    accepted = []
    with Sink(decide) as sink:
        for number in range(KILLS):
            running = serve()
            if number % 5 == 4:  # while it takes up what the one before it left
                running.process = lemu.start("serve", "--port", "0", *running.words)
                threading.Event().wait(chance.uniform(0, 0.02))
                os.kill(running.process.pid, signal.SIGKILL)
                lemu.finish(running.process)
            else:
                running.__enter__()
                load = Load(running, sink, number)
                assert load.begun.wait(60)
                threading.Event().wait(chance.uniform(0, 0.15))
                running.stop(signal.SIGKILL)
                load.end()
                accepted += load.accepted
            eventually(lambda: not descendants())
        with serve() as running:
            eventually(lambda: running.control("GET", "/_lemu/async").json()["events"] == [], 60)
            told = {told.tag for told in sink.told}
            assert [tag for tag in accepted if tag not in told] == []
            with sqlite3.connect(f"file:{lemu.work}/state/journal.db?mode=ro", uri=True) as database:
                assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    print(json.dumps({"kills": KILLS, "seed": SEED, "accepted": len(accepted), "delivered": len(sink.told)}))
    assert len(accepted) >= KILLS
