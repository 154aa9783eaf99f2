// The direct channel to aloha-system, which sets and removes the addresses and tells of interfaces.
// It works while no supervisor lives.
#ifndef ALOHA_WORKERS_VRRP_SYSTEM_LINK_H_
#define ALOHA_WORKERS_VRRP_SYSTEM_LINK_H_

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "worker/v1/vrrp.pb.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::vrrp {

// Who is told what aloha-system says.
class SystemListener {
 public:
  virtual ~SystemListener() = default;
  // A new channel; everything is told again.
  virtual void OnSystem() = 0;
  virtual void OnAddresses(const worker::v1::AddressState& state) = 0;
  virtual void OnInterface(const worker::v1::InterfaceState& state) = 0;
};

// All calls on the loop's thread.
class SystemLink {
 public:
  // Both outlive the link.
  SystemLink(asio::io_context& loop, SystemListener& listener)
      : loop_(loop), listener_(listener), retry_(loop) {}

  // Uses this socket (SOCK_SEQPACKET) from now on.
  void Connect(UniqueFd socket);
  // Reads what waits.
  void Receive();
  // Without a channel the request is lost: a new one begins with what holds.
  void Ask(const std::string& router, worker::v1::AddressRequest::Action action);
  // Requests are under way.
  bool busy() const { return !asked_.empty(); }

  // What was told last; null: nothing.
  const worker::v1::AddressState* FindAddresses(const std::string& router) const;
  const worker::v1::InterfaceState* FindInterface(const std::string& interface) const;

 private:
  void Wait();
  void Flush();
  void Take(const worker::v1::SystemNotice& notice);
  void Disconnect();

  asio::io_context& loop_;
  SystemListener& listener_;
  asio::steady_timer retry_;
  std::optional<asio::posix::stream_descriptor> socket_;
  uint64_t number_ = 0;
  std::deque<worker::v1::AddressRequest> unsent_;
  std::map<std::string, uint64_t> asked_;  // number of the newest request without an answer
  std::map<std::string, worker::v1::AddressState> addresses_;
  std::map<std::string, worker::v1::InterfaceState> interfaces_;
};

}  // namespace aloha::vrrp

#endif  // ALOHA_WORKERS_VRRP_SYSTEM_LINK_H_
