// SPDX-License-Identifier: Apache-2.0
// GoHead: reads the head of a request as Go's net/http server does, and gives it to the strict parser in a
// form that this parser reads the same way. Lambda's Runtime API is such a server, so runtimes exist that
// depend on it. One per connection, reset for each request. Pure: it knows only text.
//
// Tried against net/http of Go 1.26 (net/textproto/reader.go, net/http/transfer.go):
//   - a line may end in a bare LF, and a folded line goes on with one space;
//   - where Transfer-Encoding says chunked, a valid Content-Length beside it does not count;
//   - for HTTP/1.0, Transfer-Encoding does not count.
// Chunks are left as they are: Go too demands CR LF there (RFC 9112, erratum 7633).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lemu::http {

class GoHead {
 public:
  /// What the strict parser is to read next: a view of the argument or of this.
  struct Piece {
    std::string_view text;
    std::size_t taken = 0;  ///< bytes of the argument that it stands for
  };
  /// `unread` is all that has come of the head and was not taken yet. Gives the whole head when it is there.
  /// Before that only the request line, so that a wrong one is refused at once. Nothing: more is needed.
  [[nodiscard]] std::optional<Piece> next(std::string_view unread);
  void reset();

 private:
  std::optional<Piece> request_line(std::string_view unread);

  std::string strict_;         // a piece that had to be written anew
  std::string request_line_;   // when it was given alone
  std::size_t looked_at_ = 0;  // bytes of the argument in which the head does not end
};

}  // namespace lemu::http
