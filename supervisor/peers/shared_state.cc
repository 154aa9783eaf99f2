#include "supervisor/peers/shared_state.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <sodium.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "supervisor/config/checks.h"
#include "supervisor/config/exchange.h"
#include "supervisor/config/factory.h"
#include "supervisor/config/print.h"
#include "supervisor/config/references.h"
#include "workers/runtime/log.h"

namespace aloha::supervisor {
namespace {

using config::v1::Config;
using config::v1::HighAvailability;
using config::v1::StoredCertificates;
using peer::v1::Position;
using peer::v1::Stamp;
using peer::v1::State;

constexpr size_t kDigestBytes = 32, kKeyBytes = 32;

std::string Serialize(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&out);
  }
  return bytes;
}

std::string Hash(const std::string& bytes) {
  std::string digest(kDigestBytes, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(digest.data()), digest.size(),
                     reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), nullptr,
                     0);
  return digest;
}

template <typename List, typename Predicate>
void EraseIf(List* list, Predicate predicate) {
  list->erase(std::remove_if(list->begin(), list->end(), predicate), list->end());
}

void ClearOwn(HighAvailability* settings) {
  settings->clear_role();
  settings->clear_priority();
  settings->clear_interface();
  settings->clear_peer();
  settings->clear_link_address();
}

void CopyOwn(const HighAvailability& from, HighAvailability* to) {
  ClearOwn(to);
  HighAvailability own = from;
  own.clear_virtual_address();
  own.clear_cluster_id();
  own.clear_version();
  own.clear_advert_interval();
  own.clear_preempt();
  own.clear_preempt_delay();
  own.clear_virtual_mac();
  own.clear_link_port();
  to->MergeFrom(own);
  if (!to->has_role()) to->set_role(HighAvailability::DISABLED);
}

// Belongs to this node, as what it is for does.
bool IsLocal(const config::v1::StoredCertificate& certificate) {
  return !certificate.file().empty() || certificate.name() == kWebStandIn ||
         certificate.name() == kRemoteStandIn;
}

bool IsOwn(const config::v1::StoredCertificate& certificate) {
  return certificate.name() == kSelfSigned;
}

std::string Hex(const std::string& bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

}  // namespace

Config SharedConfig(Config config) {
  config.clear_network();
  config.clear_management();
  if (config.has_high_availability()) {
    ClearOwn(config.mutable_high_availability());
    if (config.high_availability().ByteSizeLong() == 0) config.clear_high_availability();
  }
  return config;
}

Config MergeConfig(const Config& own, Config shared) {
  Config merged = SharedConfig(std::move(shared));
  if (own.has_network()) *merged.mutable_network() = own.network();
  if (own.has_management()) *merged.mutable_management() = own.management();
  if (!merged.has_high_availability()) {
    if (own.has_high_availability()) *merged.mutable_high_availability() = own.high_availability();
    return merged;
  }
  CopyOwn(own.high_availability(), merged.mutable_high_availability());
  return merged;
}

StoredCertificates SharedCertificates(StoredCertificates all) {
  EraseIf(all.mutable_certificate(), IsLocal);
  return all;
}

StoredCertificates MergeCertificates(const StoredCertificates& own, StoredCertificates shared) {
  StoredCertificates merged = SharedCertificates(std::move(shared));
  for (const auto& certificate : own.certificate()) {
    if (!IsLocal(certificate)) continue;
    EraseIf(merged.mutable_certificate(),
            [&](const auto& one) { return one.name() == certificate.name(); });
    *merged.add_certificate() = certificate;
  }
  // Without it listeners that name none would have none.
  const auto has = [&](const auto& all) {
    return std::any_of(all.certificate().begin(), all.certificate().end(), IsOwn);
  };
  if (has(merged)) return merged;
  for (const auto& certificate : own.certificate()) {
    if (IsOwn(certificate)) *merged.add_certificate() = certificate;
  }
  return merged;
}

std::string DigestOf(const State& state) {
  State counted = state;
  EraseIf(counted.mutable_certificates()->mutable_certificate(), IsOwn);
  return Hash(Serialize(counted));
}

std::string OwnDigestOf(const State& state, const std::string& secret) {
  std::string bytes = secret;
  for (const auto& certificate : state.certificates().certificate()) {
    if (IsOwn(certificate)) bytes += certificate.key();
  }
  return Hash(bytes);
}

std::string WholeDigestOf(const State& state) { return Hash(Serialize(state)); }

Result<> CheckKnown(const State& state) {
  State known = state;
  known.DiscardUnknownFields();
  if (known.ByteSizeLong() == state.ByteSizeLong()) return {};
  return Fail(Code::kInvalidArgument,
              "it has settings that this node's version does not know; upgrade this node");
}

Result<> CheckNames(const StoredCertificates& certificates) {
  const Facts facts;
  Checker checker(facts);
  std::set<std::string> seen;
  for (const auto& certificate : certificates.certificate()) {
    if (!checker.Name("certificate", certificate.name()) ||
        !seen.insert(certificate.name()).second || certificate.key().size() != kKeyBytes ||
        !certificate.file().empty()) {
      return Fail(Code::kInvalidArgument, "one of its certificates is none");
    }
  }
  for (const auto& anchor : certificates.trust_anchor()) {
    if (!checker.Name("trust anchor", anchor.name())) {
      return Fail(Code::kInvalidArgument, "one of its trust anchors is none");
    }
  }
  return {};
}

bool IsUntouched(const State& state) {
  Config config = state.config();
  config.clear_high_availability();
  Config factory = SharedConfig(FactoryConfig());
  factory.clear_high_availability();
  const auto& certificates = state.certificates();
  return (config.ByteSizeLong() == 0 || Serialize(config) == Serialize(factory)) &&
         std::all_of(certificates.certificate().begin(), certificates.certificate().end(), IsOwn) &&
         certificates.trust_anchor().empty() && state.servers().server().empty();
}

std::string DescribeState(const State& state) {
  std::string text = PrintText(state.config());
  for (const auto& certificate : state.certificates().certificate()) {
    text += fmt::format("# certificate {}: {}, key {}{}\n", EscapeForLog(certificate.name()),
                        EscapeForLog(certificate.details().common_name()),
                        Hex(certificate.key()).substr(0, 16),
                        certificate.ocsp_response().empty()
                            ? ""
                            : ", OCSP response " + Hex(Hash(certificate.ocsp_response())));
  }
  for (const auto& anchor : state.certificates().trust_anchor()) {
    text += fmt::format("# trust anchor {}: {} certificates, {}\n", EscapeForLog(anchor.name()),
                        anchor.certificate_size(), Hex(Hash(Serialize(anchor))).substr(0, 16));
  }
  for (const auto& server : state.servers().server()) {
    text += fmt::format("# server {}{}{}: {}\n", EscapeForLog(server.service()),
                        server.service().empty() ? "" : "/", EscapeForLog(server.server()),
                        worker::v1::AdminState_Name(server.state()));
  }
  return text;
}

bool SameStamp(const Stamp& a, const Stamp& b) {
  return a.counter() == b.counter() && (a.counter() == 0 || a.node() == b.node());
}

bool IsOlder(const Stamp& a, const Stamp& b) {
  return !SameStamp(a, b) && std::tuple(a.counter(), a.node()) < std::tuple(b.counter(), b.node());
}

Verdict Compare(const Position& mine, const Position& theirs) {
  if (mine.node() == theirs.node()) return Verdict::kSameNode;
  const Stamp &a = mine.stamp(), &b = theirs.stamp();
  const auto push_if = [](bool push) { return push ? Verdict::kPush : Verdict::kPull; };
  const auto by_order = [&] {
    return push_if(SameStamp(a, b) ? mine.node() > theirs.node() : IsOlder(b, a));
  };
  const bool same = a.counter() != 0 && SameStamp(a, b);
  if (same || mine.digest() == theirs.digest()) {
    return mine.own_digest() == theirs.own_digest() ? Verdict::kInSync : by_order();
  }
  // What was agreed on with a third node says nothing.
  const bool my_base = mine.has_base() && mine.base_node() == theirs.node();
  const bool their_base = theirs.has_base() && theirs.base_node() == mine.node();
  const bool from_theirs = my_base && SameStamp(mine.base(), b);
  const bool from_mine = their_base && SameStamp(theirs.base(), a);
  if (from_theirs != from_mine) return push_if(from_theirs);
  if ((a.counter() == 0) != (b.counter() == 0)) return push_if(b.counter() == 0);
  const bool unchanged = my_base && SameStamp(mine.base(), a);
  const bool they_unchanged = their_base && SameStamp(theirs.base(), b);
  if (unchanged && they_unchanged) return by_order();
  if (unchanged && their_base && !IsOlder(theirs.base(), a)) return Verdict::kPull;
  if (they_unchanged && my_base && !IsOlder(mine.base(), b)) return Verdict::kPush;
  return Verdict::kConflict;
}

}  // namespace aloha::supervisor
