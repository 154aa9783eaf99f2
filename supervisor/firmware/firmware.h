// Updates of the appliance: takes the file, has RAUC check and install it, and tells how it goes.
// Where there is no RAUC, Debian's packages bring new versions, and this says so.
#ifndef ALOHA_SUPERVISOR_FIRMWARE_FIRMWARE_H_
#define ALOHA_SUPERVISOR_FIRMWARE_FIRMWARE_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "admin/v1/firmware.pb.h"
#include "config/v1/state.pb.h"
#include "supervisor/async.h"
#include "supervisor/events.h"
#include "supervisor/firmware/rauc.h"
#include "supervisor/firmware/upload.h"

namespace aloha::supervisor {

// Control thread. Errors of what changes something: see aloha.admin.v1.Firmware.
class Firmware {
 public:
  // Who asks, for the event.
  struct Who {
    std::string actor, method;
  };

  // `folder`: for the file, made when the first one comes. `running`: the version of the image that
  // runs; empty: it is none.
  Firmware(asio::io_context& loop, Events& events, std::string folder, std::string running);

  // At the start: goes on with an installation that an earlier supervisor began.
  void Load();

  // As of the last look.
  admin::v1::FirmwareState state() const;
  // Looks unless it did so within five seconds.
  void LookSoon();
  asio::awaitable<admin::v1::FirmwareState> Get();

  asio::awaitable<Result<uint64_t>> TakePiece(const admin::v1::UploadFirmwareRequest& piece);
  // Answer when it has begun.
  asio::awaitable<Result<Event>> Install(bool allow_downgrade, Who who);
  asio::awaitable<Result<Event>> Rollback(Who who);

 private:
  using Clock = std::chrono::steady_clock;

  asio::awaitable<void> Look();
  asio::awaitable<void> LookAtSlots();
  // As RAUC tells it, and notes it.
  asio::awaitable<Result<Rauc::Status>> AskStatus();
  // late: an installation ended after it was asked for.
  void NoteStatus(const Result<Rauc::Status>& status, bool late);
  void OnCompleted(int result);
  // Fails where slots are not how this machine is updated, or one is being written.
  asio::awaitable<Result<>> Ready();
  asio::awaitable<Result<Rauc::Bundle>> CheckFile(bool allow_downgrade);
  Result<> CheckVersion(const std::string& version, bool allow_downgrade) const;
  asio::awaitable<Result<Event>> Begin(bool allow_downgrade, Who who);
  Result<> Remember(const std::string& version);
  // Until the installation in progress has ended.
  asio::awaitable<void> Follow();
  void StartToFollow();
  // Of one whose end was not heard.
  std::string FindFault(const std::string& last_error) const;
  void End(const std::string& fault);
  void Forget();
  std::string BegunPath() const { return folder_ + "/begun.textproto"; }

  asio::io_context& loop_;
  Events& events_;
  const std::string folder_, running_;
  Rauc rauc_;
  Upload upload_;
  admin::v1::FirmwareState state_;         // but for the upload
  std::string compatible_;                 // of this machine
  config::v1::BegunFirmware begun_;        // empty: nothing, or by someone else
  std::optional<int> completed_;           // as RAUC told it of the installation in progress
  uint64_t ends_ = 0;                      // grows whenever an installation has ended, anyone's
  bool following_ = false, busy_ = false;  // busy: a change is on its way to RAUC
  AsyncMutex looking_;
  Clock::time_point looked_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_FIRMWARE_FIRMWARE_H_
