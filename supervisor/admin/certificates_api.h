// aloha.admin.v1.Certificates and TrustAnchors.
#ifndef ALOHA_SUPERVISOR_ADMIN_CERTIFICATES_API_H_
#define ALOHA_SUPERVISOR_ADMIN_CERTIFICATES_API_H_

#include <string>
#include <vector>

#include "admin/v1/certificates.grpc.pb.h"
#include "config/v1/state.pb.h"
#include "supervisor/admin/handler.h"
#include "worker/v1/roles.pb.h"

namespace aloha::supervisor {

// A stored certificate as administrators see it, without used_by and pem. `keys`: what aloha-keys
// reports, null when it does not answer. `now_s`: seconds since 1970-01-01 UTC.
admin::v1::Certificate DescribeCertificate(const config::v1::StoredCertificate& stored,
                                           const worker::v1::ListKeysResponse* keys, int64_t now_s);

class CertificatesApi final : public admin::v1::Certificates::CallbackService {
 public:
  explicit CertificatesApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* GetImportKey(grpc::CallbackServerContext* call,
                                         const admin::v1::GetImportKeyRequest* request,
                                         admin::v1::GetImportKeyResponse* response) override;
  grpc::ServerUnaryReactor* ImportCertificate(grpc::CallbackServerContext* call,
                                              const admin::v1::ImportCertificateRequest* request,
                                              admin::v1::CertificateChange* response) override;
  grpc::ServerUnaryReactor* ListCertificates(
      grpc::CallbackServerContext* call, const admin::v1::ListCertificatesRequest* request,
      admin::v1::ListCertificatesResponse* response) override;
  grpc::ServerUnaryReactor* GetCertificate(grpc::CallbackServerContext* call,
                                           const admin::v1::GetCertificateRequest* request,
                                           admin::v1::Certificate* response) override;
  grpc::ServerUnaryReactor* CreateSelfSignedCertificate(
      grpc::CallbackServerContext* call,
      const admin::v1::CreateSelfSignedCertificateRequest* request,
      admin::v1::CertificateChange* response) override;
  grpc::ServerUnaryReactor* DeleteCertificate(grpc::CallbackServerContext* call,
                                              const admin::v1::DeleteCertificateRequest* request,
                                              admin::v1::ChangeResponse* response) override;

 private:
  AdminContext& context_;
};

class TrustAnchorsApi final : public admin::v1::TrustAnchors::CallbackService {
 public:
  explicit TrustAnchorsApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* ImportTrustAnchor(grpc::CallbackServerContext* call,
                                              const admin::v1::ImportTrustAnchorRequest* request,
                                              admin::v1::TrustAnchorChange* response) override;
  grpc::ServerUnaryReactor* ListTrustAnchors(
      grpc::CallbackServerContext* call, const admin::v1::ListTrustAnchorsRequest* request,
      admin::v1::ListTrustAnchorsResponse* response) override;
  grpc::ServerUnaryReactor* GetTrustAnchor(grpc::CallbackServerContext* call,
                                           const admin::v1::GetTrustAnchorRequest* request,
                                           admin::v1::TrustAnchor* response) override;
  grpc::ServerUnaryReactor* DeleteTrustAnchor(grpc::CallbackServerContext* call,
                                              const admin::v1::DeleteTrustAnchorRequest* request,
                                              admin::v1::ChangeResponse* response) override;

 private:
  AdminContext& context_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_CERTIFICATES_API_H_
