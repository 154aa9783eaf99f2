// Stick entries that the other node pushes: none but servers known here come into the table, and
// none for longer than it keeps its own.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "supervisor/peers/stick_entries.h"
#include "workers/runtime/stick_memory.h"

namespace aloha::supervisor {
namespace {

constexpr uint32_t kEntries = 64;
constexpr uint64_t kNow = 1000, kExpiry = 60'000;

worker::v1::ProxySnapshot Running() {
  worker::v1::ProxySnapshot running;
  auto* table = running.add_stick_tables();
  table->set_name("t");
  table->set_max_entries(kEntries);
  table->set_expiry_ms(kExpiry);
  auto* service = running.add_services();
  service->set_stick_table("t");
  service->add_servers()->set_name("a");
  return running;
}

std::unique_ptr<net::StickTable> MakeTable() {
  UniqueFd memory(memfd_create("stick", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (ftruncate(memory.get(), StickMemoryBytes(kEntries)) != 0 ||
      fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0)
    std::abort();
  return net::StickTable::Map("t", std::move(memory), kEntries).value();
}

}  // namespace
}  // namespace aloha::supervisor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace aloha::supervisor;
  static const auto running = Running();
  static const auto table = MakeTable();
  aloha::peer::v1::PushStickEntriesRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size)) || !CheckEntries(request)) return 0;
  (void)table->Clear(std::nullopt, kNow);
  for (auto& entries : *request.mutable_tables()) {
    entries.set_table("t");
    if (TakeEntries(entries, running, kNow, *table) > static_cast<uint32_t>(entries.entries_size()))
      std::abort();
  }
  uint64_t total = 0;
  for (const auto& entry : table->List(kNow, kEntries, &total)) {
    if (entry.server != aloha::net::HashName("a") || entry.expires_ms > kNow + kExpiry)
      std::abort();
  }
  return 0;
}
