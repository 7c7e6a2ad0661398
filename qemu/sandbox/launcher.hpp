// SPDX-License-Identifier: Apache-2.0
// HelperProcess: a helper that was started, and lemu's end of its control socket. Any thread.
// Sandbox: lemu's side of one helper. Owns the helper process and the control socket; ends both, and with
// them every process of the function, when destroyed. Lives on the thread of its io_context.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "qemu/sandbox/spec.hpp"

namespace lemu::sandbox {

/// Told what the helper says. Called from the io_context's thread, never from inside a call to Sandbox.
class SandboxObserver {
 public:
  virtual ~SandboxObserver() = default;
  /// `sender` is the host's pid of the reporting process: the helper's (PID 1 inside), or for
  /// ReportKind::starting the function's own.
  virtual void on_report(const Report& report, pid_t sender) = 0;
  /// The helper has ended: nothing of this sandbox runs any more.
  virtual void on_helper_gone() = 0;
};

/// Blocks when it is destroyed until the helper has taken everything down: a few milliseconds, or seconds for
/// a function that holds gigabytes.
class HelperProcess {
 public:
  /// Starts `helper` and hands it the specification; the first report tells how that went. `log` becomes the
  /// function's stdout and stderr (ignored with Stdio::inherited). Blocks for about the time of an exec.
  static Result<HelperProcess> start(const std::string& helper, const SandboxSpec& spec, Fd log);
  HelperProcess(Fd control, pid_t pid) : control_(std::move(control)), pid_(pid) {}
  HelperProcess(HelperProcess&& other) noexcept;
  HelperProcess& operator=(HelperProcess&& other) = delete;
  ~HelperProcess();

  [[nodiscard]] int control() const { return control_.get(); }
  /// A function without a sandbox is the same user and may have stopped it.
  void wake() const;

 private:
  Fd control_;
  pid_t pid_;  ///< -1 when moved from
};

class Sandbox {
 public:
  /// Listens to a helper.
  Sandbox(boost::asio::io_context& context, HelperProcess helper, SandboxObserver& observer);
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  /// Blocks as the helper's own end does.
  ~Sandbox();
  /// For whoever must not block: the helper, which nobody listens to any more. Then only to be destroyed.
  [[nodiscard]] HelperProcess release();

  /// Commands are small and the socket's buffer is not: these do not block. A helper that is gone is told
  /// through the observer.
  void start();
  void signal_all(int number);
  void kill_all();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace lemu::sandbox
