// Packets as a broken supervisor could send them, through the socket that a worker reads. The first
// byte is the number of descriptors, the rest the payload.
#include <fcntl.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "workers/runtime/descriptors.h"

namespace {

void SendRaw(int socket, const uint8_t* data, size_t size, size_t count) {
  iovec payload{const_cast<uint8_t*>(data), size};
  std::vector<char> control(CMSG_SPACE(sizeof(int) * count));
  msghdr message{};
  message.msg_iov = &payload;
  message.msg_iovlen = 1;
  if (count > 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    static const int passed = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const std::vector<int> descriptors(count, passed);
    std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof(int) * count);
  }
  (void)!sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// The lowest free descriptor: higher than before when one leaked.
int LowestFree() {
  const aloha::UniqueFd probe(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
  return probe.get();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const int before = LowestFree();
  {
    auto pair = aloha::MakeSocketPair(SOCK_SEQPACKET);
    if (!pair) return 0;
    aloha::DescriptorInbox inbox;
    inbox.SetChannel(pair->theirs.get());
    inbox.OnPeer([](const std::string&, aloha::UniqueFd socket) {
      if (!socket) abort();
    });
    const size_t most = data[0] == 255 ? 253 : size_t{data[0]} % 80;
    SendRaw(pair->ours.get(), data + 1, size - 1, most);
    if (!inbox.Receive()) abort();
    // Closed alone it stays open as long as somebody looks at it through /proc.
    (void)shutdown(pair->ours.get(), SHUT_RDWR);
    if (inbox.Receive()) abort();
    (void)inbox.TakeListener("127.0.0.1", 143);
    inbox.Clear();
  }
  if (LowestFree() != before) abort();
  return 0;
}
