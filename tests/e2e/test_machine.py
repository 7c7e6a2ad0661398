# SPDX-License-Identifier: Apache-2.0
"""What a function sees of the machine, what of its kernel is open to it, and what of it the function can use up."""
import os
import re
import shutil
import subprocess

import capabilities
import harness
import pytest
from harness import HOST_ARCH, MODES, REPO

NATIVE = MODES[0]
ABIS = ["x86_64", "i386", "arm64", "arm"]


def forbidden(abi):
    """{name: number} from the filter's own table."""
    table = (REPO / "qemu/sandbox/forbidden_calls.cpp").read_text()
    rows = re.findall(r'\{"(\w+)", \{(\w+), (\w+), (\w+), (\w+)\}\}', table)
    assert len(rows) > 40
    numbers = {row[0]: row[1 + ABIS.index(abi)] for row in rows}
    return {name: int(number) for name, number in numbers.items() if number.isdigit()}


def answers(lemu, mode, numbers, abi=""):
    event = {"do": "calls", "numbers": ",".join(map(str, numbers)), "abi": abi}
    return lemu.invoke(mode, "probe", event, "--timeout", "30").ok().json()


def inside(lemu, mode, *options, **event):
    return lemu.invoke(mode, "probe", event, *options).ok().json()


# ---- the filter

@pytest.mark.bare
def test_forbidden_calls_are_absent(any_user, mode):
    calls = forbidden(mode.arch)
    told = answers(any_user, mode, calls.values())
    own = {"syslog": "EINVAL"} if mode.emulated else {}  # QEMU looks at its first argument itself
    assert {name: told[str(number)] for name, number in calls.items()} == {**dict.fromkeys(calls, "ENOSYS"), **own}


@pytest.mark.bare
@pytest.mark.skipif(HOST_ARCH != "x86_64", reason="32-bit x86's way in is x86_64's")
def test_forbidden_calls_are_absent_for_32_bit_code_too(any_user):
    for mode in (NATIVE, harness.BARE_MODES[0]):
        calls = forbidden("i386")
        getpid, told = 20, answers(any_user, mode, [20, *calls.values()], "i386")
        if told[str(getpid)] != "":
            pytest.skip("the kernel runs no 32-bit programs")
        assert {name: told[str(number)] for name, number in calls.items()} == {name: "ENOSYS" for name in calls}
        x32 = [0x40000000 + number for number in (20, *forbidden("x86_64").values())]
        assert set(answers(any_user, mode, x32).values()) == {"ENOSYS"}


@pytest.mark.bare
def test_the_filter_is_there(any_user, mode):
    assert "\nSeccomp:\t2\n" in inside(any_user, mode, do="open", path="/proc/self/status")["text"]


@pytest.mark.parametrize("sandbox", ["on", "off"])
def test_the_shell_is_behind_the_filter(any_user, sandbox):
    result = any_user.run("shell", "--sandbox", sandbox, any_user.function(HOST_ARCH, "probe"), "--", "/bin/sh", "-c",
                          "while read line; do echo \"$line\"; done < /proc/self/status")
    assert b"Seccomp:\t2\n" in result.ok().stdout


@pytest.mark.needs("keyrings")
@pytest.mark.bare
def test_no_key_of_the_user_can_be_reached(any_user, mode):
    add_key, request_key, keyctl = (forbidden(mode.arch)[name] for name in ("add_key", "request_key", "keyctl"))
    assert set(answers(any_user, mode, [add_key, request_key, keyctl]).values()) == {"ENOSYS"}


# ---- memory

@pytest.mark.parametrize("size", [128, 512, 10240])
def test_the_machine_has_the_functions_memory(any_user, mode, size):
    machine = inside(any_user, mode, "--memory", str(size), do="machine")
    assert machine["sysinfo"]["error"] == "" and machine["sysinfo"]["up"] > 0
    assert [machine["sysinfo"][name] for name in ("total", "free", "swap")] == [size << 20, size << 20, 0]
    assert machine["pages"] == (size << 20) // os.sysconf("SC_PAGE_SIZE")
    assert machine["undumpable"] == 1, "a child that made itself undumpable is told the same"
    assert machine["nowhere"] == machine["half"] == "EFAULT"
    if mode.arch == "x86_64" and machine["narrow"]:
        total, free, unit = machine["narrow"]
        assert total * unit == free * unit == size << 20
    text = inside(any_user, mode, "--memory", str(size), do="open", path="/proc/meminfo")["text"]
    figures = dict(re.findall(r"(\w+): +(\d+) kB\n", text))
    assert figures["MemTotal"] == figures["MemFree"] == figures["MemAvailable"] == str(size << 10)
    assert figures["SwapTotal"] == figures["SwapFree"] == "0"


def test_it_has_it_after_a_reset_too(any_user, mode):
    result = any_user.invoke(mode, "probe", {"do": "exit", "code": 3, "at": 2}, "--repeat", "3", "--memory", "256")
    assert len(result.responses()) == 3
    machine = any_user.invoke(mode, "probe", {"do": "machine"}, "--repeat", "3", "--memory", "256").ok().responses()
    assert [one["sysinfo"]["total"] for one in machine] == [256 << 20] * 3


@pytest.mark.parametrize("path", ["/proc/meminfo", "/proc/cpuinfo"])
def test_what_it_is_told_cannot_be_rewritten(any_user, mode, path):
    before = inside(any_user, mode, do="open", path=path)["text"]
    error = inside(any_user, mode, do="write", path=path, text="MemTotal: 1 kB")["error"]
    # QEMU 8.2 and later give each open of /proc/cpuinfo a file of its own.
    assert error in ("EROFS", "EACCES") or (mode.emulated and path == "/proc/cpuinfo")
    assert inside(any_user, mode, do="open", path=path)["text"] == before


def test_emulated_processors_are_gravitons(any_user, mode):
    text = inside(any_user, mode, do="open", path="/proc/cpuinfo")["text"]
    if not mode.emulated:
        assert "vendor_id" in text or "CPU implementer" in text
        return
    if mode.arch != "arm64":
        pytest.skip("only Graviton's processors are told of")
    cores = text.strip().split("\n\n")
    assert len(cores) == len(os.sched_getaffinity(0))
    for core in cores:
        fields = dict(re.findall(r"(.+?)\s*: (.*)", core))
        assert (fields["CPU implementer"], fields["CPU architecture"], fields["CPU part"], fields["CPU revision"]) == \
            ("0x41", "8", "0xd0c", "1")
        assert {"fp", "asimd", "aes", "sha2", "crc32", "atomics"} <= set(fields["Features"].split())


GARBAGE = r"""#!%s
const http = require("http");
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({host, port, method, path: "/2018-06-01/runtime/" + path}, (response) => {
      response.resume().on("end", () => resolve(response.headers["lambda-runtime-aws-request-id"]));
    });
    request.on("error", reject).end(body);
  });
}
(async () => {
  for (;;) {
    const id = await call("GET", "invocation/next");
    let kept = [], sum = 0;
    for (let i = 0; i < 400; ++i) {  // 800 MB in all; none of it is needed for long
      kept.push(Array.from({length: 250000}, (_, n) => ({n})).length);
      sum += kept.length;
    }
    await call("POST", "invocation/" + id + "/response", JSON.stringify({sum, memory: require("os").totalmem()}));
  }
})();
"""


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")
def test_node_collects_its_garbage_within_the_functions_memory(any_user):
    folder = any_user.folder / "garbage"
    folder.mkdir()
    (folder / "bootstrap").write_text(GARBAGE % os.path.realpath(shutil.which("node")))
    (folder / "bootstrap").chmod(0o755)
    result = any_user.invoke(NATIVE, folder, {}, "--memory", "192", "--timeout", "60").ok()
    assert result.json() == {"sum": 80200, "memory": 192 << 20}
    assert result.report["Max Memory Used"] <= 192


@pytest.mark.skipif(not shutil.which("java"), reason="needs a JVM")
def test_the_jvm_takes_a_quarter_for_its_heap(any_user):
    java = os.path.realpath(shutil.which("java"))
    result = any_user.run("shell", "--memory", "512", "--sandbox", "on", any_user.function(HOST_ARCH, "probe"), "--",
                          java, "-XX:+PrintFlagsFinal", "-version").ok()
    heap = int(re.search(rb"\bMaxHeapSize\s*=\s*(\d+)", result.stdout).group(1))
    assert heap == 128 << 20


# ---- what can be used up

def test_empty_files_are_limited(any_user, mode):
    made = inside(any_user, mode, "--timeout", "60", do="files", path="/tmp", limit=200000)
    assert made["error"] == "ENOSPC" and 30000 < made["made"] <= 32768
    assert inside(any_user, mode, "--timeout", "60", do="files", path="/tmp", limit=20000) == {"made": 20000, "error": ""}


def test_file_watches_are_limited(any_user, mode):
    """The limit of a user is for all of their programs together (inotify(7))."""
    assert inside(any_user, mode, do="watches") == {"opened": 16, "error": "EMFILE"}


def test_signals_and_message_queues_are_limited(any_user, mode):
    limits = inside(any_user, mode, do="rlimits")
    assert limits["sigpending"] == [742, 742] and limits["msgqueue"] == [131072, 131072]


@pytest.mark.bare
def test_the_kernel_ends_the_function_before_others(any_user, mode):
    assert inside(any_user, mode, do="open", path="/proc/self/oom_score_adj")["text"] == "1000\n"
    if mode.sandbox == "on":
        for path in ("/proc/self/oom_score_adj", "/proc/thread-self/oom_score_adj"):
            assert inside(any_user, mode, do="write", path=path, text="0")["error"] == "EROFS"


@pytest.mark.poor_host("masked-proc", only=True)
def test_where_the_outer_proc_stands_in_it_cannot_be_written(any_user, mode):
    assert inside(any_user, mode, do="write", path="/proc/self/oom_score_adj", text="0")["error"] == "EROFS"
    with subprocess.Popen(any_user.as_user("sleep", "60")) as other:
        try:
            path = f"/proc/{other.pid}/oom_score_adj"
            error = inside(any_user, mode, do="write", path=path, text="500")["error"]
        finally:
            other.kill()
    # Root's function is another user outside, and has no right to it in any case.
    assert error == ("EACCES" if any_user.user is None and os.geteuid() == 0 else "EROFS")
