#include "supervisor/peers/stick_entries.h"

#include <time.h>

#include <algorithm>
#include <cstring>
#include <map>

namespace aloha::supervisor {
namespace {

constexpr int kMaxEntries = 10'000;
constexpr int kMaxServers = 10'000;

const worker::v1::StickTable* FindTable(const worker::v1::ProxySnapshot& running,
                                        const std::string& name) {
  for (const worker::v1::StickTable& table : running.stick_tables()) {
    if (table.name() == name) return &table;
  }
  return nullptr;
}

// By what the table's entries call them: the hashes of their names.
std::map<uint64_t, std::string> ServersOf(const worker::v1::ProxySnapshot& running,
                                          const std::string& table) {
  std::map<uint64_t, std::string> servers;
  for (const worker::v1::VirtualService& service : running.services()) {
    if (service.stick_table() != table && service.authorization_table() != table) continue;
    for (const worker::v1::Server& server : service.servers()) {
      servers.emplace(net::HashName(server.name()), server.name());
    }
  }
  return servers;
}

std::optional<net::Ip> ParseClient(const std::string& bytes) {
  net::Ip client;
  if (bytes.size() != client.size()) return std::nullopt;
  std::memcpy(client.data(), bytes.data(), client.size());
  return client;
}

}  // namespace

uint64_t StickClockMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1'000'000;
}

void AddEntries(const std::vector<net::StickTable::Entry>& entries,
                const worker::v1::ProxySnapshot& running, uint64_t now_ms,
                peer::v1::StickTableEntries& out) {
  const std::map<uint64_t, std::string> servers = ServersOf(running, out.table());
  std::map<uint64_t, uint32_t> indexes;
  for (const net::StickTable::Entry& entry : entries) {
    const auto server = servers.find(entry.server);
    if (server == servers.end() || entry.expires_ms <= now_ms) continue;
    const auto [index, fresh] =
        indexes.emplace(entry.server, static_cast<uint32_t>(out.servers_size()));
    if (fresh) out.add_servers(server->second);
    peer::v1::StickEntry* one = out.add_entries();
    one->set_client(entry.client.data(), entry.client.size());
    one->set_server(index->second);
    one->set_expires_in_ms(
        static_cast<uint32_t>(std::min<uint64_t>(entry.expires_ms - now_ms, UINT32_MAX)));
  }
}

Result<> CheckEntries(const peer::v1::PushStickEntriesRequest& request) {
  int entries = 0, servers = 0;
  for (const peer::v1::StickTableEntries& table : request.tables()) {
    entries += std::min(table.entries_size(), kMaxEntries + 1);
    servers += std::min(table.servers_size(), kMaxServers + 1);
    if (entries > kMaxEntries || servers > kMaxServers) {
      return Fail(Code::kInvalidArgument, "too many entries in one message");
    }
  }
  return {};
}

uint32_t TakeEntries(const peer::v1::StickTableEntries& entries,
                     const worker::v1::ProxySnapshot& running, uint64_t now_ms,
                     net::StickTable& table) {
  const worker::v1::StickTable* const configured = FindTable(running, entries.table());
  if (configured == nullptr) return 0;
  if (entries.forget_all()) (void)table.Clear(std::nullopt, now_ms);
  if (const auto client = ParseClient(entries.forget_client())) (void)table.Clear(client, now_ms);
  const std::map<uint64_t, std::string> known = ServersOf(running, entries.table());
  std::vector<std::optional<uint64_t>> servers;
  for (const std::string& name : entries.servers()) {
    const uint64_t hash = net::HashName(name);
    servers.push_back(known.contains(hash) ? std::optional(hash) : std::nullopt);
  }
  uint32_t taken = 0;
  for (const peer::v1::StickEntry& entry : entries.entries()) {
    const auto client = ParseClient(entry.client());
    if (!client || entry.server() >= servers.size() || !servers[entry.server()]) continue;
    const uint64_t left = std::min<uint64_t>(entry.expires_in_ms(), configured->expiry_ms());
    if (table.Merge({*client, *servers[entry.server()], now_ms + left}, now_ms)) ++taken;
  }
  return taken;
}

}  // namespace aloha::supervisor
