// SPDX-License-Identifier: Apache-2.0
#include "qemu/runtime_root.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "base/syscall.hpp"

namespace lemu::qemu {
namespace {

using sandbox::Mount;
using sandbox::MountAccess;
using sandbox::MountKind;
using sandbox::Need;

Mount bind_tree(std::string source, std::string target, Need need = Need::required) {
  return {.kind = MountKind::bind, .source = std::move(source), .target = std::move(target), .need = need};
}
Mount link(std::string text, std::string target) {
  return {.kind = MountKind::symlink, .source = std::move(text), .target = std::move(target)};
}
Mount made_file(std::string content, std::string target) {
  return {.kind = MountKind::file, .source = std::move(content), .target = std::move(target), .mode = 0644};
}
Mount folder(std::string target, std::uint32_t mode = 0755) {
  return {.kind = MountKind::folder, .target = std::move(target), .mode = mode};
}

bool exists(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0;
}

/// A top-level entry of a root, as it is there: a link as a link, a folder bound.
void append_entry(std::vector<Mount>& mounts, const std::string& root, const std::string& name) {
  const std::string source = root + "/" + name;
  struct stat about {};
  if (::lstat(source.c_str(), &about) < 0) return;
  if (S_ISLNK(about.st_mode)) {
    std::error_code ignored;
    mounts.push_back(link(std::filesystem::read_symlink(source, ignored).string(), "/" + name));
  } else if (S_ISDIR(about.st_mode)) {
    mounts.push_back(bind_tree(source, "/" + name));
  }
}

void append_root(std::vector<Mount>& mounts, const std::string& root) {
  for (const char* name : {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix"})
    append_entry(mounts, root, name);
  for (const char* file : {"/etc/ld.so.cache", "/etc/alternatives"})
    if (exists(root + file)) mounts.push_back(bind_tree(root + file, file, Need::wanted));
}

// Facts about time zones are the same on every architecture.
void append_zoneinfo(std::vector<Mount>& mounts) {
  if (exists("/usr/share/zoneinfo"))
    mounts.push_back(bind_tree("/usr/share/zoneinfo", "/usr/share/zoneinfo", Need::wanted));
}

/// Where distributions keep the bundle of CA certificates.
std::string host_ca_bundle() {
  constexpr std::array kPlaces = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                  "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};
  for (const char* place : kPlaces) {
    std::error_code code;
    const std::filesystem::path real = std::filesystem::canonical(place, code);
    if (!code) return real.string();
  }
  return {};
}

}  // namespace

std::vector<Mount> system_mounts(const RuntimeRoot& root) {
  std::vector<Mount> mounts;
  switch (root.source) {
    case SystemSource::host: append_root(mounts, ""); break;
    case SystemSource::sysroot: append_root(mounts, root.path); break;
    case SystemSource::cross_libraries:
      mounts.push_back(bind_tree(root.path, "/lib"));
      for (const char* name : {"/lib64", "/usr/lib", "/usr/lib64"}) mounts.push_back(link("/lib", name));
      append_zoneinfo(mounts);
      break;
    case SystemSource::none: append_zoneinfo(mounts); break;
  }
  return mounts;
}

std::vector<Mount> device_mounts() {
  std::vector<Mount> mounts;
  mounts.push_back({.kind = MountKind::proc, .target = "/proc", .need = Need::wanted});
  mounts.push_back(folder("/dev"));
  for (const char* name : {"null", "zero", "full", "random", "urandom"}) {
    const std::string node = std::string("/dev/") + name;
    mounts.push_back({.kind = MountKind::bind,
                      .source = node,
                      .target = node,
                      .access = MountAccess::read_write,
                      .need = Need::wanted});
  }
  mounts.push_back(link("/proc/self/fd", "/dev/fd"));
  mounts.push_back(link("/proc/self/fd/0", "/dev/stdin"));
  mounts.push_back(link("/proc/self/fd/1", "/dev/stdout"));
  mounts.push_back(link("/proc/self/fd/2", "/dev/stderr"));
  return mounts;
}

std::vector<Mount> etc_mounts() {
  constexpr std::size_t kMaxConfigFile = 64 * 1024;
  std::vector<Mount> mounts;
  mounts.push_back(
      made_file("root:x:0:0:root:/root:/bin/sh\n"
                "sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin\n"
                "nobody:x:65534:65534:nobody:/:/sbin/nologin\n",
                "/etc/passwd"));
  mounts.push_back(made_file("root:x:0:\nsbx_user1051:x:990:\nnobody:x:65534:\n", "/etc/group"));
  // `sandbox` names the execution environment itself in telemetry destinations (AWS Lambda Telemetry API).
  mounts.push_back(
      made_file("127.0.0.1 localhost localhost.localdomain sandbox sandbox.localdomain\n::1 localhost localhost6\n",
                "/etc/hosts"));
  Result<std::string> resolver = read_file("/etc/resolv.conf", kMaxConfigFile);
  mounts.push_back(made_file(resolver ? *resolver : std::string(), "/etc/resolv.conf"));
  mounts.push_back(made_file("passwd: files\ngroup: files\nhosts: files dns\n", "/etc/nsswitch.conf"));
  const std::string bundle = host_ca_bundle();
  if (!bundle.empty()) {
    mounts.push_back(bind_tree(bundle, "/etc/ssl/certs/ca-certificates.crt", Need::wanted));
    mounts.push_back(link("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs/ca-bundle.crt"));
    mounts.push_back(link("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"));
    mounts.push_back(link("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"));
    mounts.push_back(
        link("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"));
  }
  return mounts;
}

}  // namespace lemu::qemu
