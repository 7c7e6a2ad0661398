// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/spec.hpp"

#include <doctest/doctest.h>

using namespace lemu::sandbox;

namespace {
SandboxSpec full_specification() {
  SandboxSpec spec;
  spec.root_folder = "/x/root";
  spec.hostname = "sandbox";
  spec.mounts.push_back({.kind = MountKind::bind, .source = "/usr", .target = "/usr", .identity = {8, 15}});
  spec.mounts.push_back(
      {.kind = MountKind::tmpfs, .target = "/tmp", .mode = 01777, .size = 1 << 20, .inodes = 64});
  spec.mounts.push_back({.kind = MountKind::proc, .target = "/proc", .need = Need::wanted});
  spec.binfmt = Binfmt{":name:M::\\x7f:\\xff:/w:FP", "/dev/.lemu/binfmt", Need::required};
  spec.normal = {"/var/task/bootstrap", {"/var/task/bootstrap", "", "argument with spaces"}, {}, 183, "/l"};
  spec.direct = Program{"/dev/.lemu/qemu", {"/dev/.lemu/qemu", "-cpu", "neoverse-n1"}};
  spec.environment = {"A=1", "B="};
  spec.working_folder = "/var/task";
  spec.limits.push_back({7, 1024, 4096});
  spec.memory_bytes = 3ULL << 30;
  spec.shared_memory = std::uint64_t{1} << 33;
  spec.cgroup = "/sys/fs/cgroup/lemu-1-2-3";
  return spec;
}
}  // namespace

TEST_CASE("a specification survives the wire") {
  const SandboxSpec spec = full_specification();
  const std::string bytes = encode(spec);
  std::optional<SandboxSpec> back = decode(bytes);
  REQUIRE(back);
  CHECK(encode(*back) == bytes);
  CHECK(back->mounts.size() == 3);
  CHECK(back->mounts[0].identity.device == 8);
  CHECK(back->mounts[0].identity.inode == 15);
  CHECK(back->mounts[1].mode == 01777);
  CHECK(back->mounts[2].need == Need::wanted);
  REQUIRE(back->binfmt);
  CHECK(back->binfmt->need == Need::required);
  REQUIRE(back->direct);
  CHECK(back->direct->arguments == spec.direct->arguments);
  CHECK(back->normal.arguments[1].empty());
  CHECK(back->normal.elf_machine == 183);
  CHECK(back->normal.loaded == "/l");
  CHECK(back->limits[0].hard == 4096);
  CHECK(back->mounts[1].inodes == 64);
  CHECK(back->memory_bytes == 3ULL << 30);
  CHECK(back->shared_memory == spec.shared_memory);
  CHECK(back->cgroup == spec.cgroup);
}

TEST_CASE("every truncation of a specification is refused, and so is a surplus byte") {
  const std::string bytes = encode(full_specification());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(decode(std::string_view(bytes).substr(0, size)));
  }
  CHECK_FALSE(decode(bytes + "x"));
}

TEST_CASE("a specification of another version is refused") {
  std::string bytes = encode(full_specification());
  bytes[0] ^= 1;
  CHECK_FALSE(decode(bytes));
}

TEST_CASE("a specification larger than the socket's share is not made") {
  SandboxSpec spec = full_specification();
  spec.environment.assign(1, "BIG=" + std::string(kMaxSpecBytes, 'x'));
  CHECK(encode(spec).empty());
}

TEST_CASE("a value that no enumeration has, or a presence that is neither yes nor no, is refused") {
  SandboxSpec spec;
  const std::string bytes = encode(spec);
  constexpr std::size_t kIsolationAt = 4;  // behind the magic number
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    CAPTURE(at);
    std::string changed = bytes;
    changed[at] = '\x7f';
    const std::optional<SandboxSpec> read = decode(changed);
    if (read) CHECK(encode(*read) == changed);
    if (at == kIsolationAt) CHECK_FALSE(read);
  }
}

TEST_CASE("a list of any length that fits survives the wire") {
  SandboxSpec spec;
  spec.environment.assign(10'000, "A=1");
  const std::optional<SandboxSpec> back = decode(encode(spec));
  REQUIRE(back);
  CHECK(back->environment.size() == 10'000);
}
