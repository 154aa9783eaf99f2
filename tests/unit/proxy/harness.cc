#include "tests/unit/proxy/harness.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <future>
#include <utility>

#include "workers/runtime/stick_memory.h"

namespace aloha::proxy {
namespace {

constexpr std::chrono::seconds kPatience{20};

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

uint16_t PortOf(int fd) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length), 0);
  return ntohs(address.sin_port);
}

UniqueFd Listen(uint16_t& port, int flags) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  const sockaddr_in address = Loopback(port);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(listen(fd.get(), 1024), 0);
  port = PortOf(fd.get());
  return fd;
}

}  // namespace

Socket::Socket(int fd) : fd_(fd) {
  const timeval patience{kPatience.count(), 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

Socket Socket::To(uint16_t port) {
  Socket client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  EXPECT_EQ(connect(client.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return client;
}

bool Socket::Send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(sent);
  }
  return true;
}

std::string Socket::Receive(size_t count) const {
  std::string bytes;
  std::string buffer(std::min<size_t>(count, 256 * 1024), '\0');
  while (bytes.size() < count) {
    const ssize_t got =
        recv(fd_.get(), buffer.data(), std::min(buffer.size(), count - bytes.size()), 0);
    EXPECT_FALSE(got < 0 && errno == EAGAIN) << "nothing came";
    if (got <= 0) break;
    bytes.append(buffer.data(), got);
  }
  return bytes;
}

void Socket::HalfClose() const { shutdown(fd_.get(), SHUT_WR); }

void Socket::Reset() {
  const linger now{1, 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  fd_.reset();
}

uint16_t Socket::LocalPort() const { return PortOf(fd_.get()); }

TestServer::TestServer(Behaviour behaviour) : behaviour_(std::move(behaviour)) {
  listener_ = Listen(port_, SOCK_NONBLOCK);
  acceptor_ = std::thread([this] { Run(); });
}

TestServer::~TestServer() {
  stop_ = true;
  acceptor_.join();
  listener_.reset();
  for (auto& thread : threads_) thread.join();
}

void TestServer::Run() {
  while (!stop_) {
    pollfd readable{listener_.get(), POLLIN, 0};
    if (poll(&readable, 1, 10) <= 0) continue;
    const int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    ++accepted_;
    threads_.emplace_back([this, fd] {
      Socket socket(fd);
      behaviour_(socket);
    });
  }
}

TestServer::Behaviour TestServer::Echo(const std::string& name) {
  return [name](Socket& socket) {
    if (!socket.Send(name + "\n")) return;
    char buffer[65536];
    for (;;) {
      const ssize_t got = recv(socket.fd(), buffer, sizeof buffer, 0);
      if (got <= 0 || !socket.Send({buffer, static_cast<size_t>(got)})) return;
    }
  };
}

uint16_t ClosedPort() {
  uint16_t port = 0;
  (void)Listen(port, 0);
  return port;
}

TestProxy::TestProxy(uint32_t max_sessions) : log_({.program = "test", .level = LogLevel::kError}) {
  signal(SIGPIPE, SIG_IGN);  // as the runtime does
  watch_ = log_.Watch([this](const LogEntry& entry) {
    if (entry.level != LogLevel::kAccess) return;
    const std::lock_guard lock(mutex_);
    access_lines_.push_back(entry.text);
  });
  engine_ = std::make_unique<Engine>(log_, max_sessions);
  snapshot.set_threads(2);
  snapshot.set_access_log(true);
  AddService("imap");
}

worker::v1::VirtualService& TestProxy::AddService(const std::string& name) {
  uint16_t port = 0;
  UniqueFd socket = Listen(port, SOCK_NONBLOCK);
  sockets_[port] = std::move(socket);
  auto& added = *snapshot.add_services();
  added.set_name(name);
  added.set_balance(worker::v1::BALANCE_ROUND_ROBIN);
  added.set_idle_timeout_ms(60'000);
  added.set_connect_timeout_ms(5'000);
  added.set_queue_timeout_ms(20'000);
  added.set_retries(3);
  auto& listener = *added.add_listeners();
  listener.set_address("127.0.0.1");
  listener.set_port(port);
  return added;
}

worker::v1::Server& TestProxy::AddServer(const std::string& name, uint16_t port, int service) {
  auto& server = *this->service(service).add_servers();
  server.set_name(name);
  server.set_address("127.0.0.1");
  server.set_port(port);
  server.set_weight(1);
  return server;
}

Result<> TestProxy::Prepare() {
  for (const auto& table : snapshot.stick_tables()) {
    UniqueFd& memory = memories_[table.name()];
    if (memory) continue;
    memory.reset(memfd_create("stick", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    EXPECT_EQ(ftruncate(memory.get(), StickMemoryBytes(table.max_entries())), 0);
    EXPECT_EQ(fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
  }
  const auto duplicate = [](const UniqueFd& fd) { return UniqueFd(fd ? dup(fd.get()) : -1); };
  return engine_->Prepare(
      snapshot, {[&](const std::string&, uint32_t port) { return duplicate(sockets_[port]); },
                 [&](const std::string& name) { return duplicate(memories_[name]); }});
}

void TestProxy::Apply() {
  const auto prepared = Prepare();
  ASSERT_TRUE(prepared) << prepared.error().message;
  engine_->Commit();
}

std::string TestProxy::Ask(int service) {
  const Socket client = Connect(service);
  std::string name;
  for (;;) {
    const std::string byte = client.Receive(1);
    if (byte.empty() || byte == "\n") break;
    name += byte;
  }
  client.HalfClose();
  (void)client.ReceiveToEnd();
  return name;
}

void TestProxy::SetCheck(const std::string& server, worker::v1::CheckState state, int service) {
  worker::v1::TargetStates states;
  auto& target = *states.add_targets();
  target.set_service(this->service(service).name());
  target.set_server(server);
  target.set_state(state);
  engine_->SetCheckStates(states);
}

worker::v1::ServiceStats TestProxy::Stats(int service) {
  worker::v1::GetStatsResponse stats;
  engine_->GetStats(stats);
  return stats.services(service);
}

worker::v1::ListSessionsResponse TestProxy::Sessions() {
  std::promise<worker::v1::ListSessionsResponse> listed;
  EXPECT_TRUE(engine_->ListSessions(
      {}, [&](worker::v1::ListSessionsResponse sessions) { listed.set_value(sessions); }));
  return listed.get_future().get();
}

uint64_t TestProxy::Cut() {
  std::promise<uint64_t> cut;
  engine_->CutSessions([&](uint64_t count) { cut.set_value(count); });
  return cut.get_future().get();
}

void TestProxy::StopListening() {
  std::promise<void> stopped;
  engine_->StopListening([&] { stopped.set_value(); });
  stopped.get_future().wait();
}

bool TestProxy::Eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

std::vector<std::string> TestProxy::AccessLines() const {
  const std::lock_guard lock(mutex_);
  return access_lines_;
}

}  // namespace aloha::proxy
