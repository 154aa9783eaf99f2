#include "supervisor/firmware/rauc.h"

#include <algorithm>
#include <ctime>
#include <map>
#include <string_view>
#include <utility>

#include "workers/runtime/log.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace {

constexpr char kService[] = "de.pengutronix.rauc", kPath[] = "/",
               kInstaller[] = "de.pengutronix.rauc.Installer";
constexpr BusMethod kInfo = {kService, kPath, kInstaller, "Info"};
constexpr BusMethod kInstallBundle = {kService, kPath, kInstaller, "InstallBundle"};
constexpr BusMethod kMark = {kService, kPath, kInstaller, "Mark"};
constexpr BusMethod kGetSlotStatus = {kService, kPath, kInstaller, "GetSlotStatus"};
constexpr BusMethod kGetPrimary = {kService, kPath, kInstaller, "GetPrimary"};
constexpr BusMethod kCompleted = {kService, kPath, kInstaller, "Completed"};
constexpr BusMethod kGetAll = {kService, kPath, "org.freedesktop.DBus.Properties", "GetAll"};
// A whole update file is read before it is known who signed it.
constexpr std::chrono::seconds kReading{50};
constexpr size_t kLongestText = 500;
// All that Info says of a file that it does not like; the reason is in RAUC's log.
constexpr std::string_view kNoReason = "rauc info error";
constexpr char kUntrusted[] =
    "the file is damaged, or its signature is not one of a key that this machine trusts: "
    "\"journalctl -u rauc\" has the reason";

using Values = std::map<std::string, std::string, std::less<>>;
// Reads the value of one name, inside of its variant; 0: it is of no interest.
using ReadValue = std::function<int(sd_bus_message*, const std::string&, const char* signature)>;

std::string Shown(std::string_view text) { return EscapeForLog(text.substr(0, kLongestText)); }

// The values of an a{sv}.
int ReadDictionary(sd_bus_message* message, const ReadValue& read_value) {
  int step = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
  while (step >= 0) {
    step = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv");
    if (step <= 0) break;
    const char *name = nullptr, *signature = nullptr;
    step = sd_bus_message_read_basic(message, SD_BUS_TYPE_STRING, &name);
    if (step >= 0) step = sd_bus_message_peek_type(message, nullptr, &signature);
    if (step < 0) break;
    const std::string kept_name = name, kept = signature;
    step = sd_bus_message_enter_container(message, SD_BUS_TYPE_VARIANT, kept.c_str());
    if (step >= 0) step = read_value(message, kept_name, kept.c_str());
    if (step == 0) step = sd_bus_message_skip(message, kept.c_str());
    if (step >= 0) step = sd_bus_message_exit_container(message);
    if (step >= 0) step = sd_bus_message_exit_container(message);
  }
  return step < 0 ? step : sd_bus_message_exit_container(message);
}

int ReadString(sd_bus_message* message, std::string* text) {
  const char* raw = nullptr;
  const int step = sd_bus_message_read_basic(message, SD_BUS_TYPE_STRING, &raw);
  if (step > 0) *text = Shown(raw);
  return step;
}

int ReadStrings(sd_bus_message* message, Values* values) {
  return ReadDictionary(
      message, [values](sd_bus_message* value, const std::string& name, std::string_view type) {
        return type == "s" ? ReadString(value, &(*values)[name]) : 0;
      });
}

int ReadStatus(sd_bus_message* message, Rauc::Status* status) {
  return ReadDictionary(
      message, [status](sd_bus_message* value, const std::string& name, std::string_view type) {
        std::string operation;
        int step = 0;
        if (type == "s" && name == "Operation") {
          step = ReadString(value, &operation);
          status->idle = operation == "idle";
        } else if (type == "s" && name == "LastError") {
          step = ReadString(value, &status->last_error);
        } else if (type == "s" && name == "Compatible") {
          step = ReadString(value, &status->compatible);
        } else if (type == "(isi)" && name == "Progress") {
          int percent = 0, depth = 0;
          const char* text = nullptr;
          step = sd_bus_message_read(value, "(isi)", &percent, &text, &depth);
          if (step < 0) return step;
          status->percent = static_cast<uint32_t>(std::clamp(percent, 0, 100));
          status->step = Shown(text);
        }
        return step;
      });
}

v1::FirmwareSlot Describe(const std::string& name, const Values& values) {
  const auto value = [&values](std::string_view key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string() : found->second;
  };
  v1::FirmwareSlot slot;
  slot.set_name(name);
  slot.set_boot_name(value("bootname"));
  slot.set_version(value("bundle.version"));
  slot.set_booted(value("state") == "booted");
  slot.set_installed_s(ParseRaucTime(value("installed.timestamp")));
  const bool empty = !slot.booted() && slot.version().empty() && slot.installed_s() == 0;
  const bool good = value("boot-status") == "good";
  slot.set_state(empty  ? v1::FirmwareSlot::EMPTY
                 : good ? v1::FirmwareSlot::GOOD
                        : v1::FirmwareSlot::BAD);
  return slot;
}

// Those that boot: there are others, for data.
int ReadSlots(sd_bus_message* message, std::vector<v1::FirmwareSlot>* slots) {
  int step = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "(sa{sv})");
  while (step >= 0) {
    step = sd_bus_message_enter_container(message, SD_BUS_TYPE_STRUCT, "sa{sv}");
    if (step <= 0) break;
    std::string name;
    Values values;
    step = ReadString(message, &name);
    if (step >= 0) step = ReadStrings(message, &values);
    if (step >= 0) step = sd_bus_message_exit_container(message);
    if (step >= 0 && values.contains("bootname")) slots->push_back(Describe(name, values));
  }
  return step;
}

}  // namespace

void Rauc::OnCompleted(std::function<void(int)> completed) {
  bus_.OnSignal(kCompleted, [completed = std::move(completed)](sd_bus_message* message) {
    int32_t result = 0;
    if (sd_bus_message_read(message, "i", &result) >= 0) completed(result);
  });
}

asio::awaitable<Result<Rauc::Status>> Rauc::GetStatus() {
  Status status;
  const Result<> read = co_await bus_.Call(
      kGetAll,
      [](sd_bus_message* message) { return sd_bus_message_append(message, "s", kInstaller); },
      [&status](sd_bus_message* answer) { return ReadStatus(answer, &status); });
  if (!read) co_return tl::make_unexpected(read.error());
  co_return status;
}

asio::awaitable<Result<std::vector<v1::FirmwareSlot>>> Rauc::GetSlots() {
  std::vector<v1::FirmwareSlot> slots;
  std::string primary;
  Result<> read = co_await bus_.Call(
      kGetSlotStatus, {}, [&slots](sd_bus_message* answer) { return ReadSlots(answer, &slots); });
  if (!read) co_return tl::make_unexpected(read.error());
  read = co_await bus_.Call(
      kGetPrimary, {}, [&primary](sd_bus_message* answer) { return ReadString(answer, &primary); });
  if (!read) co_return tl::make_unexpected(read.error());
  std::sort(slots.begin(), slots.end(),
            [](const auto& a, const auto& b) { return a.name() < b.name(); });
  for (v1::FirmwareSlot& slot : slots) slot.set_next(slot.name() == primary);
  co_return slots;
}

asio::awaitable<Result<Rauc::Bundle>> Rauc::GetBundle(const std::string& path) {
  Bundle bundle;
  const Result<> read = co_await bus_.Call(
      kInfo,
      [&path](sd_bus_message* message) {
        return sd_bus_message_append(message, "s", path.c_str());
      },
      [&bundle](sd_bus_message* answer) {
        const int step = ReadString(answer, &bundle.compatible);
        return step < 0 ? step : ReadString(answer, &bundle.version);
      },
      kReading);
  if (read) co_return bundle;
  if (read.error().message.ends_with(kNoReason)) co_return Fail(Code::kInvalidArgument, kUntrusted);
  co_return tl::make_unexpected(read.error());
}

asio::awaitable<Result<>> Rauc::Install(const std::string& path) {
  co_return co_await bus_.Call(kInstallBundle, [&path](sd_bus_message* message) {
    return sd_bus_message_append(message, "sa{sv}", path.c_str(), 0);
  });
}

asio::awaitable<Result<>> Rauc::Activate(const std::string& slot) {
  co_return co_await bus_.Call(kMark, [&slot](sd_bus_message* message) {
    return sd_bus_message_append(message, "ss", "active", slot.c_str());
  });
}

int64_t ParseRaucTime(const std::string& text) {
  std::tm parts{};
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return end != nullptr && *end == '\0' ? timegm(&parts) : 0;
}

}  // namespace aloha::supervisor
