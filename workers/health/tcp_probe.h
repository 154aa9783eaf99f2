// The I/O of probes: one connection per probe, and a dialogue over it.
//
// The calls per probe are few: the first bytes are sent without waiting to be told that the
// connection stands, nothing is received before there is something, and a connection ends with a
// reset (SO_LINGER 0), so that no probe leaves a socket in TIME_WAIT.
#ifndef ALOHA_WORKERS_HEALTH_TCP_PROBE_H_
#define ALOHA_WORKERS_HEALTH_TCP_PROBE_H_

#include <array>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "workers/health/checker.h"
#include "workers/health/protocol.h"
#include "workers/health/tls.h"

namespace aloha::health {

// What the probes of one loop share; outlives them.
struct ProbeResources {
  asio::io_context& loop;
  const TlsClient& tls;
  std::array<char, 16 * 1024> buffer;  // no probe holds bytes in it between two calls
};

class TcpProbe final : public Probe, public std::enable_shared_from_this<TcpProbe> {
 public:
  TcpProbe(ProbeResources& resources, const CheckSpec& spec,
           std::function<void(const ProbeResult&)> done);

  void Start() override;
  std::string Cancel() override;

 private:
  bool Connect();
  // Goes on until the socket must be waited for or the probe has ended.
  void Progress();
  IoResult Step();
  IoResult BeginTls();
  IoResult SendOutput();
  IoResult Receive();
  void Await(Io io);
  void EndByIo(const IoResult& result);
  std::string_view Awaited() const;
  void Close();
  void Finish(Outcome outcome, std::string reason);

  ProbeResources& resources_;
  const asio::ip::tcp::endpoint endpoint_;
  const std::function<void(const ProbeResult&)> done_;
  const std::unique_ptr<Dialogue> dialogue_;
  std::optional<TlsStream> tls_;

  asio::ip::tcp::socket socket_;
  uint64_t serial_ = 0;  // of the probe; a completion of an earlier one is ignored
  Verdict verdict_ = Verdict::kMore;
  bool connected_ = false;  // TCP
  bool ready_ = false;      // and TLS, where the check asks for it
  size_t received_ = 0;
};

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_TCP_PROBE_H_
