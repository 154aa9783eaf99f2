#include "supervisor/config/system_anchors.h"

#include <sodium.h>

#include <algorithm>

#include "supervisor/config/exchange.h"
#include "supervisor/config/file.h"

namespace aloha::supervisor {
namespace {

constexpr size_t kMaxFileBytes = 4 * 1024 * 1024;
constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
constexpr size_t kPemLine = 64;

bool ByThem(const config::v1::ServerTls& tls) {
  return (!tls.has_verify() || tls.verify() == config::v1::ServerTls::CA) && tls.ca().empty();
}

template <typename Servers>
bool AnyByThem(const Servers& servers) {
  return std::any_of(servers.begin(), servers.end(), [](const config::v1::Server& server) {
    return server.has_tls() && ByThem(server.tls());
  });
}

// Empty: it is no base64.
std::string DecodeBase64(std::string_view text) {
  std::string bytes(text.size(), '\0');
  size_t count = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), "\r\n\t ", &count, &end,
                        sodium_base64_VARIANT_ORIGINAL) != 0 ||
      end != text.data() + text.size()) {
    return {};
  }
  bytes.resize(count);
  return bytes;
}

}  // namespace

bool NeedsSystemAnchors(const config::v1::Config& config) {
  for (const Area area : kAreas) {
    if (BeginsTls(config, area) && ByThem(ServerTlsOf(config, area))) return true;
  }
  const auto& services = config.virtual_service();
  return std::any_of(services.begin(), services.end(), [](const auto& service) {
    return AnyByThem(service.server()) ||
           std::any_of(service.pool().begin(), service.pool().end(),
                       [](const auto& pool) { return AnyByThem(pool.server()); });
  });
}

std::vector<std::string> ReadSystemAnchors(const std::string& file) {
  const Result<std::string> text = ReadTextFile(file, kMaxFileBytes);
  return text ? DecodePem(*text) : std::vector<std::string>();
}

std::vector<std::string> DecodePem(std::string_view text) {
  std::vector<std::string> certificates;
  for (;;) {
    const size_t begin = text.find(kBegin);
    if (begin == std::string_view::npos) return certificates;
    text.remove_prefix(begin + kBegin.size());
    const size_t end = text.find(kEnd);
    if (end == std::string_view::npos) return certificates;
    std::string der = DecodeBase64(text.substr(0, end));
    if (!der.empty()) certificates.push_back(std::move(der));
    text.remove_prefix(end + kEnd.size());
  }
}

std::string EncodePem(const google::protobuf::RepeatedPtrField<std::string>& chain) {
  std::string pem;
  for (const std::string& der : chain) {
    std::string text(sodium_base64_ENCODED_LEN(der.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(der.data()),
                      der.size(), sodium_base64_VARIANT_ORIGINAL);
    text.pop_back();  // the NUL
    pem.append(kBegin).append("\n");
    for (size_t at = 0; at < text.size(); at += kPemLine) {
      pem.append(text, at, kPemLine).append("\n");
    }
    pem.append(kEnd).append("\n");
  }
  return pem;
}

}  // namespace aloha::supervisor
