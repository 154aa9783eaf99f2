// What a simulated server shows in TLS: a self-signed certificate made in memory, so that nothing
// has to be kept in files, or one from a file.
#ifndef ALOHA_TESTS_FARM_CERTIFICATE_H_
#define ALOHA_TESTS_FARM_CERTIFICATE_H_

#include <asio/ssl/context.hpp>
#include <map>
#include <memory>
#include <string>

namespace aloha::farm {

struct TlsOptions {
  // PEM with the private key and the chain, own certificate first, by name of the server; under ""
  // for all that have none of their own.
  std::map<std::string, std::string> certificates;
  std::string client_ca;  // PEM: clients must show a certificate that it signed; empty: none asked
  bool no_tls13 = false;
};

// The TLS server context of server `name`. Without a certificate in `options`: a new P-256 key and
// a certificate for `name` (CN and DNS name), valid for a year. Throws asio::system_error when the
// library refuses.
std::unique_ptr<asio::ssl::context> MakeTlsContext(const std::string& name,
                                                   const TlsOptions& options);

}  // namespace aloha::farm

#endif  // ALOHA_TESTS_FARM_CERTIFICATE_H_
