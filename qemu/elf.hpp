// SPDX-License-Identifier: Apache-2.0
// ElfInfo: what an ELF file says about itself: for which machine, linked how, needing what. A plain value.
// The bytes are hostile input: every offset and count is checked, nothing is executed. Pure, any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arch.hpp"
#include "base/result.hpp"

namespace lemu::qemu {

/// A version of glibc's interface, as in the symbol version "GLIBC_2.34".
struct GlibcVersion {
  int major = 0;
  int minor = 0;
  auto operator<=>(const GlibcVersion&) const = default;
  [[nodiscard]] std::string text() const;  ///< "2.34"
};

/// "GLIBC_2.34" → 2.34; nothing for GLIBC_PRIVATE and other words.
[[nodiscard]] std::optional<GlibcVersion> parse_glibc_version(std::string_view symbol_version);

enum class ElfType {
  fixed,        ///< ET_EXEC: a program at fixed addresses
  relocatable,  ///< ET_DYN: a position-independent program or a shared library
  other,        ///< object file, core dump
};

struct ElfInfo {
  Arch arch = Arch::x86_64;
  ElfType type = ElfType::other;
  std::string interpreter;          ///< PT_INTERP; empty when there is none
  std::vector<std::string> needed;  ///< DT_NEEDED, in order
  std::string soname;
  std::string rpath;                           ///< DT_RPATH, unsplit
  std::string runpath;                         ///< DT_RUNPATH, unsplit
  std::uint64_t loaded_end = 0;                ///< where in the file its loaded parts end: its least size
  std::optional<GlibcVersion> glibc_needed;    ///< highest GLIBC_x.y asked of any library
  std::optional<GlibcVersion> glibc_provided;  ///< highest GLIBC_x.y this file itself defines (libc.so.6)

  /// Runs with no other file: neither an interpreter nor a library.
  [[nodiscard]] bool is_static() const { return interpreter.empty() && needed.empty(); }
  /// A library that cannot be started: relocatable, named as a library, with no interpreter.
  [[nodiscard]] bool is_library() const {
    return type == ElfType::relocatable && interpreter.empty() && !soname.empty();
  }
};

/// True when the bytes open with ELF's magic number.
[[nodiscard]] bool looks_like_elf(std::string_view bytes);

/// The names of a file's dynamic section together: far more than any real program has, so that a small
/// hostile file which names one long string 65,536 times is not answered with 256 MB.
inline constexpr std::size_t kMostNameBytes = std::size_t{1} << 20;

/// Reads the ELF structures of a whole file's bytes. Fails (bad_input) for what is cut short or inconsistent,
/// for 32-bit and big-endian files and for machines other than x86_64 and arm64, each in its own words. The
/// message has no path; the caller puts it in front.
Result<ElfInfo> inspect_elf(std::string_view bytes);

/// The same from an open file, reading only the parts that are needed (a few kB even of a 100 MB program).
Result<ElfInfo> inspect_elf_file(int fd);
/// Opens, then inspects; the error names the path.
Result<ElfInfo> inspect_elf_path(const std::string& path);

}  // namespace lemu::qemu
