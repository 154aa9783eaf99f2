#include "supervisor/config/store.h"

#include <fmt/format.h>
#include <google/protobuf/text_format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>

#include "supervisor/config/file.h"
#include "supervisor/config/print.h"
#include "supervisor/config/state_file.h"

namespace aloha::supervisor {
namespace {

using config::v1::VersionInfo;

constexpr std::string_view kInfoMark = "# version: ";
constexpr std::string_view kSuffix = ".textproto";

std::string HeaderOf(const VersionInfo& info) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  printer.PrintToString(info, &text);
  return fmt::format("{}{}\n", kInfoMark, text);
}

Result<> WriteVersion(const std::string& path, const ConfigVersion& version) {
  return WriteState(path, version.config, HeaderOf(version.info));
}

Result<ConfigVersion> ReadVersionFile(const std::string& path) {
  ConfigVersion version;
  std::string header;
  if (const auto read = ReadState(path, &version.config, &header); !read) {
    return tl::make_unexpected(read.error());
  }
  // The checksum was right, so the header is as it was written.
  if (header.starts_with(kInfoMark)) {
    google::protobuf::TextFormat::ParseFromString(header.substr(kInfoMark.size()), &version.info);
  }
  return version;
}

// The number in "000012.textproto" followed by `end`.
std::optional<uint64_t> NumberIn(const std::string& name, std::string_view end) {
  uint64_t number = 0;
  const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view tail(rest, name.data() + name.size() - rest);
  if (!tail.starts_with(kSuffix) || tail.substr(kSuffix.size()) != end) return std::nullopt;
  return number;
}

// The same for the same version, whatever its number.
std::string KnownBy(const ConfigVersion& version) {
  VersionInfo info = version.info;
  info.clear_number();
  return HeaderOf(info) + PrintText(version.config);
}

// Numbers of the files of a folder, largest first; none when the folder cannot be read.
std::vector<uint64_t> NumbersIn(const std::string& folder, std::string_view end) {
  std::vector<uint64_t> numbers;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  while (!error && entry != std::filesystem::directory_iterator()) {
    if (const auto number = NumberIn(entry->path().filename().string(), end)) {
      numbers.push_back(*number);
    }
    entry.increment(error);
  }
  std::sort(numbers.begin(), numbers.end(), std::greater<>());
  return numbers;
}

}  // namespace

Result<ConfigStore> ConfigStore::Open(const std::string& state_dir, const std::string& run_dir) {
  const std::string run = run_dir + "/config", saved = state_dir + "/config",
                    history = state_dir + "/history";
  for (const std::string& folder : {run, saved, history}) {
    if (const auto made = MakeFolder(folder); !made) return tl::make_unexpected(made.error());
  }
  return ConfigStore(run + "/running.textproto", saved + "/saved.textproto", history);
}

uint64_t ConfigStore::newest() const {
  uint64_t newest = 0;
  // A number that was used for a broken file is not used again.
  for (const std::string_view end : {"", ".broken"}) {
    const auto numbers = NumbersIn(history_, end);
    if (!numbers.empty()) newest = std::max(newest, numbers.front());
  }
  return newest;
}

Result<> ConfigStore::Keep(ConfigVersion& version) {
  version.info.set_number(newest() + 1);
  return WriteVersion(VersionPath(version.info.number()), version);
}

Result<> ConfigStore::Record(ConfigVersion& version) {
  if (const auto kept = Keep(version); !kept) return kept;
  if (const auto written = WriteVersion(running_, version); !written) {
    ::unlink(VersionPath(version.info.number()).c_str());
    return written;
  }
  Prune();
  return {};
}

Result<std::vector<uint64_t>> ConfigStore::Adopt(std::vector<ConfigVersion> versions) {
  std::map<std::string, uint64_t> here;
  for (const uint64_t number : Numbers()) {
    if (const auto version = ReadVersion(number)) here.emplace(KnownBy(*version), number);
  }
  const uint64_t before = newest();
  uint64_t number = before;
  std::vector<uint64_t> numbers;
  for (ConfigVersion& version : versions) {
    const auto [known, added] = here.emplace(KnownBy(version), number + 1);
    numbers.push_back(known->second);
    if (!added) continue;
    version.info.set_number(++number);
    const Result<> written = WriteVersion(VersionPath(number), version);
    if (written) continue;
    ForgetAbove(before);
    return tl::make_unexpected(written.error());
  }
  return numbers;
}

void ConfigStore::ForgetAbove(uint64_t newest) {
  for (const uint64_t number : Numbers()) {
    if (number > newest) ::unlink(VersionPath(number).c_str());
  }
}

void ConfigStore::ForgetOthers(uint64_t number) {
  for (const uint64_t other : Numbers()) {
    if (other != number) ::unlink(VersionPath(other).c_str());
  }
}

Result<> ConfigStore::Save(const ConfigVersion& version) { return WriteVersion(saved_, version); }

Result<ConfigVersion> ConfigStore::ReadRunning() const { return ReadVersionFile(running_); }

Result<ConfigVersion> ConfigStore::ReadSaved() const { return ReadVersionFile(saved_); }

Result<ConfigVersion> ConfigStore::ReadVersion(uint64_t number) const {
  auto version = ReadVersionFile(VersionPath(number));
  if (!version && version.error().code == Code::kNotFound) {
    return Fail(Code::kNotFound, fmt::format("there is no version {}", number));
  }
  return version;
}

std::vector<uint64_t> ConfigStore::Numbers() const { return NumbersIn(history_, ""); }

std::vector<VersionInfo> ConfigStore::List() const {
  std::vector<VersionInfo> list;
  for (const uint64_t number : Numbers()) {
    if (auto version = ReadVersion(number)) list.push_back(std::move(version->info));
  }
  return list;
}

std::string ConfigStore::VersionPath(uint64_t number) const {
  return fmt::format("{}/{:06}{}", history_, number, kSuffix);
}

void ConfigStore::Prune() const {
  const auto numbers = Numbers();
  for (size_t i = kKeptVersions; i < numbers.size(); ++i) {
    ::unlink(VersionPath(numbers[i]).c_str());
  }
}

}  // namespace aloha::supervisor
