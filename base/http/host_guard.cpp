// SPDX-License-Identifier: Apache-2.0
#include "base/http/host_guard.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "base/words.hpp"

namespace lemu::http {
namespace {

using Kind = HostGuard::Objection::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_port(std::string_view text) {
  return text.empty() || (text.front() == ':' && std::all_of(text.begin() + 1, text.end(), is_digit));
}

/// "[::1]:9000" → "::1", "localhost:9000" → "localhost"; empty where it is no host and port.
std::string without_port(std::string_view host) {
  if (!host.starts_with('[')) {
    const std::size_t colon = std::min(host.find(':'), host.size());
    return is_port(host.substr(colon)) ? in_small_letters(host.substr(0, colon)) : "";
  }
  const std::size_t end = host.find(']');
  return end != std::string_view::npos && is_port(host.substr(end + 1)) ? std::string(host.substr(1, end - 1))
                                                                        : "";
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

/// A name without a dot, or in the domain that is reserved for private use ("host.docker.internal").
bool is_no_domain(const std::string& host) {
  return is_host_name(host) && (host.find('.') == std::string::npos || host.ends_with(".internal"));
}

bool is_of_origin(std::string_view origin, std::string_view host) {
  const std::size_t scheme = origin.find("://");
  return scheme != std::string_view::npos && same_word(origin.substr(scheme + 3), host);
}

}  // namespace

bool is_host_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
           c == '_';
  });
}

HostGuard::HostGuard(Reach reach, HostField field, const std::vector<std::string>& names)
    : reach_(reach), field_(field) {
  for (const std::string& name : names) names_.push_back(in_small_letters(name));
}

bool HostGuard::is_ours(std::string_view field) const {
  const std::string host = without_port(field);
  if (is_loopback(host)) return true;
  if (reach_ != Reach::loopback && is_numeric(host)) return true;
  if (reach_ == Reach::container && is_no_domain(host)) return true;
  return std::find(names_.begin(), names_.end(), host) != names_.end();
}

std::optional<HostGuard::Objection> HostGuard::objection_to_host(const Request& request) const {
  std::size_t fields = 0;
  for (std::size_t at = 0; at < request.header_count(); ++at)
    if (same_word(request.header_at(at).name, "Host")) ++fields;
  if (fields > 1) return Objection{Kind::malformed, "the request has several Host fields"};
  if (fields == 0 && field_ == HostField::demanded && request.version() == Request::Version::http_1_1)
    return Objection{Kind::malformed, "the request has no Host field"};
  const std::string_view host = request.authority();
  if ((host.empty() && fields == 0) || is_ours(host)) return std::nullopt;
  return Objection{Kind::not_ours, "lemu answers to localhost only, not to the host name '" +
                                       std::string(host) + "'; give the name with --host-name"};
}

/// A browser says where a request comes from: by Origin where it is not to be trusted with less, and by
/// Sec-Fetch-Site, on an image too.
std::optional<HostGuard::Objection> HostGuard::objection(const Request& request) const {
  if (std::optional<Objection> to_host = objection_to_host(request)) return to_host;
  for (std::size_t at = 0; at < request.header_count(); ++at) {
    const auto [name, value] = request.header_at(at);
    const bool origin = same_word(name, "Origin");
    if (origin && !value.empty() && !is_of_origin(value, request.authority()))
      return Objection{Kind::not_ours, "lemu does not answer web pages (the request comes from the origin '" +
                                           std::string(value) + "')"};
    if (same_word(name, "Sec-Fetch-Site") && !same_word(value, "none") && !same_word(value, "same-origin"))
      return Objection{Kind::not_ours,
                       "lemu does not answer web pages (the request is marked " + std::string(value) + ")"};
  }
  return std::nullopt;
}

}  // namespace lemu::http
