// What the tests of aloha-system share: a network of their own, other users, and the supervisor's
// side of a worker.
#ifndef ALOHA_TESTS_UNIT_SYSTEM_FIXTURE_H_
#define ALOHA_TESTS_UNIT_SYSTEM_FIXTURE_H_

#include <grpcpp/channel.h>
#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "worker/v1/descriptor.pb.h"
#include "worker/v1/roles.grpc.pb.h"
#include "worker/v1/worker.grpc.pb.h"
#include "workers/runtime/unique_fd.h"
#include "workers/system/binder.h"

namespace aloha::system {

inline constexpr uid_t kNobody = 65534;

#define SKIP_UNLESS_ROOT() \
  if (geteuid() != 0)      \
  GTEST_SKIP() << "needs root: makes a network namespace and becomes another user"

// Puts the calling thread, and what it starts, into an empty network with a loopback interface.
// Needs root.
class OwnNetwork {
 public:
  OwnNetwork();
  ~OwnNetwork();

 private:
  UniqueFd before_;
};

// Runs `body` on a thread that belongs to that user and has no capability. Needs root.
void AsUser(uid_t user, const std::function<void()>& body);

// A folder that goes with everything in it; others may enter it.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

// A port of 127.0.0.1 and ::1 that nobody uses now.
uint32_t FreePort();
// Whether something accepts there.
bool Connects(const Endpoint& endpoint);
// The address a socket is bound to, "127.0.0.1:143"; with " listening" when it listens.
std::string Describe(int socket);

// "Name:" of /proc/PID/status; empty when there is none.
std::string ProcessStatus(pid_t pid, const std::string& name);
// The descriptors that a process has open.
std::vector<int> OpenDescriptors(pid_t pid);

// What a supervisor prepares for a worker: the control socket and the journal.
struct WorkerFiles {
  WorkerFiles();
  TempFolder folder;
  UniqueFd control, journal;
};

// The supervisor's end of a running worker.
class Supervision {
 public:
  // Attaches to the worker that serves `files`. send_buffer: of the worker's end of the descriptor
  // channel; 0: default.
  explicit Supervision(const WorkerFiles& files, int send_buffer = 0);

  worker::v1::GetInfoResponse GetInfo();
  grpc::Status Bind(const std::vector<Endpoint>& endpoints);
  grpc::Status Bind(const worker::v1::BindRequest& request);
  grpc::Status Prepare(uint64_t generation, const std::vector<Endpoint>& endpoints);
  grpc::Status PrepareSnapshot(uint64_t generation, const worker::v1::SystemSnapshot& snapshot);
  grpc::Status Commit(uint64_t generation);
  grpc::Status Abort();
  grpc::Status Drain(uint32_t* cut);
  std::unique_ptr<grpc::ClientReader<worker::v1::LogLine>> WatchLog(grpc::ClientContext* call,
                                                                    uint32_t backlog, bool follow);
  // Hands a duplicate over.
  void HandOver(const Endpoint& endpoint, int socket);
  void HandOver(const worker::v1::Descriptor& name, int socket);
  // The listeners that the worker has sent by now.
  std::map<Endpoint, UniqueFd> ReceiveListeners();
  // Everything that it has sent by now.
  std::vector<std::pair<worker::v1::Descriptor, UniqueFd>> Receive();

  int pid = 0;  // as the worker answered

 private:
  UniqueFd descriptors_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<worker::v1::Worker::Stub> worker_;
  std::unique_ptr<worker::v1::System::Stub> system_;
};

// aloha-system, started as the supervisor starts it; killed at the end.
class SystemProcess {
 public:
  explicit SystemProcess(const WorkerFiles& files, uid_t user = 0,
                         const std::string& binary = ALOHA_SYSTEM_BINARY);
  ~SystemProcess();
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

// A copy of the binary whose file has the three capabilities, as a package would install it.
std::string CopyWithFileCapabilities(const TempFolder& folder);

}  // namespace aloha::system

#endif  // ALOHA_TESTS_UNIT_SYSTEM_FIXTURE_H_
