# SPDX-License-Identifier: Apache-2.0
"""What a test's lemu left behind. Other lemus may run on this machine at the same time, so what is not in its own folders
counts only where it can be from nobody else: by its owner, its name, or because no other process has it."""
import contextlib
import os
import pathlib
import re
import socket
import struct
import time

import harness

# The user behind a sandboxed function where root runs lemu; and the tests' own where one was made for them (tests/as_user).
OWNERS = {harness.NOBODY} if os.geteuid() == 0 else {os.geteuid()} if "LEMU_USER_OF_TESTS" in os.environ else set()
HOME = os.path.expanduser("~")
NAMES = r".*[lq]emu|core(\.|$)"
# What other tests make in shared places while they run: unit tests, fuzzing, and end-to-end tests beside this one.
OTHER_TESTS = r"lemu-(test|fuzz)-"
# The folder that holds environments' folders stays; in it the lock that sweeping takes, and the mount point of roots.
LASTING = r"lemu-\d+(/\.?lock|/root)?$"


def mounts():
    """Those below build/fresh are of a root that is made beside the tests (tests/hosts/fresh_root)."""
    return sorted(line.split(" ", 2)[2] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
                  if "/build/fresh/" not in line)


def host_binfmt():
    folder = pathlib.Path("/proc/sys/fs/binfmt_misc")
    return sorted(os.listdir(folder)) if folder.is_dir() else []


def our_cgroups():
    """This user's, and of no lemu that runs, whose process the names tell: other tests may run at the same time."""
    found = []
    for folder, names, _ in os.walk("/sys/fs/cgroup"):
        found += [os.path.join(folder, name) for name in names if "lemu" in name and not is_in_use(name)]
    return sorted(path for path in found if owner(path) == os.geteuid())


def is_in_use(cgroup):
    lemu = re.match(r"lemu-(\d+)-", cgroup)
    return lemu is not None and os.path.exists(f"/proc/{lemu.group(1)}")


def owner(path):
    with contextlib.suppress(OSError):
        return os.stat(path).st_uid
    return None


def is_ours(entry):
    with contextlib.suppress(OSError):
        if entry.stat(follow_symlinks=False).st_uid in OWNERS:
            return True
    return False


def files_outside():
    """In places where no test's lemu has any business. In /tmp anybody's lemu may be at work, so only owners tell; in the
    home only names, as tools that tests use have files there."""
    found = []
    for folder in {"/", "/tmp", "/var/tmp", "/run", f"/run/user/{os.getuid()}", "/dev/shm", "/dev/mqueue", HOME}:
        with contextlib.suppress(OSError):
            found += [entry.path for entry in os.scandir(folder) if not re.match(OTHER_TESTS, entry.name)
                      and (folder != HOME and is_ours(entry) or folder != "/tmp" and re.match(NAMES, entry.name))]
    return sorted(found)


def shared_objects():
    """System V shared memory, semaphores and message queues; each file of /proc/sysvipc has a line of headings."""
    found = []
    for kind in ("shm", "sem", "msg"):
        with contextlib.suppress(OSError):
            heading, *lines = [line.split() for line in pathlib.Path("/proc/sysvipc", kind).read_text().splitlines()]
            found += [f"{kind} {line[1]}" for line in lines if int(line[heading.index("cuid")]) in OWNERS]
    return sorted(found)


def snapshot():
    """{what: its items}."""
    return {"mounts": mounts(), "host binfmt_misc": host_binfmt(), "cgroups": our_cgroups(), "file": files_outside(),
            "System V": shared_objects()}


# ---- sockets

LISTENING, UNCONNECTED = "0A", "07"  # proc(5), /proc/net/tcp; UDP has TCP's number for "closed"


def sockets():
    """Those that others could find: listening, bound or of a name. {inode: (user or None, words)}."""
    found = {}
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for port, user, inode in listeners(name, family):
            found[inode] = (user, f"{name} port {port}")
    for name in ("udp", "udp6"):
        for line in lines_of(name):
            if line[3] == UNCONNECTED:
                found[line[9]] = (int(line[7]), f"{name} port {port_of(line)}")
    for line in lines_of("unix"):
        if len(line) > 7:
            found[line[6]] = (None, f"unix {line[7]}")
    return found


def lines_of(name):
    with contextlib.suppress(OSError):
        return [line.split() for line in pathlib.Path("/proc/net", name).read_text().splitlines()[1:]]
    return []


def port_of(line):
    return int(line[1].rsplit(":")[-1], 16)


def listeners(name, family):
    """(port, user, inode) of each listening TCP socket. Reading /proc/net/tcp takes 5 ms, as the kernel goes through all that
    could be connected."""
    try:
        return list(listeners_by_diag(family))
    except OSError:
        return [(port_of(line), int(line[7]), line[9]) for line in lines_of(name) if line[3] == LISTENING]


def listeners_by_diag(family):
    """By sock_diag(7)."""
    sock_diag, by_family, dump, done, error, listening = 4, 20, 0x301, 3, 2, 1 << 10
    request = struct.pack("=BBBBI48x", family, socket.IPPROTO_TCP, 0, 0, listening)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, sock_diag) as kernel:
        kernel.send(struct.pack("=IHHII", 16 + len(request), by_family, dump, 1, 0) + request)
        while True:
            data = kernel.recv(1 << 16)
            while data:
                size, kind = struct.unpack_from("=IH", data)
                if kind == error:
                    raise OSError("no inet_diag in this kernel")
                if kind == done:
                    return
                # struct inet_diag_msg behind the header of 16 bytes; the port is in network order
                user, inode = struct.unpack_from("=II", data, 16 + 64)
                yield struct.unpack_from("!H", data, 20)[0], user, str(inode)
                data = data[size + 3 & ~3:]


def holders():
    """{inode: who has that socket}, as far as this user may look."""
    found = {}
    for process in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            folder = f"/proc/{process}/fd"
            for fd in os.listdir(folder):
                with contextlib.suppress(OSError):
                    inode = os.readlink(f"{folder}/{fd}").removeprefix("socket:[").removesuffix("]")
                    found.setdefault(inode, set()).add(int(process))
    return found


def new_sockets(before, seconds=5):
    """Words for those that came since and that a process of ours has, or none at all. What an ordinary user sees nobody
    have may be another user's, unless the kernel says whose it is."""
    def look():
        new = {inode: about for inode, about in sockets().items() if inode not in before}
        if new:
            have, ours, still = holders(), set(harness.descendants()), sockets()
            new = {inode: (user, words) for inode, (user, words) in new.items() if inode in still and
                   (have[inode] & ours if inode in have else os.geteuid() in (0, user))}
        return sorted(words for _, words in new.values())
    return harness.left_after(seconds, look)  # a stranger's may be on its way from one process to another


# ---- all of it

class Watch:
    """Looks at the machine when it is made, and tells afterwards what is other than it was."""

    def __init__(self):
        self.before, self.sockets = snapshot(), sockets()

    def changes(self):
        """What differs from before."""
        found = []
        for name, after in snapshot().items():
            found += [f"{name}: {item}" for item in after if item not in self.before[name]]
            found += [f"{name}: {item} is gone" for item in self.before[name] if item not in after and name != "file"]
        return found

    def leftovers(self, lemu, allowed=(), seconds=5):
        """Sentences, one for each thing that a test's lemu left behind."""
        found = [f"process {pid}: {command}" for pid, command in harness.wait_for_no_descendants(seconds).items()]
        found += [f"socket: {words}" for words in new_sockets(self.sockets, seconds)]
        found += harness.left_after(seconds, self.changes)  # another test may have such a thing for a moment
        for folder in (lemu.tmp, lemu.run_dir):
            found += [f"file {folder.name}/{path}" for path in harness.files_below(folder) if not re.match(LASTING, path)]
        found += [f"file {path}" for path in sorted(lemu.made) if os.path.lexists(lemu.folder / path)]
        return [what for what in found if not any(word in what for word in allowed)]
