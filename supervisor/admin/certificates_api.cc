#include "supervisor/admin/certificates_api.h"

#include <fmt/format.h>

#include <chrono>

#include "supervisor/call_worker.h"
#include "supervisor/certificates/certificates.h"
#include "supervisor/config/system_anchors.h"
#include "supervisor/configurator.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace w = worker::v1;
namespace {

constexpr uint32_t kDefaultDays = 825;
constexpr uint32_t kMostDays = 3'650;

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

int64_t NowSeconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

v1::Certificate::State StateOf(const w::CertificateDetails& details, bool has_key, int64_t now_s) {
  if (!has_key) return v1::Certificate::NO_KEY;
  if (now_s > details.not_after_s()) return v1::Certificate::EXPIRED;
  if (now_s < details.not_before_s()) return v1::Certificate::NOT_YET_VALID;
  return details.self_signed() ? v1::Certificate::SELF_SIGNED : v1::Certificate::VALID;
}

// What aloha-keys says of its keys; null: it does not answer.
asio::awaitable<std::optional<w::ListKeysResponse>> ListKeys(AdminContext& context) {
  auto keys = co_await CallWorker<w::Keys>(context.fleet, &w::Keys::Stub::async::ListKeys,
                                           w::ListKeysRequest());
  if (!keys) co_return std::nullopt;
  co_return std::move(*keys);
}

v1::Certificate Describe(AdminContext& context, const config::v1::StoredCertificate& stored,
                         const std::optional<w::ListKeysResponse>& keys) {
  v1::Certificate certificate = DescribeCertificate(stored, keys ? &*keys : nullptr, NowSeconds());
  for (std::string& path : context.configuration.UsesOfCertificate(stored.name())) {
    certificate.add_used_by(std::move(path));
  }
  certificate.set_problem(context.certificates.ProblemOf(stored.name()));
  return certificate;
}

v1::TrustAnchor Describe(AdminContext& context, const config::v1::StoredTrustAnchor& stored) {
  v1::TrustAnchor anchor;
  anchor.set_name(stored.name());
  for (const auto& read : stored.certificate()) {
    const w::CertificateDetails& details = read.details();
    v1::AnchorCertificate* certificate = anchor.add_certificates();
    certificate->set_common_name(details.common_name());
    certificate->set_issuer(details.issuer());
    certificate->set_not_before_s(details.not_before_s());
    certificate->set_not_after_s(details.not_after_s());
    certificate->set_fingerprint(Hex(details.fingerprint()));
    certificate->set_is_ca(details.is_ca());
  }
  for (std::string& path : context.configuration.UsesOfTrustAnchor(stored.name())) {
    anchor.add_used_by(std::move(path));
  }
  return anchor;
}

// The answer to what put a certificate under this name, which becomes an event.
asio::awaitable<Result<>> Report(AdminContext& context, const Caller& caller,
                                 const std::string& name, const std::string& text,
                                 const Certificates::Warnings& warnings,
                                 v1::CertificateChange* response) {
  const config::v1::StoredCertificate* stored = context.certificates.Find(name);
  if (stored == nullptr) co_return Fail(Code::kAborted, name + " was deleted meanwhile");
  const config::v1::StoredCertificate copy = *stored;
  const auto keys = co_await ListKeys(context);
  *response->mutable_certificate() = Describe(context, copy, keys);
  for (const std::string& warning : warnings) response->add_warnings(warning);
  *response->mutable_event() =
      context.events.Add(Event::INFO, "certificate", name, text, caller.actor, caller.method);
  co_return Result<>();
}

asio::awaitable<Result<>> Import(AdminContext& context, const Caller& caller,
                                 const v1::ImportCertificateRequest& request,
                                 v1::CertificateChange* response) {
  w::ImportKeyRequest import;
  std::string text = "imported";
  if (request.has_unsealed()) {
    if (!request.allow_unsealed()) {
      co_return Fail(Code::kInvalidArgument,
                     "the file comes unsealed, and its private key could be read on the way; seal "
                     "it (GetImportKey), or set allow_unsealed",
                     "unsealed");
    }
    text = "imported unsealed: its private key could be read on the way";
    import.mutable_unsealed()->set_file(request.unsealed().file());
    import.mutable_unsealed()->set_password(request.unsealed().password());
  } else {
    import.set_sealed(request.sealed());
  }
  const bool replaced = context.certificates.Find(request.name()) != nullptr;
  const auto warnings = co_await context.certificates.Import(request.name(), std::move(import),
                                                             request.ocsp_response());
  if (!warnings) co_return tl::make_unexpected(warnings.error());
  if (replaced) text += "; it replaces an earlier one";
  co_return co_await Report(context, caller, request.name(), text, *warnings, response);
}

asio::awaitable<Result<>> CreateSelfSigned(AdminContext& context, const Caller& caller,
                                           const v1::CreateSelfSignedCertificateRequest& request,
                                           v1::CertificateChange* response) {
  if (request.days() > kMostDays) {
    co_return Fail(Code::kInvalidArgument,
                   fmt::format("1 to {}, or 0 for {}", kMostDays, kDefaultDays), "days");
  }
  w::CreateSelfSignedRequest create;
  create.set_common_name(request.common_name());
  *create.mutable_names() = request.names();
  // The two enumerations number the kinds alike.
  create.set_key_type(request.key_type() ==
                              v1::CreateSelfSignedCertificateRequest::KEY_TYPE_UNSPECIFIED
                          ? w::KEY_TYPE_ECDSA_P256
                          : static_cast<w::KeyType>(request.key_type()));
  create.set_days(request.days() == 0 ? kDefaultDays : request.days());
  const auto warnings =
      co_await context.certificates.CreateSelfSigned(request.name(), std::move(create));
  if (!warnings) co_return tl::make_unexpected(warnings.error());
  co_return co_await Report(context, caller, request.name(), "made, signed by itself", *warnings,
                            response);
}

Error NoCertificate(const std::string& name) {
  return {Code::kNotFound,
          fmt::format("there is no certificate \"{}\"; alohactl certificate list shows them",
                      EscapeForLog(name)),
          "name"};
}

}  // namespace

v1::Certificate DescribeCertificate(const config::v1::StoredCertificate& stored,
                                    const w::ListKeysResponse* keys, int64_t now_s) {
  const w::CertificateDetails& details = stored.details();
  v1::Certificate certificate;
  bool has_key = keys == nullptr;  // nobody says otherwise
  if (keys != nullptr) {
    for (const w::KeyReport& report : keys->keys()) {
      if (report.key() != stored.key()) continue;
      has_key = true;
      certificate.set_signatures_total(report.signatures_total());
    }
  }
  certificate.set_name(stored.name());
  certificate.set_state(StateOf(details, has_key, now_s));
  certificate.set_common_name(details.common_name());
  *certificate.mutable_names() = details.names();
  certificate.set_issuer(details.issuer());
  certificate.set_not_before_s(details.not_before_s());
  certificate.set_not_after_s(details.not_after_s());
  certificate.set_key_type(details.key_type());
  certificate.set_fingerprint(Hex(details.fingerprint()));
  certificate.set_serial(details.serial());
  certificate.set_chain_length(static_cast<uint32_t>(stored.chain_size()));
  certificate.set_file(stored.file());
  return certificate;
}

grpc::ServerUnaryReactor* CertificatesApi::GetImportKey(grpc::CallbackServerContext* call,
                                                        const v1::GetImportKeyRequest*,
                                                        v1::GetImportKeyResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "Certificates/GetImportKey",
                   [this, response](Caller&) -> asio::awaitable<Result<>> {
                     auto key = co_await CallWorker<w::Keys>(context_.fleet,
                                                             &w::Keys::Stub::async::GetSealingKey,
                                                             w::GetSealingKeyRequest());
                     if (!key) co_return tl::make_unexpected(key.error());
                     response->set_public_key(std::move(*key->mutable_public_key()));
                     co_return Result<>();
                   });
}

grpc::ServerUnaryReactor* CertificatesApi::ImportCertificate(
    grpc::CallbackServerContext* call, const v1::ImportCertificateRequest* request,
    v1::CertificateChange* response) {
  return ServeCall(context_, call, CallKind::kChange, "Certificates/ImportCertificate",
                   [this, request, response](Caller& caller) {
                     return Import(context_, caller, *request, response);
                   });
}

grpc::ServerUnaryReactor* CertificatesApi::ListCertificates(
    grpc::CallbackServerContext* call, const v1::ListCertificatesRequest* request,
    v1::ListCertificatesResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "Certificates/ListCertificates",
                   [this, request, response](Caller&) -> asio::awaitable<Result<>> {
                     const auto keys = co_await ListKeys(context_);
                     co_return Page(
                         context_.configuration.certificates().certificate(), request->page_size(),
                         request->page_token(), response->mutable_next_page_token(),
                         [&](const config::v1::StoredCertificate& stored) {
                           *response->add_certificates() = Describe(context_, stored, keys);
                         });
                   });
}

grpc::ServerUnaryReactor* CertificatesApi::GetCertificate(grpc::CallbackServerContext* call,
                                                          const v1::GetCertificateRequest* request,
                                                          v1::Certificate* response) {
  return ServeCall(context_, call, CallKind::kRead, "Certificates/GetCertificate",
                   [this, request, response](Caller&) -> asio::awaitable<Result<>> {
                     const auto keys = co_await ListKeys(context_);
                     const config::v1::StoredCertificate* stored =
                         context_.certificates.Find(request->name());
                     if (stored == nullptr) {
                       co_return tl::make_unexpected(NoCertificate(request->name()));
                     }
                     *response = Describe(context_, *stored, keys);
                     response->set_pem(EncodePem(stored->chain()));
                     co_return Result<>();
                   });
}

grpc::ServerUnaryReactor* CertificatesApi::CreateSelfSignedCertificate(
    grpc::CallbackServerContext* call, const v1::CreateSelfSignedCertificateRequest* request,
    v1::CertificateChange* response) {
  return ServeCall(context_, call, CallKind::kChange, "Certificates/CreateSelfSignedCertificate",
                   [this, request, response](Caller& caller) {
                     return CreateSelfSigned(context_, caller, *request, response);
                   });
}

grpc::ServerUnaryReactor* CertificatesApi::DeleteCertificate(
    grpc::CallbackServerContext* call, const v1::DeleteCertificateRequest* request,
    v1::ChangeResponse* response) {
  return ServeCall(
      context_, call, CallKind::kChange, "Certificates/DeleteCertificate",
      [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
        const Result<> deleted = co_await context_.certificates.Delete(request->name());
        if (!deleted) co_return deleted;
        FillEvent(context_.events.Add(Event::INFO, "certificate", request->name(),
                                      "deleted, with its private key", caller.actor, caller.method),
                  response);
        co_return Result<>();
      });
}

grpc::ServerUnaryReactor* TrustAnchorsApi::ImportTrustAnchor(
    grpc::CallbackServerContext* call, const v1::ImportTrustAnchorRequest* request,
    v1::TrustAnchorChange* response) {
  return ServeCall(context_, call, CallKind::kChange, "TrustAnchors/ImportTrustAnchor",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     const Result<> imported = co_await context_.certificates.ImportAnchor(
                         request->name(), request->file());
                     if (!imported) co_return imported;
                     if (const auto* stored = context_.certificates.FindAnchor(request->name())) {
                       *response->mutable_trust_anchor() = Describe(context_, *stored);
                     }
                     *response->mutable_event() = context_.events.Add(
                         Event::INFO, "certificate", request->name(), "imported as trust anchor",
                         caller.actor, caller.method);
                     co_return Result<>();
                   });
}

grpc::ServerUnaryReactor* TrustAnchorsApi::ListTrustAnchors(
    grpc::CallbackServerContext* call, const v1::ListTrustAnchorsRequest* request,
    v1::ListTrustAnchorsResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "TrustAnchors/ListTrustAnchors",
                   [this, request, response](Caller&) -> asio::awaitable<Result<>> {
                     co_return Page(context_.configuration.certificates().trust_anchor(),
                                    request->page_size(), request->page_token(),
                                    response->mutable_next_page_token(),
                                    [&](const config::v1::StoredTrustAnchor& stored) {
                                      *response->add_trust_anchors() = Describe(context_, stored);
                                    });
                   });
}

grpc::ServerUnaryReactor* TrustAnchorsApi::GetTrustAnchor(grpc::CallbackServerContext* call,
                                                          const v1::GetTrustAnchorRequest* request,
                                                          v1::TrustAnchor* response) {
  return ServeCall(
      context_, call, CallKind::kRead, "TrustAnchors/GetTrustAnchor",
      [this, request, response](Caller&) -> asio::awaitable<Result<>> {
        const config::v1::StoredTrustAnchor* stored =
            context_.certificates.FindAnchor(request->name());
        if (stored == nullptr) {
          co_return Fail(Code::kNotFound,
                         fmt::format("there is no trust anchor \"{}\"; alohactl ca list shows them",
                                     EscapeForLog(request->name())),
                         "name");
        }
        *response = Describe(context_, *stored);
        google::protobuf::RepeatedPtrField<std::string> chain;
        for (const auto& read : stored->certificate()) *chain.Add() = read.der();
        response->set_pem(EncodePem(chain));
        co_return Result<>();
      });
}

grpc::ServerUnaryReactor* TrustAnchorsApi::DeleteTrustAnchor(
    grpc::CallbackServerContext* call, const v1::DeleteTrustAnchorRequest* request,
    v1::ChangeResponse* response) {
  return ServeCall(
      context_, call, CallKind::kChange, "TrustAnchors/DeleteTrustAnchor",
      [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
        const Result<> deleted = co_await context_.certificates.DeleteAnchor(request->name());
        if (!deleted) co_return deleted;
        FillEvent(context_.events.Add(Event::INFO, "certificate", request->name(),
                                      "trust anchor deleted", caller.actor, caller.method),
                  response);
        co_return Result<>();
      });
}

}  // namespace aloha::supervisor
