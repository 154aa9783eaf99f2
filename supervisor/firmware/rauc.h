// RAUC, which checks update files and installs them, on the system bus (de.pengutronix.rauc, as of
// RAUC 1.8). Texts of RAUC and of update files are escaped and shortened.
#ifndef ALOHA_SUPERVISOR_FIRMWARE_RAUC_H_
#define ALOHA_SUPERVISOR_FIRMWARE_RAUC_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "admin/v1/firmware.pb.h"
#include "supervisor/machine/bus.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// Errors are those of Bus.
class Rauc {
 public:
  struct Status {
    bool idle = true;
    std::string last_error, compatible;
    uint32_t percent = 0;
    std::string step;
  };
  struct Bundle {
    std::string compatible, version;
  };

  explicit Rauc(asio::io_context& loop) : bus_(loop) {}

  // Calls `completed` whenever an installation ends; 0: it succeeded.
  void OnCompleted(std::function<void(int)> completed);

  // Answers at any time; the rest only while nothing is being installed.
  asio::awaitable<Result<Status>> GetStatus();
  // By name. The version of the one that runs is that of its last installation, if any.
  asio::awaitable<Result<std::vector<admin::v1::FirmwareSlot>>> GetSlots();
  // kInvalidArgument: the file is damaged, or not signed by a key that RAUC knows.
  asio::awaitable<Result<Bundle>> GetBundle(const std::string& path);
  // Succeeds when it has begun.
  asio::awaitable<Result<>> Install(const std::string& path);
  // Makes this slot the next to boot.
  asio::awaitable<Result<>> Activate(const std::string& slot);

 private:
  Bus bus_;
};

// "2026-11-29T07:00:00Z" as seconds since 1970-01-01 UTC; 0: it is no such time.
int64_t ParseRaucTime(const std::string& text);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_FIRMWARE_RAUC_H_
