# SPDX-License-Identifier: Apache-2.0
"""The command line: what is taken for a function, what is refused and how, exit codes, stdout and stderr."""
import json
import os
import pty
import shutil
import subprocess
import zipfile

import pytest
from harness import FOREIGN_ARCH, FUNCTIONS, HOST_ARCH, MODES, REPO, STAGE

NATIVE = MODES[0]
PROBE = FUNCTIONS / HOST_ARCH / "probe/bootstrap"


# ---- the table of exit codes

def test_exit_codes_stand_in_the_help(lemu):
    text = lemu.run("--help").ok().stdout.decode()
    for line in ("0       success", "1       the function failed", "2       wrong usage", "3       this host cannot",
                 "4       lemu itself failed", "128+n"):
        assert line in text


@pytest.mark.parametrize("arguments, words", [
    (["invoke"], "TARGET"),
    (["invoek", PROBE], "did you mean 'invoke'"),
    (["invoke", "--tmeout", "3", PROBE], "did you mean '--timeout'"),
    (["invoke", "--t", "3", PROBE], "ambiguous"),
    (["invoke", "--arch", "mips", PROBE], "arm64"),
    (["invoke", "--timeout", "0", PROBE], "timeout"),
    (["invoke", "--timeout", "901", PROBE], "900"),
    (["invoke", "--memory", "64", PROBE], "128"),
    (["invoke", "--repeat", "0", PROBE], "--repeat"),
    (["invoke", "--data", "{bad", PROBE], "--data"),
    (["invoke", "--data", "{}", PROBE, "event.json"], "--data"),
    (["invoke", PROBE, "/nonexistent.json"], "/nonexistent.json"),
    (["invoke", "/nonexistent"], "/nonexistent"),
    (["invoke", "--env", "AWS_REGION=x", PROBE], "AWS_REGION"),
    (["invoke", "--env-file", "/nonexistent.env", PROBE], "/nonexistent.env"),
    (["invoke", "--sandbox", "maybe", PROBE], "auto"),
    (["invoke", "--client-context", "[", PROBE], "--client-context"),
    (["invoke", "--report", "json", "--report-file", "/nonexistent/x", PROBE], "/nonexistent/x"),
], ids=lambda v: " ".join(map(str, v[1:3])) if isinstance(v, list) else "")
def test_wrong_usage_is_2_and_keeps_stdout_empty(lemu, arguments, words):
    result = lemu.run(*arguments).ok(2)
    assert result.stdout == b"" and words in result.stderr


def test_a_host_without_qemu_is_3(lemu, tmp_path):
    import capabilities
    capabilities.require("cross-cc")
    result = lemu.run("invoke", FUNCTIONS / FOREIGN_ARCH / "probe/bootstrap", env={"PATH": str(tmp_path)}).ok(3)
    assert result.stdout == b""
    assert "qemu-user" in result.stderr, "the remedy is named"


def test_a_qemu_that_is_not_there_is_2(lemu):
    import capabilities
    capabilities.require("cross-cc")
    result = lemu.run("invoke", "--qemu", "/nonexistent", FUNCTIONS / FOREIGN_ARCH / "probe/bootstrap").ok(2)
    assert "/nonexistent" in result.stderr


def test_a_foreign_dynamic_program_without_its_libraries_is_3(lemu):
    import capabilities
    capabilities.require("cross-cc", f"qemu-{capabilities.FOREIGN_MACHINE}")
    (lemu.work / "root").mkdir()
    result = lemu.run("invoke", "--sysroot", lemu.work / "root", FUNCTIONS / FOREIGN_ARCH / "probe-dynamic/bootstrap").ok(3)
    assert "ld-linux" in result.stderr and "--sysroot" in result.stderr
    assert result.stdout == b""


def test_a_sysroot_that_is_no_folder_is_2(lemu):
    import capabilities
    capabilities.require("cross-cc", f"qemu-{capabilities.FOREIGN_MACHINE}")
    (lemu.work / "root").write_text("")
    for path in (lemu.work / "root", "/nonexistent"):
        result = lemu.run("invoke", "--sysroot", path, FUNCTIONS / FOREIGN_ARCH / "probe-dynamic/bootstrap").ok(2)
        assert f"--sysroot {path}: not a folder" in result.stderr and result.stdout == b""


@pytest.mark.parametrize("cpu", ["no-such-model", "no-such-model,sve=off"])
def test_a_cpu_that_qemu_does_not_know_is_2(lemu, cpu):
    import capabilities
    capabilities.require("cross-cc", f"qemu-{capabilities.FOREIGN_MACHINE}")
    result = lemu.run("invoke", "--cpu", cpu, FUNCTIONS / FOREIGN_ARCH / "probe/bootstrap").ok(2)
    assert f"--cpu {cpu}: this QEMU knows no CPU model 'no-such-model'" in result.stderr
    assert "-cpu help" in result.stderr and result.stdout == b""


@pytest.mark.parametrize("cpu", ["max", {"arm64": "max,sve=off", "x86_64": "max,avx=off"}[FOREIGN_ARCH]])
def test_a_cpu_of_ones_own(lemu, cpu):
    import capabilities
    capabilities.require("cross-cc", f"qemu-{capabilities.FOREIGN_MACHINE}")
    result = lemu.run("invoke", "--cpu", cpu, "--data", '{"x":1}', FUNCTIONS / FOREIGN_ARCH / "probe/bootstrap")
    assert result.ok().stdout == b'{"x":1}'


def test_a_foreign_scripts_interpreter_must_be_foreign(lemu):
    import capabilities
    capabilities.require(f"qemu-{capabilities.FOREIGN_MACHINE}")
    script = lemu.work / "bootstrap"
    script.write_text("#!/no/such/shell\n")
    script.chmod(0o755)
    result = lemu.run("invoke", "--arch", FOREIGN_ARCH, script).ok(3)
    assert "/no/such/shell" in result.stderr


def test_a_closed_stdout_is_4(lemu):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = lemu.invoke(NATIVE, "probe", {"x": 1}, stdout=writer)
    finally:
        os.close(writer)
    assert result.status == 4 and "stdout" in result.stderr


def test_a_full_disk_behind_stdout_is_4(lemu):
    with open("/dev/full", "w") as full:
        assert lemu.invoke(NATIVE, "probe", {"x": 1}, stdout=full).status == 4


# ---- targets

def test_a_file_of_another_name_runs_as_bootstrap_with_a_note(lemu):
    shutil.copy2(PROBE, lemu.work / "main")
    (lemu.work / "beside").write_text("x")
    result = lemu.invoke(NATIVE, lemu.work / "main", {"do": "list", "path": "/var/task"}).ok()
    assert result.json()["names"] == ["bootstrap"], "only that file is mounted"
    assert "'main' runs as /var/task/bootstrap" in result.stderr


def test_a_folder_is_the_package(lemu, mode):
    package = lemu.package(mode.arch, **{"data.txt": "hello"})
    result = lemu.invoke(mode, package, {"do": "open", "path": "/var/task/data.txt"}).ok()
    assert result.json() == {"error": "", "text": "hello"}


@pytest.mark.parametrize("packed_by", ["zip", "zipfile-without-modes"])
def test_a_zip_is_the_package(lemu, mode, packed_by):
    package = lemu.package(mode.arch, **{"data.txt": "hello"})
    archive = lemu.work / "function.zip"
    if packed_by == "zip":
        subprocess.run(["zip", "-q", "-r", archive, "."], cwd=package, check=True)
        result = lemu.invoke(mode, archive, {"do": "open", "path": "/var/task/data.txt"}).ok()
        assert result.json()["text"] == "hello"
    else:
        with zipfile.ZipFile(archive, "w") as out:  # as made on Windows: no permissions
            entry = zipfile.ZipInfo("bootstrap")
            entry.create_system = 0
            out.writestr(entry, (package / "bootstrap").read_bytes())
        result = lemu.invoke(mode, archive, {})
        if result.status != 0:
            assert result.status == 2 and "permission denied" in result.stderr and "chmod" in result.stderr


@pytest.mark.parametrize("content, words", [
    (b"", "empty"), (b"MZ\0\0" + b"a" * 60, "Windows"), (b"\xcf\xfa\xed\xfe\x0c\0\0\1" + b"a" * 60, "macOS"),
    (b"\x7fELF\1\1\1" + b"\0" * 9 + b"\2\0\x28\0" + b"\0" * 40, "32-bit"),
    (b"echo no interpreter\n", "#!"),
], ids=["empty", "pe", "mach-o", "32-bit", "no-interpreter-line"])
def test_what_cannot_be_a_bootstrap(lemu, content, words):
    target = lemu.work / "bootstrap"
    target.write_bytes(content)
    target.chmod(0o755)
    result = lemu.run("invoke", target).ok(2)
    assert b'"errorType":"Runtime.InvalidEntrypoint"' in result.stdout
    assert words in result.stderr and "exec format error" in result.stderr


def test_the_architecture_is_read_from_the_program(lemu):
    import capabilities
    capabilities.require_mode(MODES[2])
    for arch, machine in (("arm64", "aarch64"), ("x86_64", "x86_64")):
        assert lemu.run("invoke", "--data", '{"do":"ids"}', FUNCTIONS / arch / "probe/bootstrap").ok().json()["machine"] == machine


@pytest.mark.parametrize("spelling", ["arm64", "aarch64", "x86_64", "amd64"])
def test_spellings_of_architectures(lemu, spelling):
    import capabilities
    capabilities.require_mode(MODES[2])
    arch = {"aarch64": "arm64", "amd64": "x86_64"}.get(spelling, spelling)
    lemu.run("invoke", "--arch", spelling, FUNCTIONS / arch / "probe/bootstrap").ok()


# ---- events and output

def test_the_event_from_a_file_and_from_standard_input(lemu):
    (lemu.work / "event.json").write_text('{"from": "file"}\n')
    assert lemu.run("invoke", PROBE, "event.json").ok().stdout == b'{"from": "file"}\n'
    assert lemu.run("invoke", PROBE, "-", data=b'{"from":"stdin"}').ok().stdout == b'{"from":"stdin"}'


def test_repeated_responses_stand_on_lines_of_their_own(lemu):
    assert lemu.invoke(NATIVE, "probe", {"x": 1}, "--repeat", "3").ok().stdout == b'{"x": 1}\n' * 3


def test_a_terminal_gets_a_newline_after_the_response(lemu):
    terminal, other = pty.openpty()
    result = lemu.invoke(NATIVE, "probe", {"x": 1}, stdout=other)
    os.close(other)
    assert os.read(terminal, 4096) == b'{"x": 1}\r\n'
    os.close(terminal)
    result.ok()


def test_the_functions_log_is_on_stderr_as_it_wrote_it(lemu, mode):
    for stream in ("stdout", "stderr"):
        result = lemu.invoke(mode, "probe", {"do": "print", "stream": stream, "text": "one\ntwo"}).ok()
        assert result.stdout == b"null"
        start, end = (next(i for i, line in enumerate(result.lines) if line.startswith(word)) for word in ("START", "END"))
        assert result.lines[start + 1:end] == ["one", "two"], "a line without its end still stands on its own"


def test_a_flood_of_log_lines_arrives_whole(lemu, mode):
    result = lemu.invoke(mode, "probe", {"do": "print", "lines": 20_000}, "--timeout", "30").ok()
    assert [line for line in result.lines if line.startswith("line ")] == [f"line {n}" for n in range(1, 20_001)]


def test_verbose_names_the_errors_entry_in_the_documentation(lemu):
    entry = "docs/errors.md#package-not-opened"
    refused = lemu.run("invoke", "-v", "/nonexistent").ok(2)
    assert refused.stderr.endswith(f"lemu:   see: {entry}\n")
    assert entry not in lemu.run("invoke", "/nonexistent").ok(2).stderr
    assert "### package-not-opened\n" in (REPO / "docs/errors.md").read_text()


def test_quiet_and_verbose(lemu):
    mode = MODES[2]
    import capabilities
    capabilities.require_mode(mode)
    quiet = lemu.invoke(mode, "probe", {"do": "print", "text": "hello\n"}, "-q").ok()
    assert quiet.lines == ["hello"]
    verbose = lemu.invoke(mode, "probe", {}, "-v").ok()
    assert "qemu" in verbose.stderr and "-cpu neoverse-n1" in verbose.stderr


# ---- configuration

def variables(lemu, *options, env=None):
    return lemu.invoke(NATIVE, "probe", {"do": "env"}, *options, env=env).ok().json()


def test_env_file_and_its_precedence(lemu):
    (lemu.work / "a.env").write_text("# a comment\nONE=1\nTWO=from a\nQUOTED=\"x y\"\n\n")
    (lemu.work / "b.env").write_text("TWO=from b\nTHREE=from b\n")
    found = variables(lemu, "--env-file", "a.env", "--env-file", "b.env", "--env", "THREE=from --env")
    assert (found["ONE"], found["TWO"], found["THREE"]) == ("1", "from b", "from --env")


def test_dummy_keys_unless_asked_for(lemu):
    keys = {"AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SECRET_ACCESS_KEY": "real", "AWS_SESSION_TOKEN": "token"}
    assert not set(keys.values()) & set(variables(lemu, env=keys).values())
    found = variables(lemu, "--aws-credentials", "env", env=keys)
    assert {name: found[name] for name in keys} == keys


def test_region_follows_the_users_environment(lemu):
    assert variables(lemu)["AWS_REGION"] == "us-east-1"
    assert variables(lemu, env={"AWS_REGION": "eu-north-1"})["AWS_REGION"] == "eu-north-1"
    assert variables(lemu, "--region", "eu-west-3", env={"AWS_REGION": "eu-north-1"})["AWS_REGION"] == "eu-west-3"


def test_units(lemu):
    found = variables(lemu, "--memory", "1GB", "--timeout", "1500ms")
    assert found["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "1024"


# ---- what is installed

def test_lemu_is_static_and_runs_in_an_empty_root(lemu):
    import capabilities
    for program in [STAGE / "bin/lemu", *(STAGE / "libexec/lemu").iterdir()]:
        assert not capabilities.has_interpreter(program), program
    capabilities.require("userns")
    root = lemu.work / "root"
    root.mkdir()
    shutil.copy2(STAGE / "bin/lemu", root / "lemu")
    out = subprocess.run(["unshare", "--user", "--map-root-user", f"--root={root}", "/lemu", "--version"], capture_output=True)
    assert out.returncode == 0 and out.stdout.startswith(b"lemu "), out


def test_doctor_says_what_would_happen(lemu):
    text = lemu.run("doctor").ok().stdout.decode()
    assert "sandbox" in text and "execution" in text
    found = json.loads(lemu.run("doctor", "--json").ok().stdout)
    assert found


def test_shell_runs_a_command_in_the_functions_environment(lemu):
    shutil.copy2(PROBE, lemu.work / "bootstrap")
    result = lemu.run("shell", lemu.work, "/var/task/bootstrap", "child")
    assert result.status == 7 and result.stdout == f"child on {os.uname().machine}\n".encode()
