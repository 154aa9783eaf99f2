#include "cli/diagnosis.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "cli/client.h"
#include "cli/output.h"

namespace aloha::cli {
namespace {

constexpr timeval kPatience{4, 0};

struct Deleter {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* session) const { SSL_free(session); }
};

// OpenSSL writes to connections that may have ended, and a reader of standard output that goes away
// ends alohactl by this signal: see main.cc.
class WithoutPipeSignal {
 public:
  WithoutPipeSignal() { sigaction(SIGPIPE, &ignore_, &before_); }
  ~WithoutPipeSignal() { sigaction(SIGPIPE, &before_, nullptr); }
  WithoutPipeSignal(const WithoutPipeSignal&) = delete;
  WithoutPipeSignal& operator=(const WithoutPipeSignal&) = delete;

 private:
  const struct sigaction ignore_ {
    {SIG_IGN}, {}, 0, nullptr
  };
  struct sigaction before_ {};
};

struct Endpoint {
  std::string host;  // without brackets
  std::string port;
};

Endpoint Split(const std::string& endpoint) {
  const size_t colon = endpoint.rfind(':');
  std::string host = endpoint.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  return {host, endpoint.substr(colon + 1)};
}

// A connected socket, or -1 with the reason.
int ConnectTo(const Endpoint& to, std::string& why) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (int error = getaddrinfo(to.host.c_str(), to.port.c_str(), &hints, &found); error != 0) {
    why = fmt::format("{}: {}", to.host, gai_strerror(error));
    return -1;
  }
  const std::unique_ptr<addrinfo, Deleter> list(found);
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
    const int fd = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
    if (fd < 0) continue;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
    if (connect(fd, one->ai_addr, one->ai_addrlen) == 0) return fd;
    why = errno == EINPROGRESS ? "it does not answer" : std::strerror(errno);
    close(fd);
  }
  return -1;
}

// What is wrong with the files, or empty.
std::string UseFiles(SSL_CTX* context, const ConnectionOptions& options) {
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
  if (SSL_CTX_load_verify_locations(context, options.ca.c_str(), nullptr) != 1)
    return fmt::format("--ca {}: no certificate in PEM", options.ca);
  if (options.cert.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, options.cert.c_str()) != 1)
    return fmt::format("--cert {}: no certificate in PEM that TLS takes", options.cert);
  if (SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) == 1) return {};
  const bool other = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
  return other ? fmt::format("--key {} is not the key of --cert {}", options.key, options.cert)
               : fmt::format("--key {}: no private key in PEM without a password", options.key);
}

void Expect(SSL* session, const std::string& host) {
  X509_VERIFY_PARAM* rules = SSL_get0_param(session);
  unsigned char address[sizeof(in6_addr)];
  if (inet_pton(AF_INET, host.c_str(), address) == 1 ||
      inet_pton(AF_INET6, host.c_str(), address) == 1) {
    X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str());
  } else {
    SSL_set_tlsext_host_name(session, host.c_str());
    X509_VERIFY_PARAM_set1_host(rules, host.c_str(), 0);
  }
}

// Of a handshake that ended with `result`.
std::string DescribeFailure(SSL* session, int result, const ConnectionOptions& options,
                            const std::string& host) {
  const long verified = SSL_get_verify_result(session);
  if (verified == X509_V_ERR_HOSTNAME_MISMATCH || verified == X509_V_ERR_IP_ADDRESS_MISMATCH)
    return fmt::format("the certificate that it shows is not one for {}", host);
  if (verified != X509_V_OK) {
    return fmt::format("--ca {} does not vouch for who signed its certificate: {}", options.ca,
                       X509_verify_cert_error_string(verified));
  }
  switch (SSL_get_error(session, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return "connected, but it does not answer with TLS";
    case SSL_ERROR_SSL:
      if (ERR_GET_REASON(ERR_peek_error()) != SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        const char* reason = ERR_reason_error_string(ERR_peek_error());
        return fmt::format("TLS: {}", reason != nullptr ? reason : "the handshake fails");
      }
      [[fallthrough]];
    default:
      return "it closes the connection at once (is this address in management.grpc.allow_from?)";
  }
}

}  // namespace

std::string DiagnoseSocket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return std::strerror(errno);
  bool connected = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  int error = errno;
  close(fd);
  if (connected) {
    return "connected, but it does not answer (it hangs, or refuses this user: administrators are "
           "in "
           "group aloha-admin)";
  }
  if (error == EACCES || error == EPERM) {
    return fmt::format("{} (administrators are in group aloha-admin)", std::strerror(error));
  }
  return fmt::format("{} (is aloha-supervisor running?)", std::strerror(error));
}

std::string DiagnoseAddress(const ConnectionOptions& options) {
  const WithoutPipeSignal quiet;
  const Endpoint to = Split(options.endpoint);
  const std::unique_ptr<SSL_CTX, Deleter> context(SSL_CTX_new(TLS_client_method()));
  if (!context) return "no TLS connection";
  ERR_clear_error();
  if (std::string wrong = UseFiles(context.get(), options); !wrong.empty()) return wrong;
  std::string why;
  const int fd = ConnectTo(to, why);
  if (fd < 0) return why;
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const std::unique_ptr<SSL, Deleter> session(SSL_new(context.get()));
  SSL_set_fd(session.get(), fd);
  Expect(session.get(), to.host);
  ERR_clear_error();
  const int result = SSL_connect(session.get());
  if (result == 1) {
    why = "TLS works, but nothing answers inside (does another program listen there?)";
  } else {
    why = DescribeFailure(session.get(), result, options, to.host);
  }
  close(fd);
  return why;
}

}  // namespace aloha::cli
