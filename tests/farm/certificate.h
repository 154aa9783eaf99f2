// A self-signed certificate made in memory, so that nothing has to be kept in files.
#ifndef ALOHA_TESTS_FARM_CERTIFICATE_H_
#define ALOHA_TESTS_FARM_CERTIFICATE_H_

#include <asio/ssl/context.hpp>
#include <memory>
#include <string>

namespace aloha::farm {

// A TLS server context with a new P-256 key and a certificate for `name` (CN and DNS name), valid
// for a year. Throws asio::system_error when the library refuses.
std::unique_ptr<asio::ssl::context> MakeTlsContext(const std::string& name);

}  // namespace aloha::farm

#endif  // ALOHA_TESTS_FARM_CERTIFICATE_H_
