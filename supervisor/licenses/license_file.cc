#include "supervisor/licenses/license_file.h"

#include <fmt/format.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>
#include <sodium.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ALOHA LICENSE-----\n";
constexpr std::string_view kSignature = "-----BEGIN ALOHA LICENSE SIGNATURE-----\n";
constexpr std::string_view kEnd = "-----END ALOHA LICENSE-----\n";
constexpr size_t kSignatureText = 88;
constexpr size_t kMaxOwner = 200, kMaxSerial = 64, kMaxFeature = 64;
constexpr int kMaxFeatures = 32;
constexpr uint32_t kMaxUnits = 1'000'000;
constexpr int64_t kDay = 86'400;
constexpr std::string_view kSmall = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHex = "0123456789ABCDEF";

tl::unexpected<Error> NoLicense(std::string_view why) {
  return Fail(Code::kInvalidArgument, fmt::format("this is no licence file: {}", why), "file");
}

// The file as on Unix, with the line end that an editor may have left out.
std::string WithPlainLineEnds(std::string_view file) {
  std::string plain;
  plain.reserve(file.size() + 1);
  for (size_t i = 0; i < file.size(); ++i) {
    if (file.substr(i, 2) != "\r\n") plain += file[i];
  }
  if (!plain.ends_with('\n')) plain += '\n';
  return plain;
}

bool IsMadeOf(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

// Seconds at the beginning of the day "2026-12-01", UTC.
std::optional<int64_t> ParseDay(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](size_t at, size_t size) -> std::optional<unsigned> {
    unsigned value = 0;
    for (const char digit : text.substr(at, size)) {
      if (digit < '0' || digit > '9') return std::nullopt;
      value = value * 10 + static_cast<unsigned>(digit - '0');
    }
    return value;
  };
  const auto year = number(0, 4), month = number(5, 2), day = number(8, 2);
  if (!year || !month || !day || *year < 2000) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(*month), std::chrono::day(*day));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * kDay;
}

bool IsFeature(const std::string& name) {
  return !name.empty() && name.size() <= kMaxFeature && IsMadeOf(name.substr(0, 1), kSmall) &&
         IsMadeOf(name, fmt::format("{}{}-", kSmall, kDigits));
}

// Empty, or that many hexadecimal digits.
bool IsNumberOfMachine(std::string_view text, size_t digits) {
  return text.empty() || (text.size() == digits && IsMadeOf(text, kHex));
}

// Whoever reads the message cannot edit the licence: lines and columns are of no use.
class Silent : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int, int, const std::string&) override {}
};

Result<> CheckFields(const config::v1::License& says) {
  const auto refuse = [](std::string_view field, std::string_view what) {
    return Fail(Code::kInvalidArgument, fmt::format("the licence is malformed: {}", what),
                std::string(field));
  };
  if (!IsLicenseSerial(says.serial())) return refuse("serial", "its serial is none");
  if (says.owner().empty() || says.owner().size() > kMaxOwner || !IsPlainText(says.owner())) {
    return refuse("owner", "its owner is none");
  }
  if (says.units() < 1 || says.units() > kMaxUnits) {
    return refuse("units", fmt::format("it is for 1 to {} units", kMaxUnits));
  }
  if (says.feature_size() > kMaxFeatures ||
      !std::all_of(says.feature().begin(), says.feature().end(), IsFeature)) {
    return refuse("feature", "a feature is no name of a-z, 0-9, \"-\"");
  }
  if (!IsNumberOfMachine(says.uuid(), 32)) return refuse("uuid", "32 digits of 0-9, A-F");
  if (!IsNumberOfMachine(says.ethid(), 12)) return refuse("ethid", "12 digits of 0-9, A-F");
  return {};
}

}  // namespace

bool IsLicenseSerial(std::string_view serial) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !serial.empty() && serial.size() <= kMaxSerial && plain(serial.front()) &&
         std::all_of(serial.begin(), serial.end(),
                     [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

Result<SignedLicense> SplitLicenseFile(std::string_view file) {
  if (file.size() > kMaxLicenseBytes) {
    return NoLicense(fmt::format("it has more than {} bytes", kMaxLicenseBytes));
  }
  const std::string plain = WithPlainLineEnds(file);
  const std::string_view all = plain;
  // Read from the disk, it would become another text.
  if (all.find('\r') != std::string_view::npos) return NoLicense("it has carriage returns");
  if (!all.starts_with(kBegin)) return NoLicense("it does not begin as one");
  // No line of the text format begins with five dashes.
  const size_t at = all.find(fmt::format("\n{}", kSignature));
  if (at == std::string_view::npos) return NoLicense("it has no signature");
  SignedLicense license{.text = std::string(all.substr(0, at + 1)), .signature = {}};
  const std::string_view rest = all.substr(license.text.size() + kSignature.size());
  if (rest.size() != kSignatureText + 1 + kEnd.size() || rest[kSignatureText] != '\n' ||
      rest.substr(kSignatureText + 1) != kEnd) {
    return NoLicense("its signature is cut off or has more than it should");
  }
  license.signature.resize(crypto_sign_BYTES);
  size_t size = 0;
  const int read = sodium_base642bin(reinterpret_cast<unsigned char*>(license.signature.data()),
                                     license.signature.size(), rest.data(), kSignatureText, nullptr,
                                     &size, nullptr, sodium_base64_VARIANT_ORIGINAL);
  if (read != 0 || size != crypto_sign_BYTES) return NoLicense("its signature is not readable");
  return license;
}

std::string JoinLicenseFile(const SignedLicense& license) {
  std::string text(sodium_base64_ENCODED_LEN(crypto_sign_BYTES, sodium_base64_VARIANT_ORIGINAL),
                   '\0');
  sodium_bin2base64(text.data(), text.size(),
                    reinterpret_cast<const unsigned char*>(license.signature.data()),
                    license.signature.size(), sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // the NUL
  return fmt::format("{}{}{}\n{}", license.text, kSignature, text, kEnd);
}

Result<License> ReadLicense(const SignedLicense& license) {
  const std::string body = license.text.substr(kBegin.size());
  if (FindInvalidUtf8(body) != std::string::npos || body.find('\0') != std::string::npos) {
    return NoLicense("it is no text");
  }
  License read;
  Silent silent;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&silent);
  if (!parser.ParseFromString(body, &read.says)) {
    return NoLicense("it has fields that are not known, or what is no field");
  }
  if (auto checked = CheckFields(read.says); !checked) {
    return tl::make_unexpected(checked.error());
  }
  const auto from = ParseDay(read.says.from());
  if (!from) return NoLicense("its first day is no date");
  read.from_s = *from;
  if (read.says.expires().empty()) return read;
  const auto last = ParseDay(read.says.expires());
  if (!last || *last < *from) return NoLicense("its last day is no date, or before the first");
  read.expires_s = *last + kDay - 1;
  return read;
}

}  // namespace aloha::supervisor
