# SPDX-License-Identifier: Apache-2.0
"""rie_in_image.py ROOT EVENT…: what a container engine does, in little. Run as root of new user, mount, PID and network
namespaces: completes ROOT, starts its /lambda-entrypoint.sh in it, invokes it on RIE's own port, and ends it. Prints a
line of JSON: the answers, the exit status, and what the container wrote."""
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request

URL = "http://localhost:8080/2015-03-31/functions/function/invocations"
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def loopback_up():
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


def complete(root):
    subprocess.run(["mount", "-t", "proc", "proc", f"{root}/proc"], check=True)
    subprocess.run(["mount", "--bind", "/dev/null", f"{root}/dev/null"], check=True)


def wait_for_port(port):
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.01)


def invoke(event):
    try:
        with urllib.request.urlopen(urllib.request.Request(URL, event.encode(), method="POST")) as answer:
            return [answer.status, answer.read().decode()]
    except urllib.error.HTTPError as error:
        return [error.code, error.read().decode()]


def main(root, *events):
    loopback_up()
    complete(root)
    container = subprocess.Popen(["chroot", root, "/lambda-entrypoint.sh", "app.handler"], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 env={"PATH": os.environ["PATH"], "IN_IMAGE": "yes"})
    wait_for_port(8080)
    answers = [invoke(event) for event in events]
    container.send_signal(signal.SIGTERM)
    out, err = container.communicate()
    print(json.dumps({"answers": answers, "status": container.returncode, "out": out, "err": err}))


main(*sys.argv[1:])
