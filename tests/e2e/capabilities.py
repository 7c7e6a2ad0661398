# SPDX-License-Identifier: Apache-2.0
"""What this machine can do, by trying. A test names what it needs; what is absent is a skip by name, or a failure where
LEMU_MUST_RUN lists it (in CI: everything)."""
import functools
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import pytest
from harness import CLOCK_HOST, EXAMPLES, FOREIGN_ARCH, FUNCTIONS, HOST_ARCH, MACHINE, POOR_HOST, REPO, TOOLS

FOREIGN_MACHINE = MACHINE[FOREIGN_ARCH]


def _runs(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def _builds(script, out):
    """Why it does not; None when it does."""
    built = subprocess.run([script, out], capture_output=True, text=True)
    return None if built.returncode == 0 else f"{script.relative_to(REPO)}: {built.stderr.strip()[-300:]}"


def _built(name, arch):
    return None if (FUNCTIONS / arch / name / "bootstrap").exists() else f"tests/functions/{name} was not built for {arch}"


def has_interpreter(path):
    """Is it an ELF program with a PT_INTERP?"""
    return b"INTERP" in subprocess.run(["readelf", "-lW", path], capture_output=True).stdout


def find_qemu(static):
    """The path of a QEMU for the foreign architecture, statically linked or not; None when there is none."""
    for name in (f"qemu-{FOREIGN_MACHINE}-static", f"qemu-{FOREIGN_MACHINE}"):
        path = shutil.which(name)
        if path and has_interpreter(path) != static:
            return path
    return None


def userns():
    return None if _runs("unshare", "--user", "--map-root-user", "true") else "user namespaces are refused"


def binfmt():
    private = 'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && test -w /proc/sys/fs/binfmt_misc/register'
    if _runs("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", private):
        return None
    return "no binfmt_misc in a user namespace (it needs Linux 6.7)"


def poor_hosts():
    return None if _runs(POOR_HOST, "--mask-proc", "--deny-userns=EPERM", "--", "true") else \
        "nothing can be withheld here: mounts or seccomp filters are refused"


def freezer():
    """A cgroup of version 2 below which this user may make others, with cgroup.freeze (Linux 5.2)."""
    mounts = [line.split() for line in open("/proc/self/mountinfo", encoding="utf-8")]
    places = [words[4] for words in mounts if words[words.index("-") + 1] == "cgroup2"]
    own = [line.strip()[3:] for line in open("/proc/self/cgroup", encoding="utf-8") if line.startswith("0::")]
    folder = pathlib.Path(places[0] + own[0]) if places and own else pathlib.Path("/nowhere")
    made = folder / f"try-{os.getpid()}"
    try:
        made.mkdir()
    except OSError as why:
        return f"no cgroup of version 2 to divide: {why}"
    frozen = (made / "cgroup.freeze").exists()
    made.rmdir()
    return None if frozen else "no cgroup.freeze"


def ptrace():
    with tempfile.NamedTemporaryFile() as none:
        none.write(bytes(8))
        none.flush()
        return None if _runs(CLOCK_HOST, none.name, "--", "true") else "ptrace(2) is refused"


def keyrings():
    return None if _runs(POOR_HOST, "--session-key=x", "--", "true") else "the kernel has no keyrings, or refuses them"


def qemu_foreign():
    return None if find_qemu(True) or find_qemu(False) else f"no qemu-{FOREIGN_MACHINE}"


def qemu_foreign_dynamic():
    return None if find_qemu(False) else f"no dynamically linked qemu-{FOREIGN_MACHINE}"


def cross_cc():
    return None if (FUNCTIONS / FOREIGN_ARCH / "probe/bootstrap").exists() else f"no C compiler for {FOREIGN_ARCH}"


def cross_sysroot():
    folder = f"/usr/{FOREIGN_MACHINE}-linux-gnu/lib"
    return None if os.path.isdir(folder) else f"no {folder}"


def busybox_foreign():
    return None if (EXAMPLES / "shell" / FOREIGN_ARCH / "busybox").exists() else f"no static {FOREIGN_ARCH} busybox"


def busybox_host():
    """Copied into a root that has no C library."""
    return None if (TOOLS / f"busybox-{HOST_ARCH}/bin/busybox").exists() else f"no static {HOST_ARCH} busybox in build/tools"


def java():
    return None if os.path.exists("/usr/bin/java") and _runs("/usr/bin/java", "--list-modules") else "no /usr/bin/java"


def network():
    try:
        socket.getaddrinfo("example.com", 443)
        return None
    except OSError as error:
        return f"names do not resolve: {error}"


def go():
    if not shutil.which("go"):
        return "no go"
    return _builds(REPO / "examples/go/build.sh", EXAMPLES / "go") or _built("go-stream", HOST_ARCH)


def rust():
    return _built("rust-stream", HOST_ARCH)


def rust_foreign():
    """That architecture's standard library is rustup's to fetch, from no package registry."""
    return _built("rust-stream", FOREIGN_ARCH)


def cpp_official():
    return _built("cpp-official", HOST_ARCH) or _built("cpp-official", FOREIGN_ARCH)


def nodejs_ric():
    return _built("node-stream", HOST_ARCH) or _built("node-stream", FOREIGN_ARCH)


def js_sdk():
    return None if (TOOLS / "js-sdk/node_modules/@aws-sdk/client-lambda").is_dir() else \
        "no SDK for JavaScript from npm in build/tools"


def jest():
    return None if (TOOLS / "jest/node_modules/.bin/jest").exists() else "no Jest from npm in build/tools"


def go_sdk():
    return None if (TOOLS / "go-sdk").exists() else "no client by the SDK for Go in build/tools"


def python_ric():
    """awslambdaric for the host's Python and for the arm64 one that ./dev unpacked."""
    for arch in {"arm64", HOST_ARCH}:
        if not (TOOLS / f"awslambdaric-{arch}/awslambdaric").is_dir():
            return f"no awslambdaric for {arch} in build/tools"
    return None if (TOOLS / "python-arm64/usr/bin").is_dir() else "no arm64 python3 unpacked"


def boto3():
    return None if (TOOLS / "boto3/boto3").is_dir() else "no boto3 from PyPI in build/tools"


def awscli_2():
    told = subprocess.run(["/usr/bin/aws", "--version"], capture_output=True, text=True).stdout \
        if os.path.exists("/usr/bin/aws") else ""
    return None if told.startswith("aws-cli/2") else "no AWS CLI 2 from the distribution"


def fresh_root():
    """Of ./dev test alone, which fails without."""
    return "only ./dev test makes one"


CAPABILITIES = {
    "userns": userns, "binfmt": binfmt, "poor-hosts": poor_hosts, "ptrace": ptrace, "freezer": freezer, "keyrings": keyrings,
    f"qemu-{FOREIGN_MACHINE}": qemu_foreign, f"qemu-{FOREIGN_MACHINE}-dynamic": qemu_foreign_dynamic,
    "cross-cc": cross_cc, "cross-sysroot": cross_sysroot, f"busybox-{FOREIGN_ARCH}": busybox_foreign,
    f"busybox-{HOST_ARCH}": busybox_host, "network": network, "java": java,
    "go": go, "rust": rust, f"rust-{FOREIGN_ARCH}": rust_foreign, "cpp-official": cpp_official, "python-ric": python_ric,
    "nodejs-ric": nodejs_ric, "boto3": boto3, "js-sdk": js_sdk, "go-sdk": go_sdk, "jest": jest, "awscli-2": awscli_2,
    "fresh-root": fresh_root,
}

_absence = functools.lru_cache(maxsize=None)(lambda name: CAPABILITIES[name]())


def must_run():
    return [name for name in os.environ.get("LEMU_MUST_RUN", "").split(",") if name]


def require(*names):
    """Skips the running test, by name, unless all of these are there."""
    for name in names:
        absent = _absence(name)
        if absent and name in must_run():
            pytest.fail(f"{name}: {absent}; LEMU_MUST_RUN says that it must be here", pytrace=False)
        if absent:
            pytest.skip(f"{name}: {absent}")


def foreign_userland(arch):
    """The --sysroot of a function whose libraries are not all its own; None where it runs on this machine's."""
    if arch == HOST_ARCH:
        return None
    if arch != "arm64":
        pytest.skip("only arm64 libraries are unpacked by ./dev")
    return TOOLS / "python-arm64"


def require_mode(mode):
    if mode.sandbox == "on":
        require("userns")
    if mode.host:
        require("poor-hosts")
    if mode.emulated:
        require(f"qemu-{FOREIGN_MACHINE}", "cross-cc")
    if mode.launch == "binfmt":
        require("binfmt")
