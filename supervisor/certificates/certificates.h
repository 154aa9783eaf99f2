// What administrators do with certificates and trust anchors. Their public part is the
// configurator's to keep and to bring to the workers; private keys are in aloha-keys alone, and
// what is imported is sealed to it.
#ifndef ALOHA_SUPERVISOR_CERTIFICATES_CERTIFICATES_H_
#define ALOHA_SUPERVISOR_CERTIFICATES_CERTIFICATES_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/v1/config.pb.h"
#include "config/v1/state.pb.h"
#include "supervisor/events.h"
#include "supervisor/fleet.h"
#include "supervisor/worker_feed.h"
#include "worker/v1/roles.pb.h"

namespace aloha::supervisor {

class Configurator;

class Certificates {
 public:
  // For people: what is not wrong, and yet worth knowing.
  using Warnings = std::vector<std::string>;

  Certificates(asio::io_context& loop, Fleet& fleet, Configurator& configurator, Events& events);

  // Null when there is none of that name; valid until the next change.
  const config::v1::StoredCertificate* Find(const std::string& name) const;
  const config::v1::StoredTrustAnchor* FindAnchor(const std::string& name) const;
  // Why the file that the certificate is read from cannot be used now; empty: it can, or there is
  // none.
  std::string ProblemOf(const std::string& name) const;

  // Each refuses names that are none (kInvalidArgument) or that of a certificate read from a file
  // (kFailedPrecondition), and replaces what had the name, without a connection lost. Errors of
  // aloha-keys as roles.proto tells them.
  asio::awaitable<Result<Warnings>> Import(std::string name, worker::v1::ImportKeyRequest request,
                                           std::string ocsp_response);
  asio::awaitable<Result<Warnings>> CreateSelfSigned(std::string name,
                                                     worker::v1::CreateSelfSignedRequest request);
  asio::awaitable<Result<>> ImportAnchor(std::string name, std::string file);

  // With its private key. kNotFound; kFailedPrecondition while the running or saved configuration
  // names it.
  asio::awaitable<Result<>> Delete(std::string name);
  asio::awaitable<Result<>> DeleteAnchor(std::string name);

  // The certificate of this name that stands in where none is named; not yet kept.
  asio::awaitable<Result<config::v1::StoredCertificate>> MakeStandIn(
      const config::v1::Config& config, std::string name);

  // Deletes those of these private keys that no certificate needs any more, once the handshakes
  // that may are done.
  asio::awaitable<void> DropUnneeded(std::vector<std::string> keys);
  // The same at once, whoever is in a handshake. An error: at least one is still there.
  asio::awaitable<Result<>> DeleteUnneeded(std::vector<std::string> keys);

  // Follows the certificate files that this aloha-keys reads, from now on.
  void Follow(const std::shared_ptr<Process>& keys);

  // Tells, once each, which certificates in use have expired or will soon; at once, and every hour.
  asio::awaitable<void> WatchExpiry();

 private:
  Result<> Importable(const std::string& name) const;
  asio::awaitable<Result<Warnings>> Keep(std::string name, worker::v1::ImportKeyResponse imported,
                                         std::string ocsp_response);
  bool IsNeeded(const std::string& key) const;
  asio::awaitable<void> DropKey(std::string key);
  asio::awaitable<Result<>> DeleteKey(std::string key);
  asio::awaitable<void> TakeFile(worker::v1::CertificateFileContent content);
  void TellExpiry();

  asio::io_context& loop_;
  Fleet& fleet_;
  Configurator& configurator_;
  Events& events_;
  std::map<std::string, std::string> problems_;  // of files, by name of the certificate
  std::map<std::string, uint64_t> drops_;        // keys that will be deleted: how often asked for
  WorkerFeed<worker::v1::CertificateFileContent> files_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CERTIFICATES_CERTIFICATES_H_
