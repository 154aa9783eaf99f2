#include "workers/system/socket_set.h"

#include <fmt/format.h>

namespace aloha::system {
namespace {

// Of a BindRequest or a SystemSnapshot: what it names, in order.
template <typename Message>
std::vector<SocketName> Names(const Message& message) {
  std::vector<SocketName> names;
  for (const worker::v1::Listener& listener : message.listeners())
    names.emplace_back(Endpoint{listener.address(), listener.port()});
  for (const worker::v1::VrrpSocket& socket : message.vrrp_sockets())
    names.emplace_back(VrrpEndpoint{socket.interface(), socket.ipv6()});
  return names;
}

// Lines of a gRPC status, which must fit into 8 KiB of trailing metadata.
class Causes {
 public:
  void Add(std::string line) {
    ++count_;
    if (text_.size() + line.size() > kMaxBytes) return;
    text_ += (text_.empty() ? "" : "\n") + line;
    ++shown_;
  }
  bool empty() const { return count_ == 0; }
  tl::unexpected<Error> ToError() const {
    if (shown_ == count_) return Fail(Code::kFailedPrecondition, text_);
    return Fail(Code::kFailedPrecondition, fmt::format("{}\nand {} more", text_, count_ - shown_));
  }

 private:
  static constexpr size_t kMaxBytes = 4'000;
  std::string text_;
  size_t count_ = 0, shown_ = 0;
};

}  // namespace

std::string ToString(const SocketName& name) {
  if (const auto* listener = std::get_if<Endpoint>(&name)) return "listener " + ToString(*listener);
  return ToString(std::get<VrrpEndpoint>(name));
}

worker::v1::Descriptor ToDescriptor(const SocketName& name) {
  if (const auto* listener = std::get_if<Endpoint>(&name))
    return NameListener(listener->address, listener->port);
  const auto& vrrp = std::get<VrrpEndpoint>(name);
  return NameVrrpSocket(vrrp.interface, vrrp.ipv6);
}

Socket SocketSet::Find(const SocketName& name) {
  if (const auto found = held_.find(name); found != held_.end()) return found->second.socket;
  UniqueFd handed_over = take_(name);
  if (!handed_over) return nullptr;
  auto socket = std::make_shared<const UniqueFd>(std::move(handed_over));
  held_[name] = {socket, /*committed=*/true};  // it served before this process lived
  return socket;
}

std::vector<NamedDescriptor> SocketSet::Committed() const {
  std::vector<NamedDescriptor> named;
  for (const auto& [name, held] : held_) {
    if (held.committed) named.emplace_back(ToDescriptor(name), held.socket->get());
  }
  return named;
}

std::vector<std::pair<VrrpEndpoint, int>> SocketSet::VrrpSockets() const {
  std::vector<std::pair<VrrpEndpoint, int>> sockets;
  for (const auto& [name, held] : held_) {
    if (const auto* vrrp = std::get_if<VrrpEndpoint>(&name))
      sockets.emplace_back(*vrrp, held.socket->get());
  }
  return sockets;
}

Result<Socket> SocketSet::MakeOne(const SocketName& name) {
  std::vector<int> siblings;
  if (const auto* listener = std::get_if<Endpoint>(&name)) {
    for (const auto& [other, held] : held_) {
      const auto* sibling = std::get_if<Endpoint>(&other);
      if (sibling != nullptr && sibling->port == listener->port)
        siblings.push_back(held.socket->get());
    }
  }
  Result<UniqueFd> made = make_(name, siblings);
  if (!made) return tl::make_unexpected(made.error());
  auto socket = std::make_shared<const UniqueFd>(std::move(*made));
  held_[name] = {socket, /*committed=*/false};
  return socket;
}

Result<std::vector<NamedSocket>> SocketSet::Bind(const worker::v1::BindRequest& request) {
  std::vector<NamedSocket> sockets;
  Causes causes;
  for (SocketName& name : Names(request)) {
    NamedSocket named{std::move(name)};
    named.socket = Find(named.name);
    if (!named.socket) {
      Result<Socket> made = MakeOne(named.name);
      if (!made) {
        causes.Add(made.error().message);
        continue;
      }
      named.socket = std::move(*made);
      named.fresh = true;
    }
    sockets.push_back(std::move(named));
  }
  if (causes.empty()) return sockets;
  Unbind(sockets);
  return causes.ToError();
}

void SocketSet::Unbind(const std::vector<NamedSocket>& sockets) {
  for (const NamedSocket& named : sockets) {
    const auto found = held_.find(named.name);
    if (named.fresh && found != held_.end() && !found->second.committed) held_.erase(found);
  }
}

Result<> SocketSet::Prepare(const worker::v1::SystemSnapshot& snapshot) {
  std::set<SocketName> wanted;
  Causes causes;
  for (SocketName& name : Names(snapshot)) {
    if (!Find(name)) causes.Add(ToString(name) + ": neither bound nor handed over");
    wanted.insert(std::move(name));
  }
  if (!causes.empty()) return causes.ToError();
  prepared_ = std::move(wanted);
  return {};
}

void SocketSet::Commit() {
  std::erase_if(held_, [this](const auto& entry) { return !prepared_.contains(entry.first); });
  for (auto& [name, held] : held_) held.committed = true;
  prepared_.clear();
}

void SocketSet::Abort() {
  std::erase_if(held_, [](const auto& entry) { return !entry.second.committed; });
  prepared_.clear();
}

}  // namespace aloha::system
