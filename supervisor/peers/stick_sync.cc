#include "supervisor/peers/stick_sync.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "supervisor/async.h"
#include "supervisor/peers/stick_entries.h"

namespace aloha::supervisor {
namespace v1 = peer::v1;
namespace {

using std::chrono::milliseconds;

// How often is looked for changes: one word of each table.
constexpr milliseconds kInterval{200};
// With no other node there is nothing to look for.
constexpr std::chrono::hours kIdle{1};
// Of one message: read and merged in a millisecond.
constexpr size_t kBatch = 2000;
constexpr std::chrono::seconds kTimeout{5};
constexpr uint64_t kUnknownTableMs = 1000;

uint64_t InodeOf(int descriptor) {
  struct stat status {};
  return fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

}  // namespace

StickSync::StickSync(Parts parts) : parts_(std::move(parts)), wake_(parts_.loop) {}

void StickSync::Start() {
  parts_.link.OnChange([this] { wake_.cancel(); });
  Spawn(parts_.loop, Keep());
}

asio::awaitable<void> StickSync::Keep() {
  for (;;) {
    NoteLink();
    if (connected_) {
      LookUp();
      (void)co_await SendAll();
    }
    wake_.expires_after(connected_ ? milliseconds(kInterval) : milliseconds(kIdle));
    (void)co_await wake_.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
  }
}

// Who comes, or has begun anew, may have nothing.
void StickSync::NoteLink() {
  const LinkState& link = parts_.link.state();
  const bool fresh = link.connected && (!connected_ || link.node.started_us() != peer_started_us_);
  connected_ = link.connected;
  peer_started_us_ = link.node.started_us();
  if (!fresh) return;
  forgotten_.clear();
  for (auto& [name, table] : tables_) {
    table.all = true;
    table.position = 0;
    table.not_before = 0;
  }
}

// Follows the tables of the running configuration.
void StickSync::LookUp() {
  std::map<std::string, Table> known = std::move(tables_);
  tables_.clear();
  for (const worker::v1::StickTable& configured : parts_.running().stick_tables()) {
    const auto memory = parts_.memory(configured.name());
    if (!memory) continue;
    const uint64_t inode = InodeOf(memory->first);
    if (auto found = known.find(configured.name());
        found != known.end() && found->second.inode == inode) {
      tables_.insert(known.extract(found));
      continue;
    }
    UniqueFd descriptor(fcntl(memory->first, F_DUPFD_CLOEXEC, 0));
    auto mapped = net::StickTable::Map(configured.name(), std::move(descriptor), memory->second);
    if (!mapped) continue;
    Table table;
    table.entries = std::move(*mapped);
    table.inode = inode;
    tables_.emplace(configured.name(), std::move(table));
  }
}

StickSync::Table* StickSync::Find(const std::string& name) {
  const auto found = tables_.find(name);
  return found == tables_.end() ? nullptr : &found->second;
}

// What is to be told next; false: nothing. `after`: marks for when it has arrived.
bool StickSync::Read(Table& table, std::vector<net::StickTable::Entry>* entries,
                     Table* after) const {
  const uint64_t now = StickClockMs();
  if (now < table.not_before) return false;
  after->all = table.all;
  after->position = table.position;
  after->mark = table.mark;
  if (!after->all) {
    if (after->mark == table.entries->changes()) return false;
    if (table.entries->ReadChanges(&after->mark, now, kBatch, entries)) return true;
    entries->clear();
    after->all = true;
    after->position = 0;
  }
  // What changes while all is read is told afterwards.
  if (after->position == 0) after->mark = table.entries->changes();
  after->all = table.entries->ReadAll(&after->position, now, kBatch, entries);
  return true;
}

asio::awaitable<bool> StickSync::SendAll() {
  std::vector<v1::StickTableEntries> forgotten = std::exchange(forgotten_, {});
  for (;;) {
    v1::PushStickEntriesRequest request;
    for (v1::StickTableEntries& one : forgotten) *request.add_tables() = std::move(one);
    forgotten.clear();
    std::vector<Batch> batches;
    size_t count = 0;
    for (auto& [name, table] : tables_) {
      std::vector<net::StickTable::Entry> entries;
      Batch batch{name, {}, 0};
      if (count >= kBatch || !Read(table, &entries, &batch.after)) continue;
      batch.entries = entries.size();
      count += entries.size();
      if (!entries.empty()) {
        v1::StickTableEntries& out = *request.add_tables();
        out.set_table(name);
        AddEntries(entries, parts_.running(), StickClockMs(), out);
      }
      batches.push_back(std::move(batch));
    }
    if (batches.empty() && request.tables().empty()) co_return true;
    Result<v1::PushStickEntriesResponse> pushed = v1::PushStickEntriesResponse();
    if (!request.tables().empty()) {
      pushed = co_await parts_.link.Call(&v1::Peer::Stub::async::PushStickEntries,
                                         std::move(request), kTimeout);
    }
    if (!pushed) co_return false;
    const auto& unknown = pushed->unknown_tables();
    for (const Batch& batch : batches) {
      Table* const table = Find(batch.table);
      if (table == nullptr) continue;
      if (std::find(unknown.begin(), unknown.end(), batch.table) != unknown.end()) {
        table->not_before = StickClockMs() + kUnknownTableMs;
        continue;
      }
      table->all = batch.after.all;
      table->position = batch.after.position;
      table->mark = batch.after.mark;
      counters_.set_stick_entries_sent_total(counters_.stick_entries_sent_total() + batch.entries);
    }
    if (count < kBatch) co_return true;  // what comes meanwhile is told together
  }
}

Result<v1::PushStickEntriesResponse> StickSync::Serve(const v1::PushStickEntriesRequest& request) {
  if (auto checked = CheckEntries(request); !checked) return tl::make_unexpected(checked.error());
  LookUp();
  v1::PushStickEntriesResponse response;
  uint64_t count = 0;
  for (const v1::StickTableEntries& entries : request.tables()) {
    Table* const table = Find(entries.table());
    if (table == nullptr) {
      response.add_unknown_tables(entries.table());
      continue;
    }
    response.set_taken(response.taken() +
                       TakeEntries(entries, parts_.running(), StickClockMs(), *table->entries));
    count += static_cast<uint64_t>(entries.entries_size());
  }
  counters_.set_stick_entries_received_total(counters_.stick_entries_received_total() + count);
  counters_.set_stick_entries_taken_total(counters_.stick_entries_taken_total() + response.taken());
  return response;
}

void StickSync::Forget(const std::string& table, const std::string& client_address) {
  if (!connected_) return;
  const auto client = net::ParseIp(client_address);
  if (!client && !client_address.empty()) return;
  for (const worker::v1::StickTable& one : parts_.running().stick_tables()) {
    if (!table.empty() && one.name() != table) continue;
    v1::StickTableEntries& entries = forgotten_.emplace_back();
    entries.set_table(one.name());
    if (client) {
      entries.set_forget_client(client->data(), client->size());
    } else {
      entries.set_forget_all(true);
    }
  }
  wake_.cancel();
}

void StickSync::Describe(admin::v1::SyncCounters& counters) const { counters.MergeFrom(counters_); }

}  // namespace aloha::supervisor
