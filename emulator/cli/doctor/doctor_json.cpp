// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/doctor/doctor_json.hpp"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "qemu/guarantees.hpp"

namespace lemu::emulator::cli {
namespace {

using Json = nlohmann::ordered_json;
using qemu::Answer;

std::string lambda_name(Arch arch) { return std::string(names_of(arch).lambda); }

Json answer(Answer value) {
  switch (value) {
    case Answer::yes: return true;
    case Answer::no: return false;
    case Answer::unknown: return nullptr;
  }
  return nullptr;
}

Json number(const std::optional<std::int64_t>& value) { return value ? Json(*value) : Json(nullptr); }

Json text_or_null(std::string_view text) { return text.empty() ? Json(nullptr) : Json(text); }

const char* word(qemu::Seccomp seccomp) {
  switch (seccomp) {
    case qemu::Seccomp::off: return "off";
    case qemu::Seccomp::strict: return "strict";
    case qemu::Seccomp::filter: return "filter";
  }
  return "";
}

const char* word(qemu::ExecutionMode execution) {
  switch (execution) {
    case qemu::ExecutionMode::native: return "native";
    case qemu::ExecutionMode::private_binfmt: return "private-binfmt";
    case qemu::ExecutionMode::host_binfmt: return "host-binfmt";
    case qemu::ExecutionMode::direct: return "direct";
  }
  return "";
}

const char* word(qemu::LaunchChoice launch) {
  switch (launch) {
    case qemu::LaunchChoice::automatic: return "auto";
    case qemu::LaunchChoice::native: return "native";
    case qemu::LaunchChoice::private_binfmt: return "binfmt";
    case qemu::LaunchChoice::host_binfmt: return "host-binfmt";
    case qemu::LaunchChoice::direct: return "direct";
  }
  return "";
}

Json host_json(const qemu::Host& host) {
  Json json;
  json["architecture"] = lambda_name(host.arch);
  json["kernel"] = host.kernel;
  json["distribution"] = text_or_null(host.distribution);
  json["uid"] = host.uid;
  json["recognised"] = qemu::recognised(host);
  json["container"] = text_or_null(name_of(host.container));
  json["wsl"] = host.wsl == qemu::Wsl::none ? Json(nullptr) : Json(host.wsl == qemu::Wsl::one ? 1 : 2);
  json["ci"] = text_or_null(host.ci);
  json["chroot"] = answer(host.chroot);
  return json;
}

Json namespaces_json(const qemu::Diagnosis& d) {
  const qemu::Host& host = d.host;
  const qemu::Trial* native = d.find(host.arch, qemu::SandboxChoice::on, qemu::LaunchChoice::automatic);
  Json json;
  json["work"] = native != nullptr && native->works();
  json["maxUserNamespaces"] = number(host.max_user_namespaces);
  json["unprivilegedUsernsClone"] = number(host.unprivileged_clone);
  json["apparmorRestrictUnprivilegedUserns"] = number(host.apparmor_restriction);
  json["apparmorProfile"] = text_or_null(host.apparmor_profile);
  json["seccomp"] = word(host.seccomp);
  json["noNewPrivileges"] = answer(host.no_new_privileges);
  json["capSysAdmin"] = answer(host.sys_admin);
  json["coveredProc"] = host.covered_proc;
  return json;
}

Json qemus_json(const qemu::Diagnosis& d) {
  Json list = Json::array();
  for (const qemu::FoundQemu& qemu : d.qemus) {
    const bool is_static = qemu.program.linkage == qemu::Linkage::self_contained;
    list.push_back({{"architecture", lambda_name(qemu.program.guest)},
                    {"path", qemu.program.path},
                    {"version", text_or_null(qemu.version)},
                    {"static", is_static},
                    {"plugins", answer(qemu.plugins)},
                    {"used", &qemu == d.qemus.data()}});
  }
  return list;
}

Json binfmt_json(const qemu::Diagnosis& d) {
  Json registrations = Json::array();
  for (const qemu::Registration& one : d.binfmt.registrations)
    registrations.push_back({{"name", one.name},
                             {"enabled", one.state == qemu::Switch::on},
                             {"interpreter", one.interpreter},
                             {"flags", one.flags}});
  const qemu::Registration* taker = d.binfmt.taker_of(d.foreign);
  return {{"mounted", d.binfmt.mounted == qemu::Switch::on},
          {"enabled", d.binfmt.state == qemu::Switch::on},
          {"registrations", registrations},
          {"forForeign", taker == nullptr ? Json(nullptr) : Json(taker->name)},
          {"usableInSandbox", d.usable_registration() != nullptr}};
}

Json cgroups_json(const qemu::Cgroups& cgroups) {
  Json hierarchies = Json::array();
  for (const qemu::CgroupHierarchy& one : cgroups.hierarchies)
    hierarchies.push_back({{"version", one.version},
                           {"controllers", one.controllers},
                           {"folder", one.folder},
                           {"delegated", one.access == qemu::CgroupAccess::writable}});
  return {{"layout", cgroups.layout()}, {"hierarchies", hierarchies}};
}

Json trial_json(const qemu::Trial& trial) {
  Json json;
  json["architecture"] = lambda_name(trial.arch);
  json["sandbox"] = trial.sandbox == qemu::SandboxChoice::on ? "on" : "off";
  json["launch"] = word(trial.launch);
  json["works"] = trial.works();
  json["execution"] = trial.works() ? Json(word(trial.execution)) : Json(nullptr);
  if (trial.outcome == qemu::Outcome::refused) {
    json["step"] = trial.step;
    json["errno"] = trial.os_error;
    json["error"] = ::strerror(trial.os_error);
  } else if (trial.outcome == qemu::Outcome::wrong) {
    json["error"] = trial.text();
  }
  json["ms"] = std::round(std::chrono::duration<double, std::milli>(trial.took).count() * 100) / 100;
  return json;
}

Json verdict_json(const qemu::Diagnosis& d, const qemu::Verdict& verdict) {
  Json json{{"architecture", lambda_name(verdict.arch)}, {"runs", verdict.trial.has_value()}};
  if (!verdict.trial) {
    json["obstacle"] = verdict.obstacle;
    return json;
  }
  json["sandbox"] = {{"mode", name_of(verdict.sandbox)},
                     {"missing", verdict.trial->lost},
                     {"reason", verdict.sandbox_reason}};
  json["execution"] = {{"mode", word(verdict.trial->execution)},
                       {"reason", verdict.execution_reason},
                       {"emulated", verdict.arch != d.host.arch}};
  const bool by_host = verdict.trial->execution == qemu::ExecutionMode::host_binfmt;
  if (verdict.arch != d.host.arch && !by_host && !d.qemus.empty()) {
    json["execution"]["qemu"] = d.qemus.front().program.path;
    json["execution"]["cpu"] = names_of(verdict.arch).default_cpu;
  }
  Json guarantees = Json::array();
  for (const qemu::GuaranteeRow& row : qemu::guarantees()) {
    const qemu::Standing stands = qemu::standing(row, verdict.trial->lost);
    Json one{{"id", row.id},
             {"name", row.name},
             {"given", stands.given == qemu::Standing::Given::yes},
             {"how", stands.how}};
    if (!stands.why.empty()) one["why"] = stands.why;
    guarantees.push_back(std::move(one));
  }
  json["guarantees"] = std::move(guarantees);
  return json;
}

}  // namespace

std::string doctor_json(const qemu::Diagnosis& d) {
  Json json;
  json["version"] = LEMU_VERSION;
  json["host"] = host_json(d.host);
  json["userNamespaces"] = namespaces_json(d);
  json["restrictions"] = Json::array();
  for (const qemu::Restriction& one : d.restrictions)
    json["restrictions"].push_back(
        {{"name", one.name},
         {"concerns", one.concerns == qemu::Concerns::sandbox ? "sandbox" : "emulation"},
         {"text", one.text}});
  json["qemu"] = qemus_json(d);
  json["hostBinfmt"] = binfmt_json(d);
  json["crossLibraries"] = d.libraries.empty() ? Json(nullptr) : Json(d.libraries.front().host);
  json["cgroups"] = cgroups_json(d.cgroups);
  json["trials"] = Json::array();
  for (const qemu::Trial& trial : d.trials) json["trials"].push_back(trial_json(trial));
  json["functions"] = {verdict_json(d, d.emulated), verdict_json(d, d.native)};
  json["improvements"] = Json::array();
  for (const qemu::Improvement& one : d.improvements)
    json["improvements"].push_back({{"what", one.what}, {"command", text_or_null(one.command)}});
  // Paths may hold bytes that are no UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lemu::emulator::cli
