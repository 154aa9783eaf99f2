#include "workers/runtime/descriptors.h"

#include <algorithm>
#include <vector>

namespace aloha {

worker::v1::Descriptor NameListener(const std::string& address, uint32_t port) {
  worker::v1::Descriptor name;
  name.mutable_listener()->set_address(address);
  name.mutable_listener()->set_port(port);
  return name;
}

worker::v1::Descriptor NameStickTable(const std::string& table, uint32_t max_entries) {
  worker::v1::Descriptor name;
  name.mutable_stick_table()->set_name(table);
  name.mutable_stick_table()->set_max_entries(max_entries);
  return name;
}

worker::v1::Descriptor NameVrrpSocket(const std::string& interface, bool ipv6) {
  worker::v1::Descriptor name;
  name.mutable_vrrp()->set_interface(interface);
  name.mutable_vrrp()->set_ipv6(ipv6);
  return name;
}

Result<> SendDescriptors(int channel, std::span<const NamedDescriptor> descriptors) {
  while (!descriptors.empty()) {
    const auto batch =
        descriptors.first(std::min<size_t>(descriptors.size(), kMaxPacketDescriptors));
    worker::v1::Descriptors names;
    std::vector<int> numbers;
    for (const auto& [name, number] : batch) {
      *names.add_descriptors() = name;
      numbers.push_back(number);
    }
    if (auto sent = SendPacket(channel, names.SerializeAsString(), numbers); !sent) return sent;
    descriptors = descriptors.subspan(batch.size());
  }
  return {};
}

bool DescriptorInbox::Receive() {
  for (;;) {
    if (channel_ < 0) return false;
    Result<Packet> packet = ReceivePacket(channel_);
    if (!packet) {
      if (packet.error().code == Code::kInvalidArgument)
        continue;  // cut off: its descriptors are closed
      return packet.error().code == Code::kResourceExhausted;
    }
    worker::v1::Descriptors names;
    if (!names.ParseFromString(packet->payload)) continue;
    // A count that does not match closes the surplus and leaves the missing ones missing.
    const size_t count = std::min<size_t>(packet->descriptors.size(), names.descriptors_size());
    for (size_t i = 0; i < count; ++i) {
      Keep(names.descriptors(static_cast<int>(i)), std::move(packet->descriptors[i]));
    }
  }
}

void DescriptorInbox::Keep(const worker::v1::Descriptor& name, UniqueFd descriptor) {
  switch (name.kind_case()) {
    case worker::v1::Descriptor::kListener:
      listeners_[{name.listener().address(), name.listener().port()}] = std::move(descriptor);
      break;
    case worker::v1::Descriptor::kStickTable:
      stick_tables_[name.stick_table().name()] = std::move(descriptor);
      break;
    case worker::v1::Descriptor::kVrrp:
      vrrp_sockets_[{name.vrrp().interface(), name.vrrp().ipv6()}] = std::move(descriptor);
      break;
    case worker::v1::Descriptor::kPeerRole:
      if (on_peer_) on_peer_(name.peer_role(), std::move(descriptor));
      break;
    case worker::v1::Descriptor::KIND_NOT_SET:
      break;
  }
}

UniqueFd DescriptorInbox::TakeListener(const std::string& address, uint32_t port) {
  auto found = listeners_.extract({address, port});
  return found ? std::move(found.mapped()) : UniqueFd();
}

UniqueFd DescriptorInbox::TakeStickTable(const std::string& name) {
  auto found = stick_tables_.extract(name);
  return found ? std::move(found.mapped()) : UniqueFd();
}

UniqueFd DescriptorInbox::TakeVrrpSocket(const std::string& interface, bool ipv6) {
  auto found = vrrp_sockets_.extract({interface, ipv6});
  return found ? std::move(found.mapped()) : UniqueFd();
}

void DescriptorInbox::Clear() {
  vrrp_sockets_.clear();
  listeners_.clear();
  stick_tables_.clear();
}

Result<> DescriptorInbox::Send(const worker::v1::Descriptors& names,
                               std::span<const int> descriptors) {
  return SendPacket(channel_, names.SerializeAsString(), descriptors);
}

}  // namespace aloha
