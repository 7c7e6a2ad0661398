// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/host_guard.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace lemu::emulator {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

/// "[::1]:9000" → "::1", "localhost:9000" → "localhost".
std::string without_port(std::string_view host) {
  if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') - 1));
  return lower(host.substr(0, host.find(':')));
}

bool is_numeric(const std::string& host) {
  in6_addr address{};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_loopback(const std::string& host) {
  if (host == "localhost" || host.ends_with(".localhost") || host == "::1") return true;
  return host.starts_with("127.") && is_numeric(host);
}

}  // namespace

bool HostGuard::is_ours(std::string_view field) const {
  const std::string host = without_port(field);
  if (is_loopback(host)) return true;
  if (reach_ == Reach::network && is_numeric(host)) return true;
  return std::find(names_.begin(), names_.end(), host) != names_.end();
}

std::optional<std::string> HostGuard::objection(const rapi::HttpRequest& request) const {
  const std::string_view host = request.header("Host");
  if (!host.empty() && !is_ours(host))
    return "lemu answers to localhost only, not to the host name '" + std::string(host) +
           "'; give the name with --host-name";
  const std::string_view origin = request.header("Origin");
  if (origin.empty()) return std::nullopt;
  const std::size_t scheme = origin.find("://");
  if (scheme != std::string_view::npos && lower(origin.substr(scheme + 3)) == lower(host))
    return std::nullopt;
  return "lemu does not answer web pages (the request comes from the origin '" + std::string(origin) + "')";
}

}  // namespace lemu::emulator
