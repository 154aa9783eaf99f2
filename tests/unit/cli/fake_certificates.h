// The certificates of a supervisor for tests: opens what is sealed to it, as aloha-keys does.
#ifndef ALOHA_TESTS_UNIT_CLI_FAKE_CERTIFICATES_H_
#define ALOHA_TESTS_UNIT_CLI_FAKE_CERTIFICATES_H_

#include <grpcpp/grpcpp.h>
#include <sodium.h>

#include <string>

#include "admin/v1/certificates.grpc.pb.h"
#include "cli/client.h"

namespace aloha::cli {

struct FakeCertificates : admin::Certificates::Service {
  FakeCertificates() {
    public_key.resize(crypto_box_PUBLICKEYBYTES);
    secret_key.resize(crypto_box_SECRETKEYBYTES);
    crypto_box_keypair(Bytes(public_key), Bytes(secret_key));
  }
  static unsigned char* Bytes(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
  }

  grpc::Status GetImportKey(grpc::ServerContext*, const admin::GetImportKeyRequest*,
                            admin::GetImportKeyResponse* response) override {
    response->set_public_key(public_key);
    return grpc::Status::OK;
  }
  // Refuses whatever has the password "wrong".
  grpc::Status ImportCertificate(grpc::ServerContext*,
                                 const admin::ImportCertificateRequest* request,
                                 admin::CertificateChange* response) override {
    imported = *request;
    std::string sealed = request->sealed();
    std::string clear(sealed.size() - crypto_box_SEALBYTES, '\0');
    if (crypto_box_seal_open(Bytes(clear), Bytes(sealed), sealed.size(), Bytes(public_key),
                             Bytes(secret_key)) != 0 ||
        !opened.ParseFromString(clear)) {
      return {grpc::StatusCode::INTERNAL, "not sealed to this key"};
    }
    if (opened.password() == "wrong") {
      admin::ErrorDetail detail;
      detail.set_reason("INVALID_CERTIFICATE");
      detail.set_remedy("Type the password that the file was exported with.");
      return {grpc::StatusCode::INVALID_ARGUMENT, "the password does not open the file",
              detail.SerializeAsString()};
    }
    response->mutable_event()->set_object(request->name());
    response->mutable_event()->set_text("certificate imported");
    response->add_warnings("the chain does not reach a root");
    return grpc::Status::OK;
  }
  grpc::Status ListCertificates(grpc::ServerContext*, const admin::ListCertificatesRequest*,
                                admin::ListCertificatesResponse* response) override {
    *response = list;
    return grpc::Status::OK;
  }
  grpc::Status GetCertificate(grpc::ServerContext*, const admin::GetCertificateRequest* request,
                              admin::Certificate* response) override {
    for (const admin::Certificate& certificate : list.certificates()) {
      if (certificate.name() == request->name()) *response = certificate;
    }
    return grpc::Status::OK;
  }
  grpc::Status CreateSelfSignedCertificate(grpc::ServerContext*,
                                           const admin::CreateSelfSignedCertificateRequest* request,
                                           admin::CertificateChange*) override {
    self_signed = *request;
    return grpc::Status::OK;
  }
  grpc::Status DeleteCertificate(grpc::ServerContext*, const admin::DeleteCertificateRequest*,
                                 admin::ChangeResponse*) override {
    admin::ErrorDetail detail;
    detail.set_reason("IN_USE");
    return {grpc::StatusCode::FAILED_PRECONDITION, "http.certificate names it",
            detail.SerializeAsString()};
  }

  std::string public_key;
  std::string secret_key;
  admin::ImportCertificateRequest imported;
  admin::CertificateFile opened;
  admin::CreateSelfSignedCertificateRequest self_signed;
  admin::ListCertificatesResponse list;
};

// One anchor, whatever was imported.
struct FakeTrustAnchors : admin::TrustAnchors::Service {
  grpc::Status ImportTrustAnchor(grpc::ServerContext*,
                                 const admin::ImportTrustAnchorRequest* request,
                                 admin::TrustAnchorChange* response) override {
    imported = *request;
    response->mutable_event()->set_object(request->name());
    response->mutable_event()->set_text("trust anchor imported");
    *response->mutable_trust_anchor() = anchor;
    return grpc::Status::OK;
  }
  grpc::Status ListTrustAnchors(grpc::ServerContext*, const admin::ListTrustAnchorsRequest*,
                                admin::ListTrustAnchorsResponse* response) override {
    *response->add_trust_anchors() = anchor;
    return grpc::Status::OK;
  }
  grpc::Status GetTrustAnchor(grpc::ServerContext*, const admin::GetTrustAnchorRequest*,
                              admin::TrustAnchor* response) override {
    *response = anchor;
    return grpc::Status::OK;
  }
  admin::ImportTrustAnchorRequest imported;
  admin::TrustAnchor anchor;
};

}  // namespace aloha::cli

#endif  // ALOHA_TESTS_UNIT_CLI_FAKE_CERTIFICATES_H_
