#include "tests/unit/support/spawned_worker.h"

#include <fcntl.h>
#include <grpcpp/create_channel_posix.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "workers/runtime/inherited.h"
#include "workers/runtime/packet.h"

namespace aloha {
namespace {

// Binds or connects a SOCK_SEQPACKET socket at that path.
UniqueFd PathSocket(const std::string& path, int (*act)(int, const sockaddr*, socklen_t)) {
  UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  EXPECT_EQ(act(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

pid_t Spawn(const std::string& program, const std::vector<std::string>& arguments, int control,
            int journal) {
  std::string name = std::filesystem::path(program).filename();
  std::vector<char*> all = {name.data(), const_cast<char*>("--log-level"),
                            const_cast<char*>("warning")};
  for (const std::string& argument : arguments) all.push_back(const_cast<char*>(argument.c_str()));
  all.push_back(nullptr);
  const pid_t pid = fork();
  if (pid != 0) return pid;
  // Out of the way first: one may have the other's number.
  const int high_control = fcntl(control, F_DUPFD, 10), high_journal = fcntl(journal, F_DUPFD, 10);
  dup2(high_control, kControlDescriptor);
  dup2(high_journal, kJournalDescriptor);
  close(high_control);
  close(high_journal);
  execv(program.c_str(), all.data());
  _exit(127);
}

}  // namespace

SpawnedWorker::SpawnedWorker(const std::string& program,
                             const std::vector<std::string>& arguments) {
  char folder[] = "/tmp/aloha-worker-test-XXXXXX";
  EXPECT_NE(mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/control";
  const UniqueFd control = PathSocket(path, bind);
  const UniqueFd journal(memfd_create("journal", MFD_CLOEXEC));
  EXPECT_EQ(listen(control.get(), 8), 0);
  pid_ = Spawn(program, arguments, control.get(), journal.get());
  Attach(path);
  std::filesystem::remove_all(folder);
}

SpawnedWorker::~SpawnedWorker() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void SpawnedWorker::Attach(const std::string& path) {
  const UniqueFd control = PathSocket(path, connect);
  Result<SocketPair> calls = MakeSocketPair(SOCK_STREAM);
  Result<SocketPair> descriptors = MakeSocketPair(SOCK_SEQPACKET);
  ASSERT_TRUE(calls && descriptors);
  worker::v1::Attach attach;
  attach.set_supervisor_pid(getpid());
  const int theirs[] = {calls->theirs.get(), descriptors->theirs.get()};
  ASSERT_TRUE(SendPacket(control.get(), attach.SerializeAsString(), theirs));
  channel_ = grpc::CreateInsecureChannelFromFd("worker", calls->ours.release());
  worker_ = worker::v1::Worker::NewStub(channel_);
  descriptors_ = std::move(descriptors->ours);
  pollfd answer{control.get(), POLLIN, 0};
  ASSERT_EQ(poll(&answer, 1, 20'000), 1) << "the worker did not answer";
}

std::unique_ptr<grpc::ClientContext> SpawnedWorker::Call() {
  auto call = std::make_unique<grpc::ClientContext>();
  call->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  return call;
}

grpc::Status SpawnedWorker::Use(worker::v1::Snapshot snapshot) {
  worker::v1::PrepareSnapshotRequest prepare;
  snapshot.set_generation(++generation_);
  *prepare.mutable_snapshot() = std::move(snapshot);
  worker::v1::PrepareSnapshotResponse prepared;
  const grpc::Status status = worker_->PrepareSnapshot(Call().get(), prepare, &prepared);
  if (!status.ok()) return status;
  worker::v1::CommitSnapshotRequest commit;
  commit.set_generation(generation_);
  worker::v1::CommitSnapshotResponse committed;
  return worker_->CommitSnapshot(Call().get(), commit, &committed);
}

void SpawnedWorker::Give(const worker::v1::Descriptor& name, int descriptor) {
  worker::v1::Descriptors names;
  *names.add_descriptors() = name;
  const int descriptors[] = {descriptor};
  EXPECT_TRUE(SendPacket(descriptors_.get(), names.SerializeAsString(), descriptors));
}

UniqueFd SpawnedWorker::GivePeer(const std::string& role) {
  Result<SocketPair> pair = MakeSocketPair(SOCK_SEQPACKET);
  EXPECT_TRUE(pair);
  worker::v1::Descriptor name;
  name.set_peer_role(role);
  Give(name, pair->theirs.get());
  return std::move(pair->ours);
}

}  // namespace aloha
