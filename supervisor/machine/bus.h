// Calls to services on D-Bus's system bus, on the control thread's loop; nothing here waits for a
// socket.
#ifndef ALOHA_SUPERVISOR_MACHINE_BUS_H_
#define ALOHA_SUPERVISOR_MACHINE_BUS_H_

#include <systemd/sd-bus.h>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "workers/runtime/error.h"

namespace aloha::supervisor {

// A method of a service: "org.freedesktop.login1", "/org/freedesktop/login1",
// "org.freedesktop.login1.Manager", "Reboot". All of static lifetime.
struct BusMethod {
  const char* service;
  const char* path;
  const char* interface;
  const char* name;
};

// One connection, opened by the first call and again after it was lost.
class Bus {
 public:
  // Appends arguments, or reads results; negative: an errno of sd-bus(3).
  using Fill = std::function<int(sd_bus_message*)>;
  using Read = std::function<int(sd_bus_message*)>;

  explicit Bus(asio::io_context& loop) : loop_(loop), timer_(loop) {}
  ~Bus() { Close(); }
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  // kFailedPrecondition: there is no bus, nobody on it has that name, or the service fails;
  // kPermissionDenied: this user may not; kInvalidArgument: what was sent is refused;
  // kDeadlineExceeded: no answer for so long. Texts are escaped.
  asio::awaitable<Result<>> Call(const BusMethod& method, Fill fill, Read read = {},
                                 std::chrono::seconds patience = std::chrono::seconds(10));

  // Calls `appeared` whenever a service of that name comes to the bus. For as long as this lives.
  void OnService(const std::string& name, std::function<void()> appeared);
  // Calls `came` with each such signal while there is a connection. It must not call this. For as
  // long as this lives.
  void OnSignal(const BusMethod& signal, std::function<void(sd_bus_message*)> came);

 private:
  struct Watched {
    std::string rule;
    std::function<void(sd_bus_message*)> came;
  };

  Result<> Open();
  void Close();
  void Watch(std::string rule, std::function<void(sd_bus_message*)> came);
  void Match(Watched& watched);
  // Handles what came, then waits for more.
  void Pump();
  void Wait();

  asio::io_context& loop_;
  asio::steady_timer timer_;
  std::unique_ptr<asio::posix::stream_descriptor> descriptor_;
  sd_bus* bus_ = nullptr;
  unsigned turn_ = 0;  // of Wait: handlers of an earlier one do nothing
  std::vector<std::unique_ptr<Watched>> watched_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_MACHINE_BUS_H_
