#include "workers/health/checker.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace aloha::health {
namespace {

using std::chrono::nanoseconds;

// Within this time a new check is probed first, even when its interval is long.
constexpr std::chrono::seconds kFirstProbes{1};

std::string FormatDuration(std::chrono::milliseconds time) {
  const auto ms = time.count();
  if (ms % 1000 == 0) return std::to_string(ms / 1000) + "s";
  if (ms < 1000) return std::to_string(ms) + "ms";
  std::string fraction = std::to_string(1000 + ms % 1000).substr(1);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return std::to_string(ms / 1000) + "." + fraction + "s";
}

// Starts are rounded up to a 64th of the interval, at most 16 ms, so that one wake-up serves
// several.
TimePoint RoundUp(TimePoint time, nanoseconds interval) {
  const int64_t grain = std::min<int64_t>(interval.count() / 64, 16'000'000);
  const int64_t count = nanoseconds(time.time_since_epoch()).count();
  return TimePoint(nanoseconds((count + grain - 1) / grain * grain));
}

int64_t WallClockMicroseconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

}  // namespace

struct Checker::Entry {
  size_t index = 0;
  CheckSpec spec;
  CheckTrack track;
  std::shared_ptr<Probe> probe;
  TimePoint slots;           // one of its slots; the others are intervals away
  TimePoint started;         // of the newest probe
  Agenda* agenda = nullptr;  // where `place` points into; null: stopped
  Agenda::iterator place;
};

Checker::Checker(Options options, ResultHandler on_result)
    : options_(std::move(options)), on_result_(std::move(on_result)), random_(options_.seed) {}

Checker::~Checker() { Stop(); }

const CheckSpec& Checker::spec(size_t check) const { return checks_[check]->spec; }
const CheckTrack& Checker::track(size_t check) const { return checks_[check]->track; }

std::unique_ptr<Checker::Entry> Checker::MakeEntry(CheckSpec spec) {
  auto entry = std::make_unique<Entry>();
  entry->spec = std::move(spec);
  entry->probe = options_.make_probe(
      entry->spec, [this, raw = entry.get()](const ProbeResult& result) { Finish(raw, result); });
  return entry;
}

void Checker::Apply(std::vector<CheckSpec> specs) {
  std::unordered_map<std::string, std::unique_ptr<Entry>> old;
  for (std::unique_ptr<Entry>& entry : std::exchange(checks_, {})) {
    std::string id = entry->spec.config.id();
    old.emplace(std::move(id), std::move(entry));
  }
  const TimePoint now = options_.now();
  std::vector<Entry*> unplaced;
  for (CheckSpec& spec : specs) {
    const auto found = old.find(spec.config.id());
    std::unique_ptr<Entry> entry;
    if (found != old.end() && found->second->spec.question == spec.question) {
      entry = std::move(found->second);
      old.erase(found);
      const bool same_pace =
          entry->spec.interval == spec.interval && entry->spec.fast_interval == spec.fast_interval;
      entry->spec = std::move(spec);
      // A running probe ends as it began; its next start follows the new intervals.
      if (!same_pace || entry->agenda == nullptr) unplaced.push_back(entry.get());
    } else {
      entry = MakeEntry(std::move(spec));
      unplaced.push_back(entry.get());
    }
    entry->index = checks_.size();
    checks_.push_back(std::move(entry));
  }
  for (auto& [id, entry] : old) {
    if (entry->agenda == &deadlines_) entry->probe->Cancel();
    if (entry->agenda != nullptr) entry->agenda->erase(entry->place);
  }
  const auto count = static_cast<int64_t>(unplaced.size());
  for (int64_t i = 0; i < count; ++i) {
    Entry* entry = unplaced[static_cast<size_t>(i)];
    const nanoseconds interval = entry->spec.interval;
    entry->slots = now + interval * i / count;
    if (entry->agenda == &deadlines_) continue;
    const nanoseconds first = std::min<nanoseconds>(entry->spec.fast_interval, kFirstProbes);
    Move(entry, &starts_, now + first * i / count);
  }
}

void Checker::Stop() {
  for (const auto& [deadline, entry] : deadlines_) entry->probe->Cancel();
  for (const std::unique_ptr<Entry>& entry : checks_) entry->agenda = nullptr;
  starts_.clear();
  deadlines_.clear();
}

TimePoint Checker::next_due() const {
  TimePoint due = TimePoint::max();
  if (!deadlines_.empty()) due = deadlines_.begin()->first;
  if (!starts_.empty() && deadlines_.size() < options_.max_probes) {
    due = std::min(due, starts_.begin()->first);
  }
  return due;
}

void Checker::RunDue() {
  const TimePoint now = options_.now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    Entry* entry = deadlines_.begin()->second;
    const std::string missing = entry->probe->Cancel();
    Finish(entry, {Outcome::kFailure, missing + " within " + FormatDuration(entry->spec.timeout)});
  }
  while (!starts_.empty() && starts_.begin()->first <= now &&
         deadlines_.size() < options_.max_probes) {
    Start(starts_.begin()->second);
  }
}

void Checker::Start(Entry* entry) {
  entry->started = options_.now();
  Move(entry, &deadlines_, entry->started + entry->spec.timeout);
  entry->probe->Start();
}

void Checker::Finish(Entry* entry, const ProbeResult& result) {
  const worker::v1::CheckState before = entry->track.state();
  const auto took =
      std::chrono::duration_cast<std::chrono::microseconds>(options_.now() - entry->started);
  entry->track.Record(result, static_cast<int>(entry->spec.config.rise()),
                      static_cast<int>(entry->spec.config.fall()), WallClockMicroseconds(),
                      static_cast<uint64_t>(took.count()));
  Move(entry, &starts_, NextStart(*entry));
  on_result_(entry->index, before);
}

TimePoint Checker::NextStart(const Entry& entry) {
  const TimePoint now = options_.now();
  const nanoseconds interval = entry.spec.interval;
  if (!entry.track.settled()) {
    const nanoseconds fast = entry.spec.fast_interval;
    return RoundUp(std::max(now, entry.started + fast + Jitter(fast)), fast);
  }
  // The next slot that is at least half an interval after the last start.
  const nanoseconds distance = entry.started + interval / 2 - entry.slots;
  const TimePoint slot = entry.slots + interval * ((distance + interval) / interval);
  return RoundUp(std::max(now, slot + Jitter(interval)), interval);
}

nanoseconds Checker::Jitter(nanoseconds interval) {
  const int64_t reach = interval.count() / 10;
  return nanoseconds(std::uniform_int_distribution<int64_t>(-reach, reach)(random_));
}

void Checker::Move(Entry* entry, Agenda* to, TimePoint when) {
  Agenda::node_type node;
  if (entry->agenda != nullptr) {
    node = entry->agenda->extract(entry->place);
    node.key() = when;
    entry->place = to->insert(std::move(node));
  } else {
    entry->place = to->emplace(when, entry);
  }
  entry->agenda = to;
}

}  // namespace aloha::health
