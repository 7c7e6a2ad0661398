// SPDX-License-Identifier: Apache-2.0
// The helper's specification: bytes that are one are the only ones for what they say, and every specification
// comes through the pipe as it was.
#include "qemu/sandbox/spec.hpp"

#include "tests/fuzz/target.hpp"

using namespace lemu;
using namespace lemu::sandbox;

namespace {

std::vector<std::string> texts(fuzz::Input& input) {
  std::vector<std::string> all;
  for (std::size_t count = input.byte() % 4; count > 0; --count) all.emplace_back(input.text());
  return all;
}

Program program(fuzz::Input& input) {
  return {.path = std::string(input.text()), .arguments = texts(input), .environment = texts(input)};
}

Mount mount(fuzz::Input& input) {
  return {.kind = static_cast<MountKind>(input.byte() % 6),
          .source = std::string(input.text()),
          .target = std::string(input.text()),
          .mode = input.number(),
          .size = std::uint64_t{input.number()} << 32 | input.number(),
          .access = static_cast<MountAccess>(input.byte() % 2),
          .need = static_cast<Need>(input.byte() % 2)};
}

SandboxSpec made_of(fuzz::Input input) {
  SandboxSpec spec;
  spec.isolation = static_cast<Isolation>(input.byte() % 2);
  spec.stdio = static_cast<Stdio>(input.byte() % 2);
  spec.root_folder = input.text();
  spec.hostname = input.text();
  for (std::size_t count = input.byte() % 8; count > 0; --count) spec.mounts.push_back(mount(input));
  if (input.byte() % 2 == 1)
    spec.binfmt =
        Binfmt{std::string(input.text()), std::string(input.text()), static_cast<Need>(input.byte() % 2)};
  spec.function_uid = input.number();
  spec.host_gid = input.number();
  spec.normal = program(input);
  if (input.byte() % 2 == 1) spec.direct = program(input);
  spec.environment = texts(input);
  spec.working_folder = input.text();
  for (std::size_t count = input.byte() % 8; count > 0; --count)
    spec.limits.push_back({static_cast<std::int32_t>(input.number()), input.number(), input.number()});
  return spec;
}

void comes_through(const SandboxSpec& spec) {
  const std::string bytes = encode(spec);
  LEMU_HOLDS(!bytes.empty() && bytes.size() <= kMaxSpecBytes);
  const std::optional<SandboxSpec> received = decode(bytes);
  LEMU_HOLDS(received);
  LEMU_HOLDS(encode(*received) == bytes);
  LEMU_HOLDS(received->mounts.size() == spec.mounts.size());
  LEMU_HOLDS(received->binfmt.has_value() == spec.binfmt.has_value());
  LEMU_HOLDS(received->direct.has_value() == spec.direct.has_value());
  LEMU_HOLDS(received->normal.arguments == spec.normal.arguments);
  LEMU_HOLDS(received->environment == spec.environment);
  LEMU_HOLDS(received->working_folder == spec.working_folder);
  // Neither a part of it nor more than it is a specification.
  LEMU_HOLDS(!decode(std::string_view(bytes).substr(0, bytes.size() - 1)));
  LEMU_HOLDS(!decode(bytes + '\0'));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  if (bytes.size() > kMaxSpecBytes) return 0;
  if (const std::optional<SandboxSpec> spec = decode(bytes)) LEMU_HOLDS(encode(*spec) == bytes);
  comes_through(made_of(fuzz::Input(bytes)));
  return 0;
}
