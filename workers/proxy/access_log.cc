#include "workers/proxy/access_log.h"

#include <fmt/format.h>
#include <time.h>

namespace aloha::proxy {
namespace {

// "06/Feb/2026:12:12:09.655", month names in English whatever the locale.
std::string FormatLocalTime(int64_t time_us) {
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const time_t seconds = time_us / 1'000'000;
  tm parts;
  localtime_r(&seconds, &parts);
  return fmt::format("{:02}/{}/{:04}:{:02}:{:02}:{:02}.{:03}", parts.tm_mday, kMonths[parts.tm_mon],
                     parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     time_us / 1000 % 1000);
}

// RFC 3339, UTC.
std::string FormatUtc(int64_t time_us) {
  const time_t seconds = time_us / 1'000'000;
  tm parts;
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     time_us / 1000 % 1000);
}

// Control characters are escaped already, in a way that puts backslashes there.
std::string Quote(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string FormatAccessLine(const SessionRecord& record) {
  std::string line = fmt::format(
      "{}:{} [{}] {}{} {}/{} {}/{}/{} {} {}{} {}/{}/{}/{}/{}{} {}/{}",
      net::FormatIp(record.client.ip), record.client.port, FormatLocalTime(record.accepted_us),
      record.service, record.tls_version.empty() ? "" : "~", record.service,
      record.server.empty() ? "<NOSRV>" : record.server, record.queue_ms, record.connect_ms,
      record.total_ms, record.bytes_to_client, static_cast<char>(record.cause),
      static_cast<char>(record.moment), record.process_sessions, record.service_sessions,
      record.service_sessions, record.server_sessions, record.redispatched ? "+" : "",
      record.retries, record.server_queue, record.service_queue);
  if (!record.sni.empty()) line += " sni:" + record.sni;
  if (!record.tls_version.empty()) {
    line += fmt::format(" tls:{}/{}", record.tls_version, record.tls_cipher);
  }
  return line;
}

std::string FormatAccessJson(const SessionRecord& record) {
  return fmt::format(
      R"({{"time":"{}","client":"{}","service":{},"server":{},"queue_ms":{},"connect_ms":{},)"
      R"("total_ms":{},"bytes_from_client":{},"bytes_to_client":{},"termination":"{}{}",)"
      R"("retries":{},"redispatched":{},"process_sessions":{},"service_sessions":{},)"
      R"("server_sessions":{},"server_queue":{},"service_queue":{},"sni":{},)"
      R"("tls_version":"{}","tls_cipher":"{}"}})",
      FormatUtc(record.accepted_us), record.client.Text(), Quote(record.service),
      Quote(record.server), record.queue_ms, record.connect_ms, record.total_ms,
      record.bytes_from_client, record.bytes_to_client, static_cast<char>(record.cause),
      static_cast<char>(record.moment), record.retries, record.redispatched,
      record.process_sessions, record.service_sessions, record.server_sessions, record.server_queue,
      record.service_queue, Quote(record.sni), record.tls_version, record.tls_cipher);
}

}  // namespace aloha::proxy
