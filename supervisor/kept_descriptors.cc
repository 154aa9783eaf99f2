#include "supervisor/kept_descriptors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <vector>

#include "workers/runtime/stick_memory.h"

namespace aloha::supervisor {
namespace v1 = worker::v1;
namespace {

Result<UniqueFd> MakeStickMemory(const std::string& name, uint32_t max_entries) {
  UniqueFd memory(memfd_create(("stick-" + name).c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory || ftruncate(memory.get(), static_cast<off_t>(StickMemoryBytes(max_entries))) != 0 ||
      fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return FailErrno("memory of stick table " + name);
  }
  return memory;
}

std::pair<std::string, uint32_t> NameOf(const v1::Listener& listener) {
  return {listener.address(), listener.port()};
}

std::pair<std::string, bool> NameOf(const v1::VrrpSocket& socket) {
  return {socket.interface(), socket.ipv6()};
}

// The names of some of these.
template <typename List>
auto NamesOf(const List& list) {
  std::set<decltype(NameOf(*list.begin()))> names;
  for (const auto& element : list) names.insert(NameOf(element));
  return names;
}

}  // namespace

void KeptDescriptors::Receive(Process& process) {
  for (;;) {
    Result<Packet> packet = ReceivePacket(process.descriptors.get());
    if (!packet) return;
    v1::Descriptors names;
    if (!names.ParseFromString(packet->payload)) continue;
    const size_t count = std::min<size_t>(packet->descriptors.size(), names.descriptors_size());
    for (size_t i = 0; i < count; ++i) {
      const v1::Descriptor& name = names.descriptors(static_cast<int>(i));
      if (name.has_listener()) {
        listeners_[{name.listener().address(), name.listener().port()}] =
            std::move(packet->descriptors[i]);
      } else if (name.has_stick_table()) {
        tables_[name.stick_table().name()] = {name.stick_table().max_entries(),
                                              std::move(packet->descriptors[i])};
      } else if (name.has_vrrp()) {
        vrrp_sockets_[{name.vrrp().interface(), name.vrrp().ipv6()}] =
            std::move(packet->descriptors[i]);
      }
    }
  }
}

v1::BindRequest KeptDescriptors::Missing(const Target& next) const {
  v1::BindRequest missing;
  for (const v1::Listener& listener : next.system.listeners()) {
    if (!listeners_.contains(NameOf(listener))) {
      *missing.add_listeners() = listener;
    }
  }
  for (const v1::VrrpSocket& socket : next.system.vrrp_sockets()) {
    if (!vrrp_sockets_.contains(NameOf(socket))) {
      *missing.add_vrrp_sockets() = socket;
    }
  }
  return missing;
}

Result<> KeptDescriptors::Expect(const v1::BindRequest& request) const {
  for (const v1::Listener& listener : request.listeners()) {
    if (!listeners_.contains(NameOf(listener))) {
      return Fail(Code::kInternal, fmt::format("aloha-system sent no socket for {}:{}",
                                               listener.address(), listener.port()));
    }
  }
  for (const v1::VrrpSocket& socket : request.vrrp_sockets()) {
    if (!vrrp_sockets_.contains(NameOf(socket))) {
      return Fail(Code::kInternal,
                  fmt::format("aloha-system sent no socket for VRRP on {}", socket.interface()));
    }
  }
  return {};
}

Result<> KeptDescriptors::MakeTables(const Target& next) {
  for (const v1::StickTable& table : next.proxy.stick_tables()) {
    const auto found = tables_.find(table.name());
    if (found != tables_.end() && found->second.max_entries == table.max_entries()) continue;
    Result<UniqueFd> memory = MakeStickMemory(table.name(), table.max_entries());
    if (!memory) return tl::make_unexpected(memory.error());
    tables_[table.name()] = {table.max_entries(), std::move(*memory)};
  }
  return {};
}

std::optional<std::pair<int, uint32_t>> KeptDescriptors::StickMemoryOf(
    const std::string& table) const {
  const auto found = tables_.find(table);
  if (found == tables_.end()) return std::nullopt;
  return std::pair(found->second.memory.get(), found->second.max_entries);
}

void KeptDescriptors::DropUnused(const Target& target) {
  const auto listeners = NamesOf(target.system.listeners());
  const auto vrrp_sockets = NamesOf(target.system.vrrp_sockets());
  std::set<std::string> tables;
  for (const v1::StickTable& table : target.proxy.stick_tables()) tables.insert(table.name());
  std::erase_if(listeners_, [&](const auto& held) { return !listeners.contains(held.first); });
  std::erase_if(vrrp_sockets_,
                [&](const auto& held) { return !vrrp_sockets.contains(held.first); });
  std::erase_if(tables_, [&](const auto& held) { return !tables.contains(held.first); });
}

Result<> KeptDescriptors::SendAll(const Process& process, const Target& target) const {
  return SendNew(process, Target(), target);
}

Result<> KeptDescriptors::SendNew(const Process& process, const Target& running,
                                  const Target& next) const {
  const std::string_view role = process.role->name;
  std::vector<NamedDescriptor> named;
  const auto had_listeners = NamesOf(ListenersOf(role, running));
  for (const v1::Listener& listener : ListenersOf(role, next)) {
    const auto held = listeners_.find(NameOf(listener));
    if (held == listeners_.end() || had_listeners.contains(held->first)) continue;
    named.emplace_back(NameListener(listener.address(), listener.port()), held->second.get());
  }
  const auto had_sockets = NamesOf(VrrpSocketsOf(role, running));
  for (const v1::VrrpSocket& socket : VrrpSocketsOf(role, next)) {
    const auto held = vrrp_sockets_.find(NameOf(socket));
    if (held == vrrp_sockets_.end() || had_sockets.contains(held->first)) continue;
    named.emplace_back(NameVrrpSocket(socket.interface(), socket.ipv6()), held->second.get());
  }
  if (role == "proxy") {
    for (const v1::StickTable& table : next.proxy.stick_tables()) {
      const StickMemory& held = tables_.at(table.name());
      named.emplace_back(NameStickTable(table.name(), held.max_entries), held.memory.get());
    }
  }
  return SendDescriptors(process.descriptors.get(), named);
}

}  // namespace aloha::supervisor
