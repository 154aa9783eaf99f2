// Descriptors that the supervisor passed and the role has not taken yet.
#ifndef ALOHA_WORKERS_RUNTIME_DESCRIPTORS_H_
#define ALOHA_WORKERS_RUNTIME_DESCRIPTORS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "worker/v1/descriptor.pb.h"
#include "workers/runtime/packet.h"
#include "workers/runtime/unique_fd.h"

namespace aloha {

// A descriptor with the name it travels under; not owned.
using NamedDescriptor = std::pair<worker::v1::Descriptor, int>;

// The name of a listening socket, of a stick table's memory, and of a raw socket of VRRP.
worker::v1::Descriptor NameListener(const std::string& address, uint32_t port);
worker::v1::Descriptor NameStickTable(const std::string& name, uint32_t max_entries);
worker::v1::Descriptor NameVrrpSocket(const std::string& interface, bool ipv6);

// Sends them over a descriptor channel, as many in a packet as fit. Errors as SendPacket.
Result<> SendDescriptors(int channel, std::span<const NamedDescriptor> descriptors);

// All calls on the control thread.
class DescriptorInbox {
 public:
  // Replaces the channel, which stays the caller's; what arrived on the old one stays. -1: none.
  void SetChannel(int channel) { channel_ = channel; }
  // Called for each peer socket as it arrives.
  void OnPeer(std::function<void(const std::string& role, UniqueFd socket)> handler) {
    on_peer_ = std::move(handler);
  }

  // Reads every packet that waits. The supervisor sends descriptors before the call that needs
  // them, so a role finds them here when it prepares. False: the supervisor's end is gone.
  bool Receive();

  // Empty when none of that name arrived.
  UniqueFd TakeListener(const std::string& address, uint32_t port);
  UniqueFd TakeStickTable(const std::string& name);
  UniqueFd TakeVrrpSocket(const std::string& interface, bool ipv6);
  // Closes what was not taken. Called by the runtime after each commit or abort.
  void Clear();

  // Sends descriptors to the supervisor over the same channel (aloha-system).
  Result<> Send(const worker::v1::Descriptors& names, std::span<const int> descriptors);

 private:
  void Keep(const worker::v1::Descriptor& name, UniqueFd descriptor);

  int channel_ = -1;
  std::function<void(const std::string&, UniqueFd)> on_peer_;
  std::map<std::pair<std::string, uint32_t>, UniqueFd> listeners_;
  std::map<std::string, UniqueFd> stick_tables_;
  std::map<std::pair<std::string, bool>, UniqueFd> vrrp_sockets_;
};

}  // namespace aloha

#endif  // ALOHA_WORKERS_RUNTIME_DESCRIPTORS_H_
