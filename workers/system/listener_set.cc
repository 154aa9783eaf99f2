#include "workers/system/listener_set.h"

#include <fmt/format.h>

namespace aloha::system {
namespace {

Endpoint ToEndpoint(const worker::v1::Listener& listener) {
  return {listener.address(), listener.port()};
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

Socket ListenerSet::Find(const Endpoint& endpoint) {
  if (const auto found = held_.find(endpoint); found != held_.end()) return found->second.socket;
  UniqueFd handed_over = take_(endpoint);
  if (!handed_over) return nullptr;
  auto socket = std::make_shared<const UniqueFd>(std::move(handed_over));
  held_[endpoint] = {socket, /*committed=*/true};  // it served before this process lived
  return socket;
}

std::vector<NamedDescriptor> ListenerSet::Committed() const {
  std::vector<NamedDescriptor> named;
  for (const auto& [endpoint, held] : held_) {
    if (held.committed)
      named.emplace_back(NameListener(endpoint.address, endpoint.port), held.socket->get());
  }
  return named;
}

Result<Socket> ListenerSet::BindOne(const Endpoint& endpoint) {
  std::vector<int> siblings;
  for (const auto& [other, held] : held_) {
    if (other.port == endpoint.port) siblings.push_back(held.socket->get());
  }
  Result<UniqueFd> bound = BindListener(endpoint, siblings, unprivileged_port_start_);
  if (!bound) return tl::make_unexpected(bound.error());
  auto socket = std::make_shared<const UniqueFd>(std::move(*bound));
  held_[endpoint] = {socket, /*committed=*/false};
  return socket;
}

Result<std::vector<NamedSocket>> ListenerSet::Bind(const worker::v1::BindRequest& request) {
  std::vector<NamedSocket> sockets;
  Causes causes;
  for (const worker::v1::Listener& listener : request.listeners()) {
    NamedSocket named{ToEndpoint(listener)};
    named.socket = Find(named.endpoint);
    if (!named.socket) {
      Result<Socket> bound = BindOne(named.endpoint);
      if (!bound) {
        causes.Add(bound.error().message);
        continue;
      }
      named.socket = std::move(*bound);
      named.fresh = true;
    }
    sockets.push_back(std::move(named));
  }
  if (causes.empty()) return sockets;
  Unbind(sockets);
  return causes.ToError();
}

void ListenerSet::Unbind(const std::vector<NamedSocket>& sockets) {
  for (const NamedSocket& named : sockets) {
    const auto found = held_.find(named.endpoint);
    if (named.fresh && found != held_.end() && !found->second.committed) held_.erase(found);
  }
}

Result<> ListenerSet::Prepare(const worker::v1::SystemSnapshot& snapshot) {
  std::set<Endpoint> wanted;
  Causes causes;
  for (const worker::v1::Listener& listener : snapshot.listeners()) {
    Endpoint endpoint = ToEndpoint(listener);
    if (!Find(endpoint))
      causes.Add(fmt::format("listener {}: neither bound nor handed over", ToString(endpoint)));
    wanted.insert(std::move(endpoint));
  }
  if (!causes.empty()) return causes.ToError();
  prepared_ = std::move(wanted);
  return {};
}

void ListenerSet::Commit() {
  std::erase_if(held_, [this](const auto& entry) { return !prepared_.contains(entry.first); });
  for (auto& [endpoint, held] : held_) held.committed = true;
  prepared_.clear();
}

void ListenerSet::Abort() {
  std::erase_if(held_, [](const auto& entry) { return !entry.second.committed; });
  prepared_.clear();
}

}  // namespace aloha::system
