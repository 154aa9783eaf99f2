#include "supervisor/observe.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace aloha::supervisor {
namespace {

using admin::v1::Confinement;
using Status = std::map<std::string, std::string>;

// Bits of linux/capability.h.
constexpr std::array kCapabilityBits = {std::pair{"cap_net_bind_service", 10},
                                        std::pair{"cap_net_admin", 12},
                                        std::pair{"cap_net_raw", 13}};

std::string CapabilityNames(uint64_t set) {
  std::string names;
  for (const auto& [name, bit] : kCapabilityBits) {
    if ((set & (uint64_t{1} << bit)) == 0) continue;
    names += (names.empty() ? "" : ",") + std::string(name);
    set &= ~(uint64_t{1} << bit);
  }
  if (set != 0) names += fmt::format("{}0x{:x}", names.empty() ? "" : ",", set);
  return names.empty() ? "none" : names;
}

uint64_t DeclaredCapabilities(const Role& role) {
  uint64_t set = 0;
  for (const Capability& capability : role.capabilities) {
    for (const auto& [name, bit] : kCapabilityBits) {
      if (capability.name == name) set |= uint64_t{1} << bit;
    }
  }
  return set;
}

std::string Field(const Status& status, const char* name) {
  const auto found = status.find(name);
  return found == status.end() ? "?" : found->second;
}

// Every thread counts: one value, or all that differ.
std::string OfAllThreads(pid_t pid, const char* field) {
  std::set<std::string> values;
  std::error_code error;
  for (const auto& thread :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), error)) {
    const Status status = ReadStatus(thread.path().string() + "/status");
    if (!status.empty()) values.insert(Field(status, field));
  }
  std::string all;
  for (const std::string& value : values) all += (all.empty() ? "" : " and ") + value;
  return all.empty() ? "?" : all;
}

Confinement Measure(std::string name, std::string declared, std::string observed) {
  Confinement measure;
  measure.set_as_declared(declared == observed);
  measure.set_measure(std::move(name));
  measure.set_declared(std::move(declared));
  measure.set_observed(std::move(observed));
  return measure;
}

Confinement CapabilityMeasure(pid_t pid, uint64_t declared) {
  const Status status = ReadStatus(fmt::format("/proc/{}/status", pid));
  uint64_t held = 0;
  for (const char* set : {"CapEff", "CapPrm", "CapAmb"})
    held |= std::strtoull(Field(status, set).c_str(), nullptr, 16);
  return Measure("capabilities", CapabilityNames(declared), CapabilityNames(held));
}

// Fields of "Uid" in /proc/PID/status: real, effective, saved, of the file system.
std::vector<std::string> UserIds(pid_t pid) {
  std::istringstream fields(Field(ReadStatus(fmt::format("/proc/{}/status", pid)), "Uid"));
  return {std::istream_iterator<std::string>(fields), {}};
}

Confinement UserMeasure(pid_t pid) {
  const std::vector<std::string> ids = UserIds(pid);
  return Measure("user", std::to_string(geteuid()), ids.empty() ? "?" : ids[0]);
}

// aloha-keys keeps the real user, so that the supervisor may signal it, and acts as another.
Confinement OwnUserMeasure(pid_t pid) {
  const std::vector<std::string> ids = UserIds(pid);
  if (ids.size() < 2) return Measure("user", "its own", "?");
  const bool own = ids[1] != std::to_string(geteuid());
  return Measure("user", "its own",
                 own ? "its own" : "the supervisor's: separation weaker than declared");
}

}  // namespace

Status ReadStatus(const std::string& path) {
  Status fields;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const size_t value = line.find_first_not_of(" \t", colon + 1);
    fields[line.substr(0, colon)] = value == std::string::npos ? "" : line.substr(value);
  }
  return fields;
}

std::vector<Confinement> ObserveWorker(const Process& process, bool privileged) {
  std::vector<Confinement> measures;
  const pid_t pid = process.pid;
  measures.push_back(process.role->name == "keys" ? OwnUserMeasure(pid) : UserMeasure(pid));
  measures.push_back(CapabilityMeasure(pid, privileged ? DeclaredCapabilities(*process.role) : 0));
  measures.push_back(Measure("no_new_privs", "1", OfAllThreads(pid, "NoNewPrivs")));
  measures.push_back(Measure("seccomp", "2", OfAllThreads(pid, "Seccomp")));
  // The kernel shows no Landlock domain: what the worker tried and saw refused stands for it.
  const auto& probes = process.info.probes();
  const bool landlock = std::any_of(probes.begin(), probes.end(), [](const auto& probe) {
    return probe.act().starts_with("landlock:") && probe.refused();
  });
  const char* const files = process.role->name == "keys" ? "its own folders" : "no file";
  measures.push_back(Measure("landlock", files, landlock ? files : "kernel has none"));
  const bool all_refused = std::all_of(probes.begin(), probes.end(),
                                       [](const auto& probe) { return probe.refused(); }) &&
                           !probes.empty();
  measures.push_back(Measure("forbidden acts tried", "refused", all_refused ? "refused" : "done"));
  return measures;
}

std::vector<Confinement> ObserveSupervisor() {
  std::vector<Confinement> measures;
  measures.push_back(CapabilityMeasure(getpid(), 0));
  measures.push_back(Measure("dumpable", "0", std::to_string(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0))));
  const bool root = geteuid() == 0;
  measures.push_back(Measure("root", "no", root ? "yes" : "no"));
  return measures;
}

namespace {

// Field 22 of /proc/PID/stat (proc(5)): the start, in clock ticks since the boot.
uint64_t StartTicks(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  std::getline(file, line);
  std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 1)));
  std::string field;
  for (int i = 3; i <= 22 && fields >> field; ++i) {
  }
  return std::strtoull(field.c_str(), nullptr, 10);
}

}  // namespace

Usage ObserveUsage(pid_t pid) {
  Usage usage;
  const Status status = ReadStatus(fmt::format("/proc/{}/status", pid));
  // smaps_rollup is closed to us for a process that is not dumpable; RssAnon and RssShmem are its
  // own memory.
  for (const char* field : {"RssAnon", "RssShmem"}) {
    usage.memory_bytes += std::strtoull(Field(status, field).c_str(), nullptr, 10) * 1024;
  }
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &time) == 0) {
    usage.cpu_us = static_cast<uint64_t>(time.tv_sec) * 1'000'000 +
                   static_cast<uint64_t>(time.tv_nsec) / 1'000;
  }
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const uint64_t started_s = StartTicks(pid) / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  usage.uptime_s =
      static_cast<uint64_t>(now.tv_sec) - std::min(static_cast<uint64_t>(now.tv_sec), started_s);
  return usage;
}

}  // namespace aloha::supervisor
