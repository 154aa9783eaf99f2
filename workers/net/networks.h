// A list of networks in CIDR notation (RFC 4632), for allow_from.
#ifndef ALOHA_WORKERS_NET_NETWORKS_H_
#define ALOHA_WORKERS_NET_NETWORKS_H_

#include <string>
#include <vector>

#include "workers/net/address.h"

namespace aloha::net {

class Networks {
 public:
  // Adds "10.0.0.0/8", "2001:db8::/32" or a single address. Host bits are ignored. kInvalidArgument
  // with the reason when the text is neither.
  Result<> Add(const std::string& text);
  bool empty() const { return networks_.empty(); }
  bool Contains(const Ip& ip) const;

 private:
  struct Network {
    Ip ip;
    int bits;  // 0 to 128, of the mapped form
  };
  std::vector<Network> networks_;
};

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_NETWORKS_H_
