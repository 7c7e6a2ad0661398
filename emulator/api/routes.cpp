// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/routes.hpp"

namespace lemu::emulator {

std::optional<std::string_view> match_path(std::string_view pattern, std::string_view path) {
  constexpr std::string_view kName = "{name}";
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const std::size_t at = pattern.find(kName);
  if (at == std::string_view::npos)
    return path == pattern ? std::optional<std::string_view>("") : std::nullopt;
  const std::string_view before = pattern.substr(0, at);
  const std::string_view after = pattern.substr(at + kName.size());
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after))
    return std::nullopt;
  path.remove_prefix(before.size());
  path.remove_suffix(after.size());
  return path.find('/') == std::string_view::npos ? std::optional(path) : std::nullopt;
}

http::Refusal no_connection_left() {
  return {503, "text/plain; charset=utf-8", "503 too many connections", {}};
}

ApiError no_route(std::string_view path, const std::string& allowed, NoSuchPath words) {
  if (allowed.empty()) return {ApiFault::unknown_operation, words(path)};
  return {ApiFault::method_not_allowed, std::string(path) + " is for " + allowed + " only",
          /*reason=*/{}, allowed};
}

}  // namespace lemu::emulator
