// SPDX-License-Identifier: Apache-2.0
// What a coroutine that is started by itself is ended with: an exception that comes out of it is a bug, and
// goes on to whoever runs the loop.
#pragma once

#include <exception>

namespace lemu {

/// A completion handler of boost::asio::co_spawn.
inline void rethrow(const std::exception_ptr& bug) {
  if (bug) std::rethrow_exception(bug);
}

}  // namespace lemu
