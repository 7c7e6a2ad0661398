// SPDX-License-Identifier: Apache-2.0
// Telling a service manager how far a daemon is: sd_notify(3)'s protocol, without its library.
#pragma once

#include <string_view>

namespace lemu::emulator::cli {

/// Sends "READY=1" or another state to the socket that $NOTIFY_SOCKET names; nothing without one.
void notify_service_manager(std::string_view state);

}  // namespace lemu::emulator::cli
