// Warnings about certificates that expire. Pure.
#ifndef ALOHA_SUPERVISOR_CERTIFICATES_EXPIRY_H_
#define ALOHA_SUPERVISOR_CERTIFICATES_EXPIRY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "admin/v1/admin.pb.h"
#include "config/v1/state.pb.h"

namespace aloha::supervisor {

struct ExpiryNotice {
  admin::v1::Event::Severity severity = admin::v1::Event::WARNING;
  // The same text as long as the same threshold holds: that is how one was told before.
  std::string text;
};

// What is to be said of a certificate now: that it has expired, or does within 1, 7 or 30 days;
// the most pressing of them, or nothing. `now_s`: seconds since 1970-01-01 UTC.
std::optional<ExpiryNotice> NoticeOfExpiry(const config::v1::StoredCertificate& certificate,
                                           int64_t now_s);

// "2026-12-24 18:00 UTC".
std::string FormatTime(int64_t seconds);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CERTIFICATES_EXPIRY_H_
