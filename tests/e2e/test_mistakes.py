# SPDX-License-Identifier: Apache-2.0
"""The mistakes of who is new: each is told with its remedy."""
import os
import stat
import zipfile

import pytest
from harness import HOST_ARCH


@pytest.mark.leaves("package", "function.zip")
def test_a_windows_script_in_a_zip_is_named_by_its_place_there(lemu):
    package = lemu.folder / "function.zip"
    with zipfile.ZipFile(package, "w") as file:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = (stat.S_IFREG | 0o755) << 16
        file.writestr(entry, "#!/bin/sh\r\necho\r\n")
    result = lemu.run("invoke", package).ok(2)
    assert f"bootstrap in '{package}': its #! line ends in CR LF" in result.stderr
    assert "dos2unix bootstrap " in result.stderr and "then make the zip again" in result.stderr
    assert str(lemu.tmp) not in result.stderr


@pytest.mark.leaves("work")
@pytest.mark.parametrize("words, message, remedy", [
    (["--data", "@event.json"], "--data takes the JSON itself", "lemu invoke TARGET event.json"),
    (["--data", "file://event.json"], "--data takes the JSON itself", "lemu invoke TARGET event.json"),
    (["--data", "event.json"], "--data takes the JSON itself", "lemu invoke TARGET event.json"),
    (["PROBE", "file://event.json"], "EVENT is a plain path, without file://", "lemu invoke TARGET event.json"),
    (["PROBE", '{"a": "b c"}'], "EVENT is the path of a file, and this is JSON", """--data '{"a": "b c"}'"""),
    (["PROBE", "utf16.json"], "utf16.json is in UTF-16", "iconv -f UTF-16 -t UTF-8 "),
    (["PROBE", "utf16le.json"], "utf16le.json is in UTF-16LE", "iconv -f UTF-16LE -t UTF-8 "),
], ids=lambda value: value if isinstance(value, str) else " ".join(value))
def test_an_event_that_is_meant_otherwise(lemu, words, message, remedy):
    (lemu.work / "event.json").write_text("{}")
    (lemu.work / "utf16.json").write_bytes('{"a": 1}'.encode("utf-16"))
    (lemu.work / "utf16le.json").write_bytes('{"a": 1}'.encode("utf-16-le"))
    probe = lemu.function(HOST_ARCH, "probe")
    words = [probe if word == "PROBE" else word for word in words]
    result = lemu.run("invoke", *words, *([] if probe in words else [probe])).ok(2)
    assert message in result.stderr and remedy in result.stderr and result.stdout == b"", result


@pytest.mark.parametrize("command", ["serve", "rie"])
@pytest.mark.parametrize("name", ["lambda.test:9000", "http://lambda.test", "https://lambda.test:9000/x"])
def test_a_host_name_with_its_port_is_told_to_be_given_alone(lemu, command, name):
    result = lemu.run(command, "--host-name", name).ok(2)
    assert f"'{name}' is not a host name: give 'lambda.test' alone, without scheme and port" in result.stderr


@pytest.mark.leaves("work")
def test_an_env_file_of_sam(lemu, mode):
    file = lemu.work / "env.json"
    file.write_text('{"Parameters": {"STAGE": "all", "SIZE": 5}, "hello": {"STAGE": "mine"}}')
    result = lemu.invoke(mode, "probe", {"do": "env"}, "--env-file", file, "--name", "hello").ok()
    assert b"STAGE=mine" in result.stdout.replace(b'":"', b"=") and b"SIZE=5" in result.stdout.replace(b'":"', b"=")
    file.write_text('{"Other": {"STAGE": "x"}}')
    refused = lemu.invoke(mode, "probe", {}, "--env-file", file, "--name", "hello").ok(2)
    assert "has variables for 'Other', and none for the function hello" in refused.stderr


@pytest.mark.leaves("package")
@pytest.mark.parametrize("mode_bits", [0o700, 0o750])
def test_a_bootstrap_that_lambdas_user_may_not_run_is_refused(any_user, mode_bits):
    folder = any_user.package(HOST_ARCH)
    (folder / "bootstrap").chmod(mode_bits)
    if any_user.user is not None:
        os.chown(folder / "bootstrap", any_user.user, any_user.user)
    result = any_user.run("invoke", "-q", folder).ok(2)
    assert f"is not executable for all (mode 0{mode_bits:o})" in result.stderr and "chmod 755 " in result.stderr
    assert "fork/exec /var/task/bootstrap: permission denied" in result.json()["errorMessage"]
