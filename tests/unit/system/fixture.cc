#include "tests/unit/system/fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grpcpp/create_channel_posix.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "workers/runtime/descriptors.h"
#include "workers/runtime/packet.h"

namespace aloha::system {
namespace v1 = worker::v1;
namespace {

std::unique_ptr<grpc::ClientContext> Call() {
  auto call = std::make_unique<grpc::ClientContext>();
  call->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  return call;
}

void AddListeners(const std::vector<Endpoint>& endpoints,
                  google::protobuf::RepeatedPtrField<v1::Listener>* listeners) {
  for (const Endpoint& endpoint : endpoints) {
    v1::Listener* listener = listeners->Add();
    listener->set_address(endpoint.address);
    listener->set_port(endpoint.port);
  }
}

sockaddr_un ControlAddress(const WorkerFiles& files) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (files.folder / "control").copy(address.sun_path, sizeof(address.sun_path) - 1);
  return address;
}

socklen_t ToSocketAddress(const Endpoint& endpoint, sockaddr_storage& out) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out);
  if (inet_pton(AF_INET, endpoint.address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<uint16_t>(endpoint.port));
    return sizeof(*v4);
  }
  inet_pton(AF_INET6, endpoint.address.c_str(), &v6->sin6_addr);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(static_cast<uint16_t>(endpoint.port));
  return sizeof(*v6);
}

}  // namespace

OwnNetwork::OwnNetwork() : before_(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
  if (unshare(CLONE_NEWNET) != 0) std::perror("unshare CLONE_NEWNET");
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq loopback{};
  std::strcpy(loopback.ifr_name, "lo");
  loopback.ifr_flags = IFF_UP;
  if (ioctl(socket.get(), SIOCSIFFLAGS, &loopback) != 0) std::perror("lo up");
}

OwnNetwork::~OwnNetwork() { setns(before_.get(), CLONE_NEWNET); }

void AsUser(uid_t user, const std::function<void()>& body) {
  // The bare system call changes this thread alone; glibc's function would change the process.
  std::thread([&] {
    ASSERT_EQ(syscall(SYS_setresuid, user, user, user), 0);
    body();
  }).join();
}

TempFolder::TempFolder() {
  char path[] = "/tmp/aloha-system-test-XXXXXX";
  path_ = mkdtemp(path);
  chmod(path, 0755);
}

TempFolder::~TempFolder() { std::filesystem::remove_all(path_); }

uint32_t FreePort() {
  for (;;) {
    const UniqueFd probe(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;  // any, and IPv4 with it
    socklen_t length = sizeof(address);
    if (bind(probe.get(), reinterpret_cast<sockaddr*>(&address), length) == 0 &&
        getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0) {
      return ntohs(address.sin6_port);
    }
  }
}

bool Connects(const Endpoint& endpoint) {
  sockaddr_storage address{};
  const socklen_t length = ToSocketAddress(endpoint, address);
  const UniqueFd client(socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(client.get(), reinterpret_cast<sockaddr*>(&address), length) == 0;
}

std::string Describe(int socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) return "no socket";
  char text[INET6_ADDRSTRLEN] = "";
  Endpoint endpoint;
  if (address.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<sockaddr_in*>(&address);
    endpoint.address = inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
    endpoint.port = ntohs(v4->sin_port);
  } else {
    const auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
    endpoint.address = inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
    endpoint.port = ntohs(v6->sin6_port);
  }
  int listening = 0;
  length = sizeof(listening);
  getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length);
  return ToString(endpoint) + (listening ? " listening" : "");
}

std::string ProcessStatus(pid_t pid, const std::string& name) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  }
  return {};
}

std::vector<int> OpenDescriptors(pid_t pid) {
  std::vector<int> open;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    open.push_back(std::stoi(entry.path().filename()));
  }
  std::sort(open.begin(), open.end());
  return open;
}

WorkerFiles::WorkerFiles()
    : control(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      journal(open((folder / "journal").c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  const sockaddr_un address = ControlAddress(*this);
  if (bind(control.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(control.get(), 8) != 0) {
    std::perror("control socket");
  }
}

Supervision::Supervision(const WorkerFiles& files, int send_buffer) {
  const UniqueFd control(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const sockaddr_un address = ControlAddress(files);
  EXPECT_EQ(connect(control.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            0);
  Result<SocketPair> grpc_pair = MakeSocketPair(SOCK_STREAM);
  Result<SocketPair> descriptor_pair = MakeSocketPair(SOCK_SEQPACKET);
  if (send_buffer > 0) {
    setsockopt(descriptor_pair->theirs.get(), SOL_SOCKET, SO_SNDBUF, &send_buffer,
               sizeof(send_buffer));
  }
  v1::Attach attach;
  attach.set_supervisor_pid(getpid());
  const int descriptors[] = {grpc_pair->theirs.get(), descriptor_pair->theirs.get()};
  EXPECT_TRUE(SendPacket(control.get(), attach.SerializeAsString(), descriptors));
  pollfd wait{.fd = control.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&wait, 1, 10'000), 1) << "the worker does not answer";
  v1::Attached attached;
  if (const auto packet = ReceivePacket(control.get())) attached.ParseFromString(packet->payload);
  pid = attached.pid();
  descriptors_ = std::move(descriptor_pair->ours);
  channel_ = grpc::CreateInsecureChannelFromFd("worker", grpc_pair->ours.release());
  worker_ = v1::Worker::NewStub(channel_);
  system_ = v1::System::NewStub(channel_);
}

v1::GetInfoResponse Supervision::GetInfo() {
  v1::GetInfoResponse response;
  const grpc::Status status = worker_->GetInfo(Call().get(), {}, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

grpc::Status Supervision::Bind(const std::vector<Endpoint>& endpoints) {
  v1::BindRequest request;
  AddListeners(endpoints, request.mutable_listeners());
  return Bind(request);
}

grpc::Status Supervision::Bind(const v1::BindRequest& request) {
  v1::BindResponse response;
  return system_->Bind(Call().get(), request, &response);
}

grpc::Status Supervision::Prepare(uint64_t generation, const std::vector<Endpoint>& endpoints) {
  v1::SystemSnapshot snapshot;
  AddListeners(endpoints, snapshot.mutable_listeners());
  return PrepareSnapshot(generation, snapshot);
}

grpc::Status Supervision::PrepareSnapshot(uint64_t generation, const v1::SystemSnapshot& snapshot) {
  v1::PrepareSnapshotRequest request;
  request.mutable_snapshot()->set_generation(generation);
  *request.mutable_snapshot()->mutable_system() = snapshot;
  v1::PrepareSnapshotResponse response;
  return worker_->PrepareSnapshot(Call().get(), request, &response);
}

grpc::Status Supervision::Commit(uint64_t generation) {
  v1::CommitSnapshotRequest request;
  request.set_generation(generation);
  v1::CommitSnapshotResponse response;
  return worker_->CommitSnapshot(Call().get(), request, &response);
}

grpc::Status Supervision::Abort() {
  v1::AbortSnapshotResponse response;
  return worker_->AbortSnapshot(Call().get(), {}, &response);
}

grpc::Status Supervision::Drain(uint32_t* cut) {
  v1::DrainResponse response;
  v1::DrainRequest request;
  request.set_timeout_ms(60'000);
  const grpc::Status status = worker_->Drain(Call().get(), request, &response);
  *cut = response.cut();
  return status;
}

std::unique_ptr<grpc::ClientReader<v1::LogLine>> Supervision::WatchLog(grpc::ClientContext* call,
                                                                       uint32_t backlog,
                                                                       bool follow) {
  v1::WatchLogRequest request;
  request.set_backlog(backlog);
  request.set_follow(follow);
  return worker_->WatchLog(call, request);
}

void Supervision::HandOver(const Endpoint& endpoint, int socket) {
  HandOver(NameListener(endpoint.address, endpoint.port), socket);
}

void Supervision::HandOver(const v1::Descriptor& name, int socket) {
  const NamedDescriptor named{name, socket};
  EXPECT_TRUE(SendDescriptors(descriptors_.get(), std::span(&named, 1)));
}

std::map<Endpoint, UniqueFd> Supervision::ReceiveListeners() {
  std::map<Endpoint, UniqueFd> listeners;
  for (auto& [name, socket] : Receive())
    listeners[{name.listener().address(), name.listener().port()}] = std::move(socket);
  return listeners;
}

std::vector<std::pair<v1::Descriptor, UniqueFd>> Supervision::Receive() {
  std::vector<std::pair<v1::Descriptor, UniqueFd>> received;
  for (;;) {
    Result<Packet> packet = ReceivePacket(descriptors_.get());
    if (!packet) return received;
    v1::Descriptors names;
    EXPECT_TRUE(names.ParseFromString(packet->payload));
    EXPECT_EQ(static_cast<size_t>(names.descriptors_size()), packet->descriptors.size());
    for (int i = 0; i < names.descriptors_size(); ++i) {
      received.emplace_back(names.descriptors(i),
                            std::move(packet->descriptors[static_cast<size_t>(i)]));
    }
  }
}

SystemProcess::SystemProcess(const WorkerFiles& files, uid_t user, const std::string& binary) {
  // All that allocates comes before fork: gRPC's threads may hold the allocator's lock.
  const int control = files.control.get(), journal = files.journal.get();
  pid_ = fork();
  if (pid_ != 0) return;
  const int high_control = fcntl(control, F_DUPFD, 10), high_journal = fcntl(journal, F_DUPFD, 10);
  dup2(high_control, 3);
  dup2(high_journal, 4);
  close_range(5, ~0U, 0);
  if (user != 0 && (setresgid(user, user, user) != 0 || setresuid(user, user, user) != 0))
    _exit(126);
  execl(binary.c_str(), binary.c_str(), "--log-level", "debug", nullptr);
  _exit(127);
}

SystemProcess::~SystemProcess() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::string CopyWithFileCapabilities(const TempFolder& folder) {
  const std::string copy = folder / "aloha-system";
  std::filesystem::copy_file(ALOHA_SYSTEM_BINARY, copy);
  cap_t capabilities = cap_from_text("cap_net_bind_service,cap_net_admin,cap_net_raw=p");
  EXPECT_EQ(cap_set_file(copy.c_str(), capabilities), 0);
  cap_free(capabilities);
  return copy;
}

}  // namespace aloha::system
