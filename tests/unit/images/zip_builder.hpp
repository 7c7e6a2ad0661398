// SPDX-License-Identifier: Apache-2.0
// Zips made byte by byte, so that hostile and odd ones can be made exactly. Values; tests only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lemu::images::testing {

enum class Wide { no, zip64 };

struct Part {
  std::string name;
  std::string content = {};
  std::uint32_t mode = 0100644;
  int system = 3;  ///< "made by": 0 Windows, 3 Unix, 19 macOS
  std::uint16_t flags = 0;
  std::uint16_t method = 0;                         ///< 8: the content is wrapped in deflate's stored blocks
  std::optional<std::string> local_name = {};       ///< what the local header says instead
  std::optional<std::uint32_t> declared_size = {};  ///< the uncompressed size that is claimed
  std::optional<std::uint32_t> declared_crc = {};
  Wide wide = Wide::no;
};

struct ZipOptions {
  std::string comment = {};
  Wide wide = Wide::no;
  std::optional<std::uint64_t> declared_entries = {};
  std::uint32_t directory_shift = 0;              ///< added to where the end record says the directory is
  std::vector<std::size_t> directory_order = {};  ///< the parts' order in the directory; empty: as written
};

[[nodiscard]] std::string make_zip(const std::vector<Part>& parts, const ZipOptions& options = {});

}  // namespace lemu::images::testing
