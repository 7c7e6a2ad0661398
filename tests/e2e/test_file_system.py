# SPDX-License-Identifier: Apache-2.0
"""The file system that a function sees: system files, roots of other systems, and what of the host is not to be reached."""
import contextlib
import fnmatch
import os
import pathlib
import re
import shutil
import socket

import capabilities
import pytest
from harness import HOST_ARCH, MACHINE, MODES, REPO

LOADER = {"x86_64": "lib64/ld-linux-x86-64.so.2", "arm64": "lib/ld-linux-aarch64.so.1"}


def inside(lemu, mode, function="probe", options=(), **event):
    return lemu.invoke(mode, function, event, *options).ok().json()


def root_with_a_c_library(lemu, arch):
    """A root as hand-unpacked packages of a merged /usr make one: everything below usr, and no links to it."""
    root = lemu.folder / "sysroot"
    triplet = f"{MACHINE[arch]}-linux-gnu"
    libraries = pathlib.Path(f"/lib/{triplet}" if arch == HOST_ARCH else f"/usr/{triplet}/lib")
    loader = root / "usr" / LOADER[arch]
    own = root / "usr/lib" / triplet
    for folder in (own, loader.parent):
        folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(libraries / "libc.so.6", own)
    shutil.copy(libraries / loader.name, own)
    loader.symlink_to(os.path.relpath(own / loader.name, loader.parent))
    return root


@pytest.mark.bare
def test_a_sysroot_without_the_links_of_a_merged_usr(any_user, mode):
    if mode.emulated:
        capabilities.require("cross-sysroot")
    root = root_with_a_c_library(any_user, mode.arch)
    result = any_user.invoke(mode, "probe-dynamic", {"do": "ids"}, "--sysroot", root).ok()
    assert result.json()["machine"] == MACHINE[mode.arch]
    unused = mode.sandbox == "off" and not mode.emulated
    assert ("--sysroot is not used" in result.stderr) == unused
    if mode.sandbox == "on":
        names = set(inside(any_user, mode, "probe-dynamic", ("--sysroot", root), do="list", path="/")["names"])
        assert {"lib", *([] if mode.emulated else ["lib64"])} <= names


# ---- what the page says

PAGE = (REPO / "docs/sandbox.md").read_text().split("<!-- files: written")[1].split("<!-- end of files")[0]


def rows():
    """(path, cell) of each path, for native, sysroot, cross libraries, static."""
    found = []
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[0].startswith("`"):
            found += [(path, cells[2:]) for path in re.findall(r"`(/[^`]*)`", cells[0])]
    return found


def kinds(lemu, mode):
    """Each kind of root this mode has: (column, function, options)."""
    if not mode.emulated:
        return [(0, "probe", ())]
    root = lemu.folder / "sysroot"
    (root / "usr").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "etc/of-the-sysroot").write_text("x")
    capabilities.require("cross-sysroot")
    return [(1, "probe", ("--sysroot", root)), (2, "probe-dynamic", ()), (3, "probe", ())]


def test_the_page_lists_what_a_function_sees(lemu, mode):
    table = rows()
    assert len(table) > 60
    for column, function, options in kinds(lemu, mode):
        listed = {path: cells[column] for path, cells in table if cells[column] != "no"}
        for folder in ("/", "/dev", "/etc", "/etc/ssl", "/etc/pki/tls", "/var", *(["/usr"] if column > 1 else [])):
            seen = {f"{folder.rstrip('/')}/{name}"
                    for name in inside(lemu, mode, function, options, do="list", path=folder)["names"]}
            for path in seen:
                assert any(fnmatch.fnmatchcase(path, known) or known.startswith(path + "/") or path.startswith(known + "/")
                           for known in listed), f"{path} is not on the page"
            for path in (path for path, cell in listed.items() if cell == "yes" and os.path.dirname(path) == folder):
                assert path in seen, f"{path} is on the page and not there"


# ---- /etc

@pytest.fixture
def own_etc(any_user):
    """A root with an /etc of its own, in which public and private files lie side by side."""
    root = any_user.folder / "sysroot"
    files = {"passwd": "of-the-root", "hosts": "of-the-root", "resolv.conf": "of-the-root", "nsswitch.conf": "hosts: files",
             "os-release": "ID=mine", "app/conf": "configured", "app/deep/er/conf": "configured", "ssl/openssl.cnf": "openssl",
             "ssl/certs/ca-certificates.crt": "its own certificates", "protocols": "mine 250"}
    private = {"shadow": "secret", "app/key": "secret", "app/deep/er/key": "secret", "locked/key": "secret",
               "ssl/private/key.pem": "secret"}
    for name, text in {**files, **private}.items():
        path = root / "etc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644 if name in files else 0o640)
    (root / "etc/locked/key").chmod(0o644)
    (root / "etc/locked").chmod(0o750)
    (root / "etc/ssl/private/key.pem").chmod(0o644)
    (root / "usr/lib/app").mkdir(parents=True)
    (root / "usr/lib/app/conf").symlink_to("/etc/app/conf")
    (root / "etc/out").symlink_to("/etc/passwd")
    os.mkfifo(root / "etc/app/pipe")
    for path in [root, *root.rglob("*")]:  # as its user would have unpacked it
        if any_user.user is not None:
            os.chown(path, any_user.user, any_user.user, follow_symlinks=False)
    return root


def test_a_sysroot_has_its_own_etc(any_user, mode, own_etc):
    def text(path):
        return inside(any_user, mode, options=("--sysroot", own_etc), do="open", path=path)

    assert text("/usr/lib/app/conf") == text("/etc/app/deep/er/conf") == {"error": "", "text": "configured"}
    for name, content in {"nsswitch.conf": "hosts: files", "os-release": "ID=mine", "protocols": "mine 250",
                          "ssl/openssl.cnf": "openssl", "ssl/certs/ca-certificates.crt": "its own certificates"}.items():
        assert text("/etc/" + name)["text"] == content, name
    assert "sbx_user1051" in text("/etc/passwd")["text"] and text("/etc/out") == text("/etc/passwd")
    assert "sandbox.localdomain" in text("/etc/hosts")["text"]
    assert text("/etc/resolv.conf")["text"] == pathlib.Path("/etc/resolv.conf").read_text()
    assert "443/tcp" in text("/etc/services")["text"], "made, as the sysroot has none"
    assert text("/etc/pki/tls/certs/ca-bundle.crt")["text"] == "its own certificates"
    for name in ("shadow", "app/key", "app/deep/er/key", "locked/key", "ssl/private/key.pem", "app/pipe"):
        assert text("/etc/" + name)["error"] == "ENOENT", name


PRIVATE = ["shadow", "gshadow", "ssl/private", "machine-id", "hostname", "fstab", "environment", "ssh", "sudoers", "npmrc",
           "pip.conf", "apt", "cron.d"]


@pytest.mark.parametrize("options", [(), ("--sysroot", "/")], ids=["native", "sysroot-of-the-host"])
def test_nothing_private_of_the_hosts_etc(any_user, options):
    mode = MODES[0]
    names = inside(any_user, mode, options=options, do="list", path="/etc")["names"]
    assert not set(names) & set(PRIVATE)
    assert inside(any_user, mode, options=options, do="list", path="/etc/ssl/private")["error"] == "ENOENT"
    assert "of-this-machine" not in inside(any_user, mode, options=options, do="open", path="/etc/passwd")["text"]
    assert "sbx_user1051" in inside(any_user, mode, options=options, do="open", path="/etc/passwd")["text"]


def links_into_etc():
    """One link of the host's /usr into each public place of its /etc that there is."""
    public = [path for path, cells in rows() if path.startswith("/etc/") and cells[:2] == ["the host's", "its own"]]
    found = {}
    for folder, folders, files in os.walk("/usr/lib", followlinks=False):
        for name in folders + files:
            path = os.path.join(folder, name)
            target = os.readlink(path) if os.path.islink(path) else ""
            if target.startswith("/etc/") and os.path.exists(path):
                place = "/".join(target.split("/")[:3])
                if any(fnmatch.fnmatchcase(place, known) for known in public) and "private" not in target:
                    found.setdefault(place, path)
    return found


@pytest.mark.parametrize("options", [(), ("--sysroot", "/")], ids=["native", "sysroot-of-the-host"])
def test_what_the_hosts_usr_links_to_in_etc_is_there(any_user, options):
    found = links_into_etc()
    assert found, "/usr/lib has a link into /etc on every distribution"
    for path in found.values():
        assert inside(any_user, MODES[0], options=options, do="stat", path=path)["error"] == "", path


JAVA = """
import java.security.MessageDigest;
import javax.net.ssl.SSLContext;
class Main {
  public static void main(String[] words) throws Exception {
    byte[] digest = MessageDigest.getInstance("SHA-256").digest("lemu".getBytes());
    System.out.println(digest.length + " " + SSLContext.getDefault().getProtocol() + " "
        + java.security.Security.getProperty("securerandom.source"));
  }
}
"""


def in_shell(lemu, options, *words, files=()):
    package = lemu.package(HOST_ARCH, **dict(files))
    ran = lemu.run("shell", "--sandbox", "on", *options, "--memory", "2048", package, "--", *words)
    return ran.ok().stdout.decode().split()


@pytest.mark.needs("java", "userns")
@pytest.mark.parametrize("options", [(), ("--sysroot", "/")], ids=["native", "sysroot"])
def test_a_jvm_finds_its_configuration(any_user, options):
    words = in_shell(any_user, options, "/usr/bin/java", "-Xshare:auto", "/var/task/Main.java", files={"Main.java": JAVA})
    assert words[:2] == ["32", "Default"] and "random" in words[2]


CONTEXT = "import ssl; c = ssl.create_default_context(); c.load_default_certs(); print(c.cert_store_stats()['x509_ca'] > 10)"


@pytest.mark.needs("userns")
@pytest.mark.skipif(not os.path.exists("/usr/bin/openssl"), reason="needs /usr/bin/openssl")
@pytest.mark.parametrize("options", [(), ("--sysroot", "/")], ids=["native", "sysroot"])
def test_openssl_finds_its_configuration_and_certificates(any_user, options):
    made = in_shell(any_user, options, "/bin/sh", "-c",
                    "openssl req -new -newkey rsa:2048 -nodes -subj /CN=x -keyout /tmp/key -out /tmp/request 2>/dev/null"
                    " && grep -c BEGIN /tmp/request")
    assert made == ["1"]
    told = in_shell(any_user, options, "/usr/bin/python3", "-c", CONTEXT)
    assert told == ["True"]


def test_what_amazon_linux_tells(lemu, mode):
    """Programs without a system of their own."""
    if not mode.emulated:
        pytest.skip("a native function has the host's system")
    texts = {name: inside(lemu, mode, do="open", path=f"/etc/{name}")["text"]
             for name in ("os-release", "system-release", "protocols", "services", "nsswitch.conf")}
    fields = dict(line.split("=", 1) for line in texts["os-release"].splitlines())
    assert fields["ID"] == '"amzn"' and fields["VERSION_ID"] == '"2023"' and fields["PLATFORM_ID"] == '"platform:al2023"'
    assert texts["system-release"] == "Amazon Linux release 2023 (Amazon Linux)\n"
    assert "tcp 6 TCP" in texts["protocols"] and "https 443/tcp" in texts["services"]
    assert "hosts: files dns" in texts["nsswitch.conf"]
    assert "localtime" in inside(lemu, mode, do="list", path="/etc")["names"]


@pytest.mark.parametrize("path", ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
                                  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/pki/tls/cert.pem"])
def test_certificates_under_each_name(lemu, mode, path):
    assert "BEGIN CERTIFICATE" in inside(lemu, mode, do="open", path=path)["text"]


# ---- sockets

@contextlib.contextmanager
def listening(path, mode=0o777):
    """A socket that everybody may connect to, as a program of this machine has one."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        os.chmod(path, mode)
        server.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
        yield
    os.unlink(path)


def test_sockets_of_a_package_cannot_be_used(any_user, mode):
    package = any_user.package(mode.arch)
    (package / "deep/.git").mkdir(parents=True)
    os.mkfifo(package / "pipe")
    os.chmod(package / "pipe", 0o777)
    reader = os.open(package / "pipe", os.O_RDWR | os.O_NONBLOCK)
    try:
        with listening(package / "top.sock"), listening(package / "deep/.git/daemon.ipc"):
            for name in ("top.sock", "deep/.git/daemon.ipc"):
                result = any_user.invoke(mode, package, {"do": "connect", "path": "/var/task/" + name}).ok()
                assert result.json()["error"] == "EACCES", name
            assert "holds a socket or named pipe" in result.stderr
            for access in ("w", "r"):
                opened = any_user.invoke(mode, package, {"do": "open", "path": "/var/task/pipe", "mode": access}).ok().json()
                assert opened == {"error": "EACCES" if access == "w" else "", "text": ""}
    finally:
        os.close(reader)


@pytest.mark.alone
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can put a socket there")
@pytest.mark.parametrize("options", [(), ("--sysroot", "/")], ids=["native", "sysroot"])
def test_sockets_of_the_system_cannot_be_used(any_user, options):
    """A Nix daemon's, and those of what an administrator built."""
    places = [pathlib.Path("/usr/local/lemu-test.sock"), pathlib.Path("/usr/local/run/lemu-test.sock"),
              pathlib.Path("/nix/var/nix/daemon-socket/lemu-test")]
    made = [folder for place in places for folder in reversed(place.parents) if not folder.exists()]
    made = list(dict.fromkeys([*made, *([pathlib.Path("/nix/store")] if not os.path.exists("/nix/store") else [])]))
    with contextlib.ExitStack() as stack:
        for folder in made:
            folder.mkdir()
            stack.callback(folder.rmdir)
        for place in places:
            stack.enter_context(listening(place))
        for place in places:
            error = inside(any_user, MODES[0], options=options, do="connect", path=str(place))["error"]
            assert error in ("EACCES", "ENOENT"), place
