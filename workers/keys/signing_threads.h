// The threads that sign, and the channel that they serve: to aloha-tls or another worker.
#ifndef ALOHA_WORKERS_KEYS_SIGNING_THREADS_H_
#define ALOHA_WORKERS_KEYS_SIGNING_THREADS_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "handoff/v1/handoff.pb.h"
#include "workers/keys/signer.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::keys {

// Leader and followers: of the threads that have nothing to sign one waits at the channel, reads
// every packet there is, and the requests are shared out. A thread answers what it took in as few
// packets as hold it. While answers find the channel full, the threads wait for room and read
// nothing, so that a slow worker is pushed back.
class SigningThreads {
 public:
  // The signer outlives the threads. count: at least 1.
  SigningThreads(Signer& signer, size_t count);
  ~SigningThreads();  // ends them
  SigningThreads(const SigningThreads&) = delete;
  SigningThreads& operator=(const SigningThreads&) = delete;

  // One per core, at most 4.
  static size_t DefaultCount();

  // Serves this channel (SOCK_SEQPACKET) from now on and closes the one before. Any thread.
  void Connect(UniqueFd socket);

 private:
  using Channel = std::shared_ptr<const UniqueFd>;
  struct Work {
    Channel channel;
    handoff::v1::SignRequest request;
  };

  void Run();
  // Waits at the channel and fills the queue; the lock is not held meanwhile.
  void Lead(std::unique_lock<std::mutex>& lock);
  // What waits in the channel. False: it has ended.
  bool Read(const Channel& channel, std::deque<Work>& requests);
  // A fair share of the queue, for one thread; all of one channel.
  std::vector<Work> Take();
  void SignAndAnswer(const std::vector<Work>& batch);
  // Waits for room where there is none. False: the channel has ended.
  bool Send(const Channel& channel, const handoff::v1::SignResponses& responses);
  // Ends the channel for every thread that waits at it. With the lock.
  void End();

  Signer& signer_;
  const size_t count_;

  std::mutex mutex_;
  std::condition_variable changed_;
  Channel channel_;
  std::deque<Work> queue_;
  bool leading_ = false;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_SIGNING_THREADS_H_
