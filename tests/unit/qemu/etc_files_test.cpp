// SPDX-License-Identifier: Apache-2.0
#include "qemu/etc_files.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "qemu/file_table.hpp"
#include "tests/unit/qemu/elf_files.hpp"

using namespace lemu::qemu;
using namespace lemu::qemu::test;
using lemu::sandbox::Mount;
using lemu::sandbox::MountKind;

namespace {

/// What stands at each path: "bind", "file", "-> target".
using Seen = std::map<std::string, std::string>;

Seen seen(const RuntimeRoot& root, const std::string& host) {
  Seen all;
  for (const Mount& mount : etc_mounts(root, host)) {
    CHECK_MESSAGE(all.count(mount.target) == 0, mount.target);
    if (mount.kind == MountKind::bind) all[mount.target] = "bind " + mount.source;
    if (mount.kind == MountKind::file) all[mount.target] = "file";
    if (mount.kind == MountKind::symlink) all[mount.target] = "-> " + mount.source;
    if (mount.kind == MountKind::folder) all[mount.target] = "folder";
  }
  return all;
}

/// Debian's /etc, of a machine with a JVM and secrets.
void add_debian(const TemporaryFolder& root) {
  root.add("usr/lib/os-release", "ID=debian", 0644);
  for (const char* name :
       {"etc/java-17/security/java.security", "etc/ssl/openssl.cnf", "etc/ssl/cert-of-mine.pem",
        "etc/ssl/certs/ca-certificates.crt", "etc/fonts/fonts.conf", "etc/passwd", "etc/hosts", "etc/fstab",
        "etc/machine-id", "etc/npmrc", "etc/nsswitch.conf", "etc/services"})
    root.add(name, "x", 0644);
  for (const char* name : {"etc/shadow", "etc/ssl/private/key", "etc/java-17/management/password"})
    root.add(name, "secret", 0640);
  std::filesystem::create_symlink("../usr/lib/os-release", root.path + "/etc/os-release");
}

}  // namespace

TEST_CASE("of the host's /etc there is what packages put there for everybody, and nothing else") {
  const TemporaryFolder host;
  add_debian(host);
  host.add("etc/maven/settings.xml", "x", 0644);
  ::chmod((host.path + "/etc/maven").c_str(), 0750);  // not for everybody
  host.add("etc/fonts2/x", "x", 0644);                // no place that is known
  const Seen all = seen({SystemSource::host, {}, {}}, host.path);
  const Seen wanted = {
      {"/etc", "folder"},
      {"/etc/fonts", "bind " + host.path + "/etc/fonts"},
      {"/etc/group", "file"},
      {"/etc/hosts", "file"},
      {"/etc/java-17", "bind " + host.path + "/etc/java-17"},
      {"/etc/localtime", "-> /usr/share/zoneinfo/UTC"},
      {"/etc/nsswitch.conf", "file"},
      {"/etc/os-release", "-> ../usr/lib/os-release"},
      {"/etc/passwd", "file"},
      {"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "-> /etc/ssl/certs/ca-certificates.crt"},
      {"/etc/pki/tls/cert.pem", "-> /etc/ssl/certs/ca-certificates.crt"},
      {"/etc/pki/tls/certs/ca-bundle.crt", "-> /etc/ssl/certs/ca-certificates.crt"},
      {"/etc/protocols", "file"},
      {"/etc/resolv.conf", "file"},
      {"/etc/services", "file"},
      {"/etc/ssl", "folder"},
      {"/etc/ssl/ca-bundle.pem", "-> /etc/ssl/certs/ca-certificates.crt"},
      {"/etc/ssl/cert.pem", "-> /etc/ssl/certs/ca-certificates.crt"},
      {"/etc/ssl/certs", "bind " + host.path + "/etc/ssl/certs"},
      {"/etc/ssl/openssl.cnf", "bind " + host.path + "/etc/ssl/openssl.cnf"},
  };
  CHECK(all == wanted);
  // The host's root under the name of a sysroot is the host's root.
  CHECK(seen({SystemSource::sysroot, host.path, {}}, host.path) == wanted);
}

TEST_CASE("what somebody else owns, or everybody may write, is not the system's") {
  const TemporaryFolder host;
  add_debian(host);
  ::chmod((host.path + "/etc/fonts").c_str(), 0777);
  if (::geteuid() == 0) REQUIRE(::chown((host.path + "/etc/java-17").c_str(), 1234, 1234) == 0);
  const Seen all = seen({SystemSource::host, {}, {}}, host.path);
  CHECK(all.count("/etc/fonts") == 0);
  CHECK(all.count("/etc/java-17") == (::geteuid() == 0 ? 0 : 1));
}

TEST_CASE("a sysroot's /etc is its own, but for what must be made, and for what not everybody may read") {
  const TemporaryFolder host;
  const TemporaryFolder root;
  host.add("etc/ssl/certs/ca-certificates.crt", "the host's", 0644);
  add_debian(root);
  const Seen all = seen({SystemSource::sysroot, root.path, {}}, host.path);
  const auto own = [&](const std::string& path) { return "bind " + root.path + path; };
  for (const char* path :
       {"/etc/fstab", "/etc/machine-id", "/etc/npmrc", "/etc/nsswitch.conf", "/etc/services",
        "/etc/ssl/certs", "/etc/ssl/cert-of-mine.pem", "/etc/fonts", "/etc/java-17/security"})
    CHECK(all.at(path) == own(path));
  for (const char* path : {"/etc/passwd", "/etc/hosts", "/etc/group", "/etc/resolv.conf", "/etc/protocols"})
    CHECK(all.at(path) == "file");
  CHECK(all.at("/etc/java-17") == "folder");  // as a private file lies in it
  CHECK(all.at("/etc/os-release") == "-> ../usr/lib/os-release");
  for (const auto& [path, what] : all) {
    CHECK(path.find("private") == std::string::npos);
    CHECK(path.find("shadow") == std::string::npos);
    CHECK(path.find("password") == std::string::npos);
    CHECK(what.find(host.path) == std::string::npos);
  }
}

TEST_CASE("an /etc that is a link, and links in it, are not followed on this machine") {
  const TemporaryFolder host;
  const TemporaryFolder root;
  const TemporaryFolder elsewhere;
  host.add("etc/fonts/fonts.conf", "x", 0644);
  elsewhere.add("secret", "x", 0644);
  root.add("usr/x", "x", 0644);
  std::filesystem::create_symlink(elsewhere.path, root.path + "/etc");
  CHECK(seen({SystemSource::sysroot, root.path, {}}, host.path).count("/etc/secret") == 0);
  std::filesystem::remove(root.path + "/etc");
  std::filesystem::create_directory(root.path + "/etc");
  std::filesystem::create_symlink(elsewhere.path, root.path + "/etc/ssl");
  const Seen all = seen({SystemSource::sysroot, root.path, {}}, host.path);
  CHECK(all.count("/etc/ssl") == 0);  // leads to nothing that is shown, and would be in the way
  for (const auto& [path, what] : all) CHECK(what.find(elsewhere.path) == std::string::npos);
}

TEST_CASE("a root without certificates is given the host's, beside what it has") {
  const TemporaryFolder host;
  const TemporaryFolder root;
  const std::string bundle = host.add("etc/pki/tls/certs/ca-bundle.crt", "the host's", 0644);
  root.add("etc/ssl/certs/java/cacerts", "x", 0644);
  root.add("usr/x", "x", 0644);
  for (const RuntimeRoot& where :
       {RuntimeRoot{SystemSource::sysroot, root.path, {}}, RuntimeRoot{SystemSource::none, {}, {}}}) {
    const Seen all = seen(where, host.path);
    CHECK(all.at("/etc/ssl/certs/ca-certificates.crt") == "bind " + bundle);
    CHECK(all.at("/etc/ssl/certs/ca-bundle.crt") == "-> /etc/ssl/certs/ca-certificates.crt");
    CHECK(all.at("/etc/pki/tls/certs/ca-bundle.crt") == "-> /etc/ssl/certs/ca-certificates.crt");
    CHECK((all.count("/etc/ssl/certs/java") == 1) == (where.source == SystemSource::sysroot));
    CHECK((all.count("/etc/system-release") == 1) == (where.source == SystemSource::none));
  }
}

TEST_CASE("certificates are found however a distribution lays them out") {
  struct Row {
    const char* distribution;
    std::string bundle;                                      ///< the file itself
    std::vector<std::pair<std::string, std::string>> links;  ///< path, text
    std::string stands_at;                                   ///< where a function finds it
  };
  const Row rows[] = {
      {"Debian", "etc/ssl/certs/ca-certificates.crt", {}, "/etc/ssl/certs/ca-certificates.crt"},
      {"Arch",
       "etc/ca-certificates/extracted/tls-ca-bundle.pem",
       {{"etc/ssl/certs/ca-certificates.crt", "../../ca-certificates/extracted/tls-ca-bundle.pem"}},
       "/etc/ssl/certs/ca-certificates.crt"},
      {"Fedora",
       "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
       {{"etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"},
        {"etc/ssl/certs", "../pki/tls/certs"}},
       "/etc/ssl/certs/ca-bundle.crt"},
      {"openSUSE",
       "var/lib/ca-certificates/ca-bundle.pem",
       {{"etc/ssl/ca-bundle.pem", "../../var/lib/ca-certificates/ca-bundle.pem"},
        {"etc/ssl/certs", "../../var/lib/ca-certificates/pem"}},
       "/etc/ssl/certs/ca-certificates.crt"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.distribution);
    const TemporaryFolder host;
    host.add("usr/x", "x", 0644);
    host.add(row.bundle, "certificates", 0644);
    for (const auto& [path, text] : row.links) {
      const std::filesystem::path link = host.path + "/" + path;
      std::filesystem::create_directories(link.parent_path());
      std::filesystem::create_symlink(text, link);
    }
    const std::vector<Mount> mounts = etc_mounts({SystemSource::host, {}, {}}, host.path);
    GuestRoot tree;
    show(tree, mounts);
    CHECK(tree.find(row.stands_at) == host.path + "/" + row.bundle);
    CHECK(tree.find("/etc/pki/tls/certs/ca-bundle.crt") == host.path + "/" + row.bundle);
  }
}

TEST_CASE("the links of a merged /usr are made where a root lacks them") {
  const TemporaryFolder root;
  root.add("usr/lib/ld-linux-aarch64.so.1", "x");
  root.add("usr/bin/sh", "x");
  root.add("sbin/init", "x");
  root.add("usr/sbin/init", "x");
  CHECK(missing_usr_links(root.path) == std::vector<std::string>{"bin", "lib"});
  GuestRoot tree;
  show(tree, system_mounts({SystemSource::sysroot, root.path, {}}));
  CHECK(tree.find("/lib/ld-linux-aarch64.so.1") == root.path + "/usr/lib/ld-linux-aarch64.so.1");
  CHECK(tree.find("/bin/sh") == root.path + "/usr/bin/sh");
  CHECK(tree.find("/sbin/init") == root.path + "/sbin/init");
  CHECK(!tree.find("/lib64/ld-linux-x86-64.so.2"));
}

TEST_CASE(
    "sockets and named pipes at the top of /usr and /usr/local are hidden, and of Nix there is the store") {
  const TemporaryFolder root;
  for (const char* name : {"usr/local/x", "usr/local/run/x", "nix/store/x", "nix/var/nix/daemon-socket/x"})
    root.add(name, "x");
  REQUIRE(::mkfifo((root.path + "/usr/pipe").c_str(), 0600) == 0);
  REQUIRE(::mknod((root.path + "/usr/local/socket").c_str(), S_IFSOCK | 0600, 0) == 0);
  std::vector<std::string> hidden, bound;
  for (const Mount& mount : system_mounts({SystemSource::sysroot, root.path, {}})) {
    if (mount.kind == MountKind::hidden) hidden.push_back(mount.target);
    if (mount.kind == MountKind::bind) bound.push_back(mount.target);
  }
  CHECK(hidden == std::vector<std::string>{"/usr/pipe", "/usr/local/socket", "/usr/local/run"});
  CHECK(bound == std::vector<std::string>{"/usr", "/nix/store"});
}

TEST_CASE("each file that is made has its row on the page") {
  const std::string page = file_table();
  for (const MadeFile& made : made_files())
    CHECK(page.find("`/etc/" + std::string(made.name) + "`") != std::string::npos);
}
