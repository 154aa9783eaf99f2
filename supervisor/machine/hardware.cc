#include "supervisor/machine/hardware.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string_view>

#include "supervisor/config/file.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

constexpr size_t kMaxFile = 64 * 1024;
constexpr size_t kUuidDigits = 32, kEthidDigits = 12;
constexpr std::string_view kEthernet = "1";  // ARPHRD_ETHER

// Empty where it cannot be read.
std::string ReadAll(const std::string& path) { return ReadTextFile(path, kMaxFile).value_or(""); }

// The first line, without the blanks around it.
std::string ReadLine(const std::string& path) {
  const std::string all = ReadAll(path);
  const std::string line = all.substr(0, all.find('\n'));
  const size_t begin = line.find_first_not_of(' '), end = line.find_last_not_of(' ');
  if (begin == std::string::npos || !IsPlainText(line)) return "";
  return line.substr(begin, end - begin + 1);
}

// "DD89B276…" of "dd89b276-…": hexadecimal digits alone, when there are as many. Makers who have
// not set a number leave it all 0 or all F.
std::string Digits(std::string_view text, size_t count) {
  std::string digits;
  for (const char c : text) {
    if (c == '-' || c == ':') continue;
    const char upper = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    if ((upper < '0' || upper > '9') && (upper < 'A' || upper > 'F')) return "";
    digits += upper;
  }
  const bool unset = digits.find_first_not_of('0') == std::string::npos ||
                     digits.find_first_not_of('F') == std::string::npos;
  return digits.size() == count && !unset ? digits : "";
}

// machine-id(5) asks not to show the number itself to others.
std::string OfMachineId(const std::string& machine_id) {
  if (machine_id.empty()) return "";
  static constexpr std::string_view kPurpose = "aloha licence";
  std::array<unsigned char, kUuidDigits / 2> hash{};
  crypto_generichash(hash.data(), hash.size(),
                     reinterpret_cast<const unsigned char*>(kPurpose.data()), kPurpose.size(),
                     reinterpret_cast<const unsigned char*>(machine_id.data()), machine_id.size());
  std::string text;
  for (const unsigned char byte : hash) text += fmt::format("{:02X}", byte);
  return text;
}

std::string Uuid(const std::string& root) {
  std::string uuid = Digits(ReadLine(root + "/sys/class/dmi/id/product_uuid"), kUuidDigits);
  if (!uuid.empty()) return uuid;
  return OfMachineId(Digits(ReadLine(root + "/etc/machine-id"), kUuidDigits));
}

// Of the network card that the kernel found first.
std::string Ethid(const std::string& root) {
  std::string ethid;
  unsigned long first = std::numeric_limits<unsigned long>::max();
  std::error_code error;
  for (std::filesystem::directory_iterator one(root + "/sys/class/net", error), end;
       !error && one != end; one.increment(error)) {
    const std::string path = one->path().string();
    if (!std::filesystem::exists(path + "/device") || ReadLine(path + "/type") != kEthernet) {
      continue;
    }
    const unsigned long index = std::strtoul(ReadLine(path + "/ifindex").c_str(), nullptr, 10);
    const std::string address = Digits(ReadLine(path + "/address"), kEthidDigits);
    if (address.empty() || index == 0 || index >= first) continue;
    first = index;
    ethid = address;
  }
  return ethid;
}

std::string Model(const std::string& root) {
  const std::string maker = ReadLine(root + "/sys/class/dmi/id/sys_vendor");
  const std::string name = ReadLine(root + "/sys/class/dmi/id/product_name");
  if (maker.empty() || name.starts_with(maker)) return name;
  return name.empty() ? maker : fmt::format("{} {}", maker, name);
}

// A variable of os-release(5).
std::string OsVariable(const std::string& file, std::string_view name) {
  const std::string begin = fmt::format("\n{}=", name);
  const size_t at = file.find(begin);
  if (at == std::string::npos) return "";
  const size_t from = at + begin.size();
  std::string value = file.substr(from, file.find('\n', from) - from);
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
      value.back() == value.front()) {
    value = value.substr(1, value.size() - 2);
  }
  return IsPlainText(value) ? value : "";
}

}  // namespace

Hardware ReadHardware(const std::string& root) {
  const std::string release = "\n" + ReadAll(root + "/etc/os-release");
  return {.model = Model(root),
          .uuid = Uuid(root),
          .ethid = Ethid(root),
          .firmware_revision = OsVariable(release, "IMAGE_VERSION"),
          .firmware_date = OsVariable(release, "BUILD_ID"),
          .operating_system = OsVariable(release, "PRETTY_NAME")};
}

}  // namespace aloha::supervisor
