#include "workers/vrrp/flood_filter.h"

#include <linux/filter.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace aloha::vrrp {
namespace {

constexpr std::chrono::milliseconds kWindow{100};
// Three times what 32 routers hear that each have a master at intervals of 10 ms, and another one.
constexpr size_t kMostInWindow = 2000;
constexpr std::chrono::seconds kActive{1};
// One of 64; a mask for a random number.
constexpr uint32_t kSample = 63;

constexpr auto kNet = static_cast<uint32_t>(SKF_NET_OFF);
constexpr auto kRandom = static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM);

sock_filter Load(uint32_t at) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at); }
sock_filter Return(uint32_t bytes) { return BPF_STMT(BPF_RET | BPF_K, bytes); }
sock_filter UnlessEqual(uint32_t value, size_t skip) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, static_cast<uint8_t>(skip));
}

uint32_t WordOf(const net::Ip& ip, size_t at) {
  return uint32_t{ip[at]} << 24 | uint32_t{ip[at + 1]} << 16 | uint32_t{ip[at + 2]} << 8 |
         ip[at + 3];
}

// Passes packets whose source is that node, else goes on behind.
void PassNode(const net::Ip& node, bool ipv6, std::vector<sock_filter>& out_program) {
  const uint32_t source = kNet + (ipv6 ? 8 : 12);
  const size_t words = ipv6 ? 4 : 1;
  for (size_t word = 0; word < words; ++word) {
    out_program.push_back(Load(source + static_cast<uint32_t>(4 * word)));
    const uint32_t value = WordOf(node, ipv6 ? 4 * word : 12);
    out_program.push_back(UnlessEqual(value, 2 * (words - word - 1) + 1));
  }
  out_program.push_back(Return(UINT32_MAX));
}

}  // namespace

FloodFilter::FloodFilter(int socket, bool ipv6) : socket_(socket), ipv6_(ipv6) {
  setsockopt(socket_, SOL_SOCKET, SO_DETACH_FILTER, nullptr, 0);
}

bool FloodFilter::Count(size_t packets, TimePoint now) {
  if (window_ == TimePoint::min() || now - window_ > kWindow) {
    window_ = now;
    packets_ = 0;
  }
  packets_ += packets;
  return !active() && packets_ > kMostInWindow;
}

void FloodFilter::Begin(std::span<const net::Ip> known, TimePoint now) {
  std::vector<sock_filter> program;
  for (const net::Ip& node : known.first(std::min(known.size(), kMaxKnownNodes))) {
    PassNode(node, ipv6_, program);
  }
  program.push_back(Load(kRandom));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kSample, 0, 1));
  program.push_back(Return(0));
  program.push_back(Return(UINT32_MAX));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  setsockopt(socket_, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
  until_ = now + kActive;
}

void FloodFilter::End() {
  setsockopt(socket_, SOL_SOCKET, SO_DETACH_FILTER, nullptr, 0);
  until_ = TimePoint::max();
  window_ = TimePoint::min();
}

}  // namespace aloha::vrrp
