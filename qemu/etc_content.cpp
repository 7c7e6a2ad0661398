// SPDX-License-Identifier: Apache-2.0
#include "qemu/etc_content.hpp"

#include "base/syscall.hpp"

namespace lemu::qemu {

std::string passwd_file() {
  return "root:x:0:0:root:/root:/bin/sh\n"
         "sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin\n"
         "nobody:x:65534:65534:nobody:/:/sbin/nologin\n";
}

std::string group_file() { return "root:x:0:\nsbx_user1051:x:990:\nnobody:x:65534:\n"; }

// `sandbox` names the execution environment itself in telemetry destinations (AWS Lambda Telemetry API).
std::string hosts_file() {
  return "127.0.0.1 localhost localhost.localdomain sandbox sandbox.localdomain\n::1 localhost localhost6\n";
}

std::string resolv_conf() {
  constexpr std::size_t kMaxConfigFile = 64 * 1024;
  Result<std::string> resolver = read_file("/etc/resolv.conf", kMaxConfigFile);
  return resolver ? *std::move(resolver) : std::string();
}

std::string nsswitch_conf() {
  return "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\nprotocols: files\n"
         "services: files\nethers: files\nrpc: files\n";
}

// The fields of Amazon Linux 2023's. Its PRETTY_NAME also tells the release of the image, which changes.
std::string os_release() {
  return "NAME=\"Amazon Linux\"\n"
         "VERSION=\"2023\"\n"
         "ID=\"amzn\"\n"
         "ID_LIKE=\"fedora\"\n"
         "VERSION_ID=\"2023\"\n"
         "PLATFORM_ID=\"platform:al2023\"\n"
         "PRETTY_NAME=\"Amazon Linux 2023\"\n"
         "ANSI_COLOR=\"0;33\"\n"
         "CPE_NAME=\"cpe:2.3:o:amazon:amazon_linux:2023\"\n"
         "HOME_URL=\"https://aws.amazon.com/linux/amazon-linux-2023/\"\n"
         "DOCUMENTATION_URL=\"https://docs.aws.amazon.com/linux/\"\n"
         "SUPPORT_URL=\"https://aws.amazon.com/premiumsupport/\"\n"
         "BUG_REPORT_URL=\"https://github.com/amazonlinux/amazon-linux-2023\"\n"
         "VENDOR_NAME=\"AWS\"\n"
         "VENDOR_URL=\"https://aws.amazon.com/\"\n"
         "SUPPORT_END=\"2029-06-30\"\n";
}

std::string system_release() { return "Amazon Linux release 2023 (Amazon Linux)\n"; }

// IANA's numbers of the protocols that programs ask for by name.
std::string protocols_file() {
  return "ip 0 IP\nicmp 1 ICMP\nigmp 2 IGMP\nipv4 4 IPv4\ntcp 6 TCP\nudp 17 UDP\ndccp 33 DCCP\nipv6 41 IPv6\n"
         "ipv6-route 43 IPv6-Route\nipv6-frag 44 IPv6-Frag\ngre 47 GRE\nesp 50 IPSEC-ESP\nah 51 IPSEC-AH\n"
         "ipv6-icmp 58 IPv6-ICMP\nipv6-nonxt 59 IPv6-NoNxt\nipv6-opts 60 IPv6-Opts\nsctp 132 SCTP\n"
         "udplite 136 UDPLite\n";
}

// IANA's numbers of the services that programs ask for by name (getaddrinfo(3), getservbyname(3)).
std::string services_file() {
  return "echo 7/tcp\necho 7/udp\ndiscard 9/tcp sink null\ndiscard 9/udp sink null\nftp-data 20/tcp\nftp "
         "21/tcp\n"
         "ssh 22/tcp\ntelnet 23/tcp\nsmtp 25/tcp mail\ntime 37/tcp timserver\ntime 37/udp timserver\n"
         "domain 53/tcp\ndomain 53/udp\nbootps 67/udp\nbootpc 68/udp\ntftp 69/udp\n"
         "http 80/tcp www www-http\nhttp 80/udp www www-http\nkerberos 88/tcp kerberos5\n"
         "kerberos 88/udp kerberos5\npop3 110/tcp pop-3\nsunrpc 111/tcp portmapper\nsunrpc 111/udp "
         "portmapper\n"
         "nntp 119/tcp\nntp 123/udp\nimap 143/tcp imap2\nsnmp 161/tcp\nsnmp 161/udp\nsnmptrap 162/udp\n"
         "ldap 389/tcp\nldap 389/udp\nhttps 443/tcp\nhttps 443/udp\nsubmissions 465/tcp smtps ssmtp\n"
         "syslog 514/udp\nsyslog-tls 6514/tcp\nsubmission 587/tcp\nldaps 636/tcp\nftps 990/tcp\nimaps "
         "993/tcp\n"
         "pop3s 995/tcp\nsocks 1080/tcp\nms-sql-s 1433/tcp\noracle 1521/tcp\nmqtt 1883/tcp\nnfs 2049/tcp\n"
         "nfs 2049/udp\nmysql 3306/tcp\npostgresql 5432/tcp postgres\namqps 5671/tcp\namqp 5672/tcp\n"
         "redis 6379/tcp\nhttp-alt 8080/tcp webcache\nsecure-mqtt 8883/tcp\n";
}

}  // namespace lemu::qemu
