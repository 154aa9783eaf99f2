#include "supervisor/admin/live_feed.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <utility>

#include "supervisor/access/wall_time.h"
#include "supervisor/admin/configuration_api.h"
#include "supervisor/admin/events_api.h"
#include "supervisor/admin/high_availability_api.h"
#include "supervisor/admin/stats_api.h"
#include "supervisor/admin/system_api.h"
#include "supervisor/admin/traffic_api.h"
#include "supervisor/admin/workers_api.h"
#include "supervisor/firmware/firmware.h"
#include "supervisor/fleet.h"
#include "supervisor/log_reader.h"
#include "supervisor/peers/peers.h"
#include "supervisor/peers/stick_sync.h"
#include "supervisor/peers/sync.h"
#include "supervisor/services.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{500}, kSlowly{5'000}, kHeartbeat{5'000};
// Counters of sessions, and what aloha-gateway counts.
constexpr milliseconds kCounters{2'000};
constexpr milliseconds kFreshStats{150};
// Of one reader: more is left out until there is room, and then all is sent anew.
constexpr size_t kMostWaiting = 100;
constexpr uint32_t kShortestInterval = 200, kInterval = 1'000, kLongestInterval = 60'000;

// The same bytes for the same message, also where it has maps.
std::string Serialize(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

// Without what changes with every session.
std::string EssenceOf(v1::VirtualServiceStates states) {
  for (v1::VirtualService& service : *states.mutable_virtual_services()) {
    service.clear_sessions();
    for (v1::Server& server : *service.mutable_servers()) {
      server.clear_sessions();
      server.clear_sessions_total();
    }
  }
  return Serialize(states);
}

std::string EssenceOf(const Fleet& fleet) {
  std::string essence;
  for (const auto& [name, slot] : fleet.slots()) {
    essence += fmt::format("{} {} {} {}\n", name, static_cast<int>(slot.state),
                           slot.process ? slot.process->pid : 0, slot.InUse());
  }
  return essence;
}

}  // namespace

asio::awaitable<void> LiveFeed::Follow(Handle stream, v1::WatchAllRequest request) {
  const uint32_t asked = request.stats_interval_ms() == 0 ? kInterval : request.stats_interval_ms();
  const milliseconds interval(std::clamp(asked, kShortestInterval, kLongestInterval));
  const auto reader = std::make_shared<Reader>(Reader{stream, Clock::now()});
  const auto send_event = [reader](const v1::Event& event) {
    v1::Live live;
    *live.mutable_event() = event;
    Send(*reader, live);
  };
  for (const v1::Event& event : Backlog(context_.events, "", request.event_backlog()))
    send_event(event);
  const auto watch = context_.events.Watch(send_event);
  if (request.has_log()) {
    LogSink sink{[stream](v1::LogLine line) {
                   v1::Live live;
                   *live.mutable_log() = std::move(line);
                   return stream->Send(std::move(live));
                 },
                 [stream] { return stream->alive(); }, [] { return uint64_t{0}; }};
    const LogSources sources{context_.loop, context_.log, context_.fleet};
    Spawn(context_.loop, FollowLog(sources, std::move(sink), request.log()));
  }
  SendAll(*reader);
  readers_.push_back(reader);
  if (!std::exchange(running_, true)) Spawn(context_.loop, Run());
  if (!std::exchange(beating_, true)) Spawn(context_.loop, KeepBeating());
  while (stream->alive()) {
    v1::StatsSnapshot stats = co_await Stats();
    v1::Live live;
    *live.mutable_stats() = std::move(stats);
    Send(*reader, live);
    // What a slow reader lost may be the newest of its kind.
    if (stream->TakeDropped() > 0) reader->behind = true;
    if (reader->behind && stream->waiting() == 0) {
      reader->behind = false;
      SendAll(*reader);
    }
    co_await Sleep(interval);
  }
  readers_.remove(reader);
}

asio::awaitable<void> LiveFeed::Run() {
  while (!readers_.empty()) {
    co_await Look();
    co_await Sleep(kLook);
  }
  parts_.clear();
  running_ = false;
}

// Apart from looking, which may wait for a worker.
asio::awaitable<void> LiveFeed::KeepBeating() {
  while (!readers_.empty()) {
    Beat();
    co_await Sleep(kLook);
  }
  beating_ = false;
}

asio::awaitable<void> LiveFeed::Look() {
  LookAtStates();
  co_await LookAtVirtualServices();
  co_await LookAtNodes();
}

void LiveFeed::LookAtStates() {
  v1::Live services;
  for (v1::Service& service : context_.services.List())
    *services.mutable_services()->add_services() = std::move(service);
  Offer(std::move(services));
  v1::Live configuration;
  *configuration.mutable_configuration() = DescribeConfiguration(context_);
  Offer(std::move(configuration));
  if (UsesVrrp(context_)) {
    v1::Live vrrp;
    *vrrp.mutable_vrrp() = DescribeVrrp(context_);
    Offer(std::move(vrrp));
  }
  v1::Live sync;
  *sync.mutable_synchronization() = context_.sync.Describe();
  context_.stick_sync.Describe(*sync.mutable_synchronization()->mutable_counters());
  Offer(std::move(sync));
  context_.firmware.LookSoon();
  v1::Live firmware;
  *firmware.mutable_firmware() = context_.firmware.state();
  Offer(std::move(firmware));
  std::string workers_essence = EssenceOf(context_.fleet);
  if (IsDue(Kind::kWorkers, workers_essence, kSlowly)) {
    v1::Live workers;
    for (v1::Worker& worker : DescribeWorkers(context_))
      *workers.mutable_workers()->add_workers() = std::move(worker);
    Offer(std::move(workers), std::move(workers_essence));
  }
  if (IsDue(Kind::kSystem, "", kSlowly)) {
    v1::Live system;
    *system.mutable_system() = DescribeSystem(context_);
    Offer(std::move(system));
  }
}

asio::awaitable<void> LiveFeed::LookAtVirtualServices() {
  v1::VirtualServiceStates states = co_await DescribeVirtualServices(context_);
  std::string essence = EssenceOf(states);
  if (!IsDue(Kind::kVirtualServices, essence, kCounters)) co_return;
  v1::Live live;
  *live.mutable_virtual_services() = std::move(states);
  Offer(std::move(live), std::move(essence));
}

asio::awaitable<void> LiveFeed::LookAtNodes() {
  if (!IsDue(Kind::kNodes, "", kCounters)) co_return;
  Result<v1::Nodes> nodes = co_await context_.peers.List();
  v1::Live live;
  *live.mutable_nodes() = nodes ? std::move(*nodes) : v1::Nodes();
  Offer(std::move(live));
}

bool LiveFeed::IsDue(Kind kind, const std::string& essence, milliseconds pace) const {
  const auto part = parts_.find(kind);
  return part == parts_.end() || part->second.essence != essence ||
         Clock::now() - part->second.looked >= pace;
}

void LiveFeed::Offer(v1::Live live, std::string essence) {
  std::string bytes = Serialize(live);
  Part& part = parts_[live.change_case()];
  part.looked = Clock::now();
  part.essence = std::move(essence);
  if (part.bytes == bytes) return;
  part.bytes = std::move(bytes);
  part.live = std::move(live);
  for (const auto& reader : readers_) Send(*reader, part.live);
}

void LiveFeed::Send(Reader& reader, const v1::Live& live) {
  if (reader.stream->waiting() >= kMostWaiting) {
    reader.behind = true;
    return;
  }
  reader.last = Clock::now();
  reader.stream->Send(live);
}

void LiveFeed::SendAll(Reader& reader) const {
  for (const auto& [kind, part] : parts_) Send(reader, part.live);
}

// A connection that says nothing looks like one that is dead.
void LiveFeed::Beat() {
  v1::Live live;
  live.mutable_heartbeat()->set_time_us(WallMicroseconds());
  for (const auto& reader : readers_) {
    if (Clock::now() - reader->last >= kHeartbeat - kLook) Send(*reader, live);
  }
}

asio::awaitable<v1::StatsSnapshot> LiveFeed::Stats() {
  const AsyncMutex::Guard guard = co_await stats_mutex_.Lock();
  if (Clock::now() - stats_taken_ >= kFreshStats) {
    v1::StatsSnapshot fresh = co_await TakeStats(context_);
    stats_ = std::move(fresh);
    stats_taken_ = Clock::now();
  }
  co_return stats_;
}

}  // namespace aloha::supervisor
