# SPDX-License-Identifier: Apache-2.0
"""The clients people use, and every QEMU a distribution has."""
import shutil

import pytest
from capabilities import FOREIGN_MACHINE, find_qemu, foreign_userland, require, require_mode
from harness import EXAMPLES, FOREIGN_ARCH, FUNCTIONS, MODES, TOOLS, Mode

ADA = {"name": "Ada"}


@pytest.mark.needs("go")
def test_the_official_go_client(lemu, mode):
    bootstrap = EXAMPLES / "go" / mode.arch / "bootstrap"
    result = lemu.invoke(mode, bootstrap, ADA, "--repeat", "3", "--timeout", "10").ok()
    goarch = {"x86_64": "amd64", "arm64": "arm64"}[mode.arch]
    assert result.responses() == [{"message": "Hello, Ada!", "architecture": goarch, "invocation": n, "has_deadline": True}
                                  for n in (1, 2, 3)]
    failed = lemu.invoke(mode, bootstrap, {}, "--timeout", "10").ok(1)
    assert failed.json() == {"errorMessage": 'the event has no "name"', "errorType": "errorString"}


@pytest.mark.needs("cpp-official")
def test_the_official_cpp_runtime(lemu, mode):
    result = lemu.invoke(mode, "cpp-official", ADA, "--name", "hello", "--repeat", "2", "--timeout", "10").ok()
    for n, answer in enumerate(result.responses(), 1):
        assert answer["event"] == ADA and (answer["invocation"], answer["in_time"]) == (n, True)
        assert answer["arn"].endswith(":function:hello")
        assert answer["id"] == result.starting("START ")[n - 1].split()[2]
    failed = lemu.invoke(mode, "cpp-official", {"fail": 1}, "--timeout", "10").ok(1)
    assert failed.json() == {"errorMessage": "told to", "errorType": "Told", "stackTrace": []}


@pytest.mark.needs("nodejs-ric")
def test_the_official_node_client(lemu, mode):
    root = foreign_userland(mode.arch)
    options = ["--handler", "app.plain", "--timeout", "60", "--memory", "512", *(["--sysroot", root] if root else [])]
    package = FUNCTIONS / mode.arch / "node-stream"
    result = lemu.invoke(mode, package, ADA, "--repeat", "2", *options).ok()
    for n, answer in enumerate(result.responses(), 1):
        request_id = result.starting("START ")[n - 1].split()[2]
        assert answer == {"message": "Hello, Ada!", "architecture": {"x86_64": "x64", "arm64": "arm64"}[mode.arch],
                          "invocation": n, "id": request_id, "in_time": True}
        assert f"\t{request_id}\tINFO\tgreeting Ada\n" in result.stderr
    failed = lemu.invoke(mode, package, {}, *options).ok(1).json()
    assert (failed["errorType"], failed["errorMessage"]) == ("TypeError", 'the event has no "name"')
    assert "app.mjs" in "".join(failed["trace"])


@pytest.mark.parametrize("client", ["go", "cpp-official", "nodejs-ric"])
def test_official_clients_take_an_event_in_chunks(lemu, mode, client):
    """As on Lambda, an event of more than 2,048 bytes has no Content-Length."""
    require(client)
    options = ["--timeout", "60", "--memory", "512"]
    target = {"go": EXAMPLES / "go" / mode.arch / "bootstrap", "cpp-official": "cpp-official"}.get(client)
    if client == "nodejs-ric":
        root = foreign_userland(mode.arch)
        target = FUNCTIONS / mode.arch / "node-stream"
        options += ["--handler", "app.plain", *(["--sysroot", root] if root else [])]
    for size in (2100, 100_000):
        event = {"name": "Ada", "pad": "x" * size}
        answer = lemu.invoke(mode, target, event, *options).ok().json()
        assert answer.get("message") == "Hello, Ada!" or answer["event"] == event


def test_cpp(lemu, mode):
    assert lemu.invoke(mode, "cpp", ADA).ok().json()["thrown"] == "bottom"


def test_dynamically_linked_c_and_cpp(lemu, mode):
    if mode.emulated:
        require("cross-sysroot")
    for function in ("probe-dynamic", "cpp-dynamic"):
        lemu.invoke(mode, function, ADA).ok()


def test_a_script_with_a_shell_of_its_own(lemu, mode):
    require("busybox-" + FOREIGN_ARCH)
    if mode.launch == "direct":  # the shell's commands are programs of their own, which QEMU alone cannot start
        failed = lemu.invoke(mode, EXAMPLES / "shell" / mode.arch, ADA, "--timeout", "10").ok(1)
        assert failed.json()["errorType"] == "Runtime.ExitError"
        return
    result = lemu.invoke(mode, EXAMPLES / "shell" / mode.arch, ADA, "--repeat", "2", "--timeout", "10").ok()
    machine = {"x86_64": "x86_64", "arm64": "aarch64"}[mode.arch]
    assert result.responses() == [{"message": "Hello, Ada!", "machine": machine, "invocation": n} for n in (1, 2)]


@pytest.mark.needs(f"qemu-{FOREIGN_MACHINE}-dynamic")
@pytest.mark.parametrize("launch", ["binfmt", "direct"])
def test_a_qemu_with_shared_libraries(lemu, launch):
    mode = Mode(FOREIGN_ARCH, launch)
    require_mode(mode)
    result = lemu.invoke(mode, "probe", {"do": "exec"}, "--qemu", find_qemu(static=False)).ok()
    if launch == "binfmt":
        assert result.json()["exited"] == 7


def test_a_static_qemu(lemu):
    mode = MODES[2]
    require_mode(mode)
    path = find_qemu(static=True)
    if not path:
        pytest.skip(f"qemu-{FOREIGN_MACHINE} of this distribution has no static build")
    lemu.invoke(mode, "probe", ADA, "--qemu", path).ok()


HANDLER = '''
import os, platform
count = 0
def handle(event, context):
    global count
    count += 1
    print("greeting", event["name"])
    return {"message": "Hello, " + event["name"] + "!", "machine": platform.machine(), "invocation": count,
            "id": context.aws_request_id, "left": context.get_remaining_time_in_millis() > 0}
'''


@pytest.mark.needs("python-ric")
@pytest.mark.parametrize("launch", ["binfmt", "direct"])
def test_the_official_python_client(lemu, launch):
    if FOREIGN_ARCH != "arm64":
        pytest.skip("arm64 is this machine's own architecture")
    mode = Mode("arm64", launch)
    require_mode(mode)
    root = TOOLS / "python-arm64"
    interpreter = sorted((root / "usr/bin").glob("python3.[0-9]*"))[0].name
    package = lemu.work / "package"
    shutil.copytree(TOOLS / "awslambdaric-arm64", package)
    (package / "app.py").write_text(HANDLER)
    bootstrap = package / "bootstrap"
    bootstrap.write_text(f"#!/usr/bin/{interpreter}\nimport sys, runpy\nsys.path.insert(0, '/var/task')\n"
                         "sys.argv = ['awslambdaric', 'app.handle']\nrunpy.run_module('awslambdaric', run_name='__main__')\n")
    bootstrap.chmod(0o755)
    result = lemu.invoke(mode, package, ADA, "--sysroot", root, "--repeat", "2", "--timeout", "60", "--memory", "512",
                         "--handler", "app.handle", timeout=120).ok()
    first, second = result.responses()
    assert first["message"] == "Hello, Ada!" and first["machine"] == "aarch64" and first["left"]
    assert (first["invocation"], second["invocation"]) == (1, 2)
    assert "greeting Ada" in result.lines
