// SPDX-License-Identifier: Apache-2.0
// The content of the files of /etc that lemu makes. Pure, but for resolv_conf().
#pragma once

#include <string>

namespace lemu::qemu {

std::string passwd_file();
std::string group_file();
std::string hosts_file();
/// The host's, as the network is.
std::string resolv_conf();
std::string nsswitch_conf();
std::string os_release();
std::string system_release();
std::string protocols_file();
std::string services_file();

}  // namespace lemu::qemu
