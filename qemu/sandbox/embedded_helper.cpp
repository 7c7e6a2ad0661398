// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/embedded_helper.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <string_view>

#include "base/syscall.hpp"
#include "qemu/sandbox/errors.hpp"

// The built helper, found by the assembler's -I (CMakeLists.txt).
asm("  .pushsection .rodata\n"
    "  .global kLemuEmbeddedHelper\n"
    "  .global kLemuEmbeddedHelperEnd\n"
    "kLemuEmbeddedHelper:\n"
    "  .incbin \"lemu-sandbox.stripped\"\n"
    "kLemuEmbeddedHelperEnd:\n"
    "  .byte 0\n"
    "  .popsection\n");
extern "C" const char kLemuEmbeddedHelper[];
extern "C" const char kLemuEmbeddedHelperEnd[];

namespace lemu::sandbox {

Result<EmbeddedHelper> EmbeddedHelper::make() {
  const std::string_view bytes(kLemuEmbeddedHelper,
                               static_cast<std::size_t>(kLemuEmbeddedHelperEnd - kLemuEmbeddedHelper));
  const Fd made(::memfd_create("lemu-sandbox", MFD_CLOEXEC));
  if (!made.valid()) return fail_errno<"helper-not-in-memory">(errno);
  // Above the numbers that a spawned helper is given: the program must still be open at its exec.
  Fd program(::fcntl(made.get(), F_DUPFD_CLOEXEC, 16));
  if (!program.valid()) return fail_errno<"helper-not-in-memory">(errno);
  Status written = write_all(program.get(), bytes);
  if (!written) return fail_errno<"helper-not-in-memory">(written.error().os_error);
  return EmbeddedHelper(std::move(program));
}

std::string EmbeddedHelper::path() const { return "/proc/self/fd/" + std::to_string(program_.get()); }

}  // namespace lemu::sandbox
