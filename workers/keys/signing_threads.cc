#include "workers/keys/signing_threads.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "workers/runtime/packet.h"

namespace aloha::keys {
namespace {

// Requests that wait in memory; what more there is waits in the channel.
constexpr size_t kMaxQueued = 1024;
// Requests that one thread takes at a time, so that the first answer is not long in coming.
constexpr size_t kMaxBatch = 16;
// Of one packet of answers, below kMaxPacketBytes by more than the largest answer.
constexpr size_t kPacketBytes = 60 * 1024;

int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void Await(int socket, short events) {
  pollfd wait{.fd = socket, .events = events, .revents = 0};
  poll(&wait, 1, -1);
}

}  // namespace

SigningThreads::SigningThreads(Signer& signer, size_t count) : signer_(signer), count_(count) {
  for (size_t i = 0; i < count; ++i) threads_.emplace_back([this] { Run(); });
}

SigningThreads::~SigningThreads() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    End();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

size_t SigningThreads::DefaultCount() {
  return std::clamp<size_t>(std::thread::hardware_concurrency(), 1, 4);
}

void SigningThreads::Connect(UniqueFd socket) {
  {
    const std::lock_guard lock(mutex_);
    End();
    channel_ = std::make_shared<const UniqueFd>(std::move(socket));
  }
  changed_.notify_all();
}

void SigningThreads::End() {
  if (!channel_) return;
  shutdown(channel_->get(), SHUT_RDWR);
  channel_.reset();
}

void SigningThreads::Run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (!queue_.empty()) {
      const std::vector<Work> batch = Take();
      lock.unlock();
      SignAndAnswer(batch);
      lock.lock();
    } else if (channel_ && !leading_) {
      leading_ = true;
      Lead(lock);
      leading_ = false;
      changed_.notify_all();
    } else {
      changed_.wait(lock);
    }
  }
}

void SigningThreads::Lead(std::unique_lock<std::mutex>& lock) {
  const Channel channel = channel_;
  std::deque<Work> requests;
  lock.unlock();
  Await(channel->get(), POLLIN);
  const bool open = Read(channel, requests);
  lock.lock();
  queue_ = std::move(requests);
  if (!open && channel_ == channel) channel_.reset();
}

bool SigningThreads::Read(const Channel& channel, std::deque<Work>& requests) {
  while (requests.size() < kMaxQueued) {
    const Result<Packet> packet = ReceivePacket(channel->get());
    if (!packet && packet.error().code == Code::kResourceExhausted) return true;
    if (!packet && packet.error().code != Code::kInvalidArgument) return false;
    handoff::v1::SignRequests parsed;
    if (!packet || !packet->descriptors.empty() || !parsed.ParseFromString(packet->payload)) {
      signer_.CountMalformed(NowNs());
      continue;
    }
    for (handoff::v1::SignRequest& request : *parsed.mutable_requests())
      requests.push_back({channel, std::move(request)});
  }
  return true;
}

std::vector<SigningThreads::Work> SigningThreads::Take() {
  const size_t share = std::min((queue_.size() + count_ - 1) / count_, kMaxBatch);
  std::vector<Work> batch;
  while (batch.size() < share) {
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return batch;
}

void SigningThreads::SignAndAnswer(const std::vector<Work>& batch) {
  const Channel& channel = batch.front().channel;
  handoff::v1::SignResponses responses;
  size_t bytes = 0;
  for (const Work& work : batch) {
    handoff::v1::SignResponse response = signer_.Answer(work.request, NowNs());
    const size_t size = response.ByteSizeLong() + 8;  // with its tag and length
    if (bytes + size > kPacketBytes) {
      if (!Send(channel, responses)) return;
      responses.Clear();
      bytes = 0;
    }
    bytes += size;
    *responses.add_responses() = std::move(response);
  }
  Send(channel, responses);
}

bool SigningThreads::Send(const Channel& channel, const handoff::v1::SignResponses& responses) {
  const std::string payload = responses.SerializeAsString();
  while (true) {
    const Result<> sent = SendPacket(channel->get(), payload);
    if (sent) return true;
    if (sent.error().code != Code::kResourceExhausted) return false;
    Await(channel->get(), POLLOUT);
  }
}

}  // namespace aloha::keys
