# SPDX-License-Identifier: Apache-2.0
"""HTTP requests by another user of this machine."""
import os
import subprocess
import sys

ASK = """
import sys, urllib.request, urllib.error
url, data, source = sys.argv[1:]
import http.client, socket
original = socket.create_connection
if source:
    socket.create_connection = lambda address, *rest, **more: original(address, source_address=(source, 0))
try:
    answer = urllib.request.urlopen(urllib.request.Request(url, data.encode() or None), timeout=60)
except urllib.error.HTTPError as refused:
    answer = refused
print(answer.status)
sys.stdout.write(answer.read().decode())
"""


def ask_as(user, url, data="", source=""):
    """(status, body). Only root can ask as another user. `source` is the address that the caller gives its socket."""
    switch = [] if user == os.geteuid() else ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    done = subprocess.run([*switch, sys.executable, "-I", "-c", ASK, url, data, source], capture_output=True, text=True,
                          check=False, timeout=90)
    assert done.returncode == 0, done.stderr
    status, body = done.stdout.split("\n", 1)
    return int(status), body


def status_as(user, url):
    return ask_as(user, url)[0]
