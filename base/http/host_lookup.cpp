// SPDX-License-Identifier: Apache-2.0
#include "base/http/host_lookup.hpp"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/http/errors.hpp"
#include "base/syscall.hpp"
#include "base/words.hpp"

namespace lemu::http {
namespace {

constexpr std::size_t kLargestHosts = std::size_t{16} << 20;
constexpr std::string_view kBlanks = " \t\r";

/// The next word of a line, which it is taken off; empty at the end.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

/// RFC 6761, 6.3: never asked of anybody.
bool is_localhost(const std::string& name) {
  const std::string small = in_small_letters(name);
  return small == "localhost" || small.ends_with(".localhost");
}

/// Of an answer's records those with an address.
void add_addresses(const unsigned char* answer, int size, int type, std::uint16_t port,
                   std::vector<TcpEnd>& into) {
  ns_msg message;
  if (::ns_initparse(answer, size, &message) < 0) return;
  for (int at = 0; at < ns_msg_count(message, ns_s_an); ++at) {
    ns_rr record;
    if (::ns_parserr(&message, ns_s_an, at, &record) < 0) return;
    const std::size_t expected = type == ns_t_a ? sizeof(in_addr) : sizeof(in6_addr);
    if (ns_rr_type(record) != type || ns_rr_rdlen(record) != expected) continue;
    TcpEnd end;
    end.family = type == ns_t_a ? AF_INET : AF_INET6;
    end.port = htons(port);
    std::memcpy(end.address.data(), ns_rr_rdata(record), expected);
    into.push_back(end);
  }
}

/// Why there is none, when there is none.
std::string ask_name_servers(const std::string& name, std::uint16_t port, std::vector<TcpEnd>& into) {
  struct __res_state state {};
  if (::res_ninit(&state) < 0) return "/etc/resolv.conf cannot be read";
  std::string why;
  for (const int type : {ns_t_a, ns_t_aaaa}) {
    std::array<unsigned char, 4096> answer;
    const int size = ::res_nsearch(&state, name.c_str(), ns_c_in, type, answer.data(), answer.size());
    if (size > 0)
      add_addresses(answer.data(), std::min<int>(size, answer.size()), type, port, into);
    else if (why.empty())
      why = ::hstrerror(state.res_h_errno);
  }
  ::res_nclose(&state);
  return why.empty() ? "it has no address" : why;
}

}  // namespace

std::vector<TcpEnd> addresses_in_hosts(std::string_view hosts, std::string_view name, std::uint16_t port) {
  std::vector<TcpEnd> found;
  while (!hosts.empty()) {
    std::string_view line = hosts.substr(0, hosts.find('\n'));
    hosts.remove_prefix(std::min(line.size() + 1, hosts.size()));
    line = line.substr(0, line.find('#'));
    const std::optional<TcpEnd> address = TcpEnd::of(std::string(take_word(line)), port);
    if (!address) continue;
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line))
      if (same_word(word, name)) found.push_back(*address);
  }
  std::stable_sort(found.begin(), found.end(), [](const TcpEnd& a, const TcpEnd& b) {
    return a.family == AF_INET && b.family != AF_INET;
  });
  return found;
}

Result<std::vector<TcpEnd>> look_up_host(const std::string& name, std::uint16_t port) {
  if (is_localhost(name))
    return std::vector<TcpEnd>{*TcpEnd::of("127.0.0.1", port), *TcpEnd::of("::1", port)};
  if (const Result<std::string> hosts = read_file("/etc/hosts", kLargestHosts)) {
    std::vector<TcpEnd> found = addresses_in_hosts(*hosts, name, port);
    if (!found.empty()) return found;
  }
  std::vector<TcpEnd> found;
  const std::string why = ask_name_servers(name, port, found);
  if (found.empty()) return fail<"host-unknown">(at<"name">(name), at<"reason">(why));
  return found;
}

}  // namespace lemu::http
