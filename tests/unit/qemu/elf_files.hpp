// SPDX-License-Identifier: Apache-2.0
// Hand-made ELF bytes and temporary files for this room's tests.
#pragma once

#include <elf.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/syscall.hpp"

namespace lemu::qemu::test {

#if defined(__x86_64__)
inline constexpr std::uint16_t kThisMachine = EM_X86_64;
#else
inline constexpr std::uint16_t kThisMachine = EM_AARCH64;
#endif

struct TemporaryFolder {
  std::string path;
  TemporaryFolder() {
    char pattern[] = "/tmp/lemu-test-XXXXXX";
    path = ::mkdtemp(pattern);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path); }

  /// Writes a file, making its folders; its full path.
  std::string add(const std::string& name, std::string_view content, mode_t mode = 0755) const {
    const std::filesystem::path file = std::filesystem::path(path) / name;
    std::filesystem::create_directories(file.parent_path());
    if (!write_file(file, content, mode)) std::abort();
    ::chmod(file.c_str(), mode);
    return file;
  }
};

/// The text of /proc/PID/stat.
inline std::string stat_text(pid_t pid, const std::string& name, pid_t parent, int started) {
  std::string text = std::to_string(pid);
  text.append(" (").append(name).append(") S ").append(std::to_string(parent));
  for (int field = 5; field < 22; ++field) text.append(" 0");
  return text.append(" ").append(std::to_string(started)).append(" 0 0\n");
}

/// What a hand-made ELF file shall say.
struct ElfRecipe {
  std::uint16_t machine = EM_AARCH64;
  std::uint16_t type = ET_DYN;
  unsigned char elf_class = ELFCLASS64;
  unsigned char data = ELFDATA2LSB;
  std::string interpreter = {};
  std::vector<std::string> needed = {};
  std::string soname = {};
  std::string runpath = {};
  std::vector<std::string> versions_needed = {};
  std::vector<std::string> versions_defined = {};
};

/// One loaded segment covering the whole file at address 0x10000, so addresses and offsets differ.
inline std::string make_elf(const ElfRecipe& recipe) {
  constexpr std::uint64_t kBase = 0x10000;
  std::string strings(1, '\0');
  const auto string_index = [&](const std::string& text) {
    const std::size_t index = strings.size();
    strings += text;
    strings += '\0';
    return static_cast<std::uint32_t>(index);
  };
  const auto append = [](std::string& to, const auto& value) {
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
  };

  std::vector<Elf64_Dyn> dynamic;
  const auto add = [&](Elf64_Sxword tag, std::uint64_t value) {
    Elf64_Dyn entry{};
    entry.d_tag = tag;
    entry.d_un.d_val = value;
    dynamic.push_back(entry);
  };
  for (const std::string& name : recipe.needed) add(DT_NEEDED, string_index(name));
  if (!recipe.soname.empty()) add(DT_SONAME, string_index(recipe.soname));
  if (!recipe.runpath.empty()) add(DT_RUNPATH, string_index(recipe.runpath));

  std::string needs;
  if (!recipe.versions_needed.empty()) {
    Elf64_Verneed library{};
    library.vn_version = 1;
    library.vn_cnt = static_cast<std::uint16_t>(recipe.versions_needed.size());
    library.vn_aux = sizeof library;
    append(needs, library);
    for (std::size_t i = 0; i < recipe.versions_needed.size(); ++i) {
      Elf64_Vernaux version{};
      version.vna_name = string_index(recipe.versions_needed[i]);
      version.vna_next = i + 1 < recipe.versions_needed.size() ? sizeof version : 0;
      append(needs, version);
    }
  }
  std::string definitions;
  for (std::size_t i = 0; i < recipe.versions_defined.size(); ++i) {
    Elf64_Verdef version{};
    Elf64_Verdaux name{};
    version.vd_cnt = 1;
    version.vd_aux = sizeof version;
    version.vd_next = i + 1 < recipe.versions_defined.size() ? sizeof version + sizeof name : 0;
    name.vda_name = string_index(recipe.versions_defined[i]);
    append(definitions, version);
    append(definitions, name);
  }

  const std::size_t headers = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr);
  const std::size_t strings_at = headers;
  const std::size_t needs_at = strings_at + strings.size();
  const std::size_t definitions_at = needs_at + needs.size();
  const std::size_t interpreter_at = definitions_at + definitions.size();
  const std::size_t dynamic_at = interpreter_at + recipe.interpreter.size() + 1;
  if (!dynamic.empty() || !needs.empty() || !definitions.empty()) {
    add(DT_STRTAB, kBase + strings_at);
    if (!needs.empty()) add(DT_VERNEED, kBase + needs_at);
    if (!definitions.empty()) add(DT_VERDEF, kBase + definitions_at);
    add(DT_NULL, 0);
  }
  const std::size_t dynamic_size = dynamic.size() * sizeof(Elf64_Dyn);

  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = recipe.elf_class;
  header.e_ident[EI_DATA] = recipe.data;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = recipe.type;
  header.e_machine = recipe.machine;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 3;
  Elf64_Phdr segments[3]{};
  segments[0].p_type = PT_LOAD;
  segments[0].p_vaddr = kBase;
  segments[0].p_filesz = dynamic_at + dynamic_size;
  segments[1].p_type = recipe.interpreter.empty() ? PT_NULL : PT_INTERP;
  segments[1].p_offset = interpreter_at;
  segments[1].p_filesz = recipe.interpreter.size() + 1;
  segments[2].p_type = dynamic.empty() ? PT_NULL : PT_DYNAMIC;
  segments[2].p_offset = dynamic_at;
  segments[2].p_filesz = dynamic_size;

  std::string bytes;
  append(bytes, header);
  append(bytes, segments);
  bytes += strings + needs + definitions + recipe.interpreter + '\0';
  for (const Elf64_Dyn& entry : dynamic) append(bytes, entry);
  return bytes;
}

}  // namespace lemu::qemu::test
