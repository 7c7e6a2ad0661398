// SPDX-License-Identifier: Apache-2.0
// ResponseSink: who takes a response as the function writes it. Made by an invocation's caller and kept until
// its answer is known, after which it hears nothing more. The io_context's thread.
#pragma once

#include <string_view>

#include "rapi/runtime_api.hpp"

namespace lemu::emulator {

class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  virtual void begin(rapi::ResponseHead head) = 0;
  /// `pause` holds the function back until the head's `resume` is called. A caller that is gone says `more`:
  /// Lambda runs a function to its end.
  virtual http::Flow piece(std::string_view bytes) = 0;
};

}  // namespace lemu::emulator
