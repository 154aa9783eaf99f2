// Starting worker processes and attaching to them. A fresh worker and one that an earlier
// supervisor left are reached the same way: through the control socket in the run folder.
#ifndef ALOHA_SUPERVISOR_PROCESS_H_
#define ALOHA_SUPERVISOR_PROCESS_H_

#include <grpcpp/channel.h>
#include <sys/types.h>

#include <asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/roles.h"
#include "worker/v1/worker.grpc.pb.h"
#include "workers/runtime/error.h"
#include "workers/runtime/packet.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::supervisor {

// One worker process that this supervisor is attached to.
struct Process {
  const Role* role = nullptr;
  pid_t pid = 0;
  UniqueFd pidfd;
  bool child = false;    // of this supervisor: its exit status can be had
  bool adopted = false;  // from an earlier supervisor
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<worker::v1::Worker::Stub> worker;
  UniqueFd descriptors;  // SOCK_SEQPACKET: descriptors to and from the worker
  worker::v1::GetInfoResponse info;
  bool ended = false;
  // Exit status as waitpid gives it, once known.
  int status = -1;
};

// The sockets and files of one worker in the run folder.
struct WorkerPaths {
  WorkerPaths(const std::string& run_dir, std::string_view role)
      : control(run_dir + "/workers/" + std::string(role) + ".sock"),
        journal(run_dir + "/workers/" + std::string(role) + ".log") {}
  std::string control;
  std::string journal;
};

// The program of a worker: beside the supervisor's own, else as installed; the former's path when
// it is nowhere.
std::string FindBinary(const std::string& binary_dir, std::string_view binary);

// What a fresh worker inherits.
struct Inheritance {
  UniqueFd control;
  UniqueFd journal;
};

// Makes the control socket, in place of any earlier one, and an empty journal.
Result<Inheritance> PrepareInheritance(const WorkerPaths& paths);

// Starts `binary` with the two descriptors and nothing else, in a process group of its own.
Result<pid_t> StartProcess(const std::string& binary, const std::vector<std::string>& arguments,
                           const Inheritance& inheritance);

// Connects to a control socket, passes fresh channels, and asks who answers. kUnavailable: nobody
// listens there.
asio::awaitable<Result<std::shared_ptr<Process>>> Attach(const Role& role,
                                                         const std::string& control_path);

// Waits until the process has ended, then notes its status where it can be had.
asio::awaitable<void> WaitForEnd(std::shared_ptr<Process> process);

// "signal 9 (Killed)", "exit code 1", "ended" when the status is not known.
std::string DescribeEnd(int status);

// The last lines of a journal.
std::vector<std::string> ReadJournal(const std::string& path, size_t lines);

// Which file would run now; compare with GetInfoResponse.binary_id.
std::string BinaryId(const std::string& path);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_PROCESS_H_
