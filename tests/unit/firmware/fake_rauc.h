// A system bus with RAUC on it, for this process alone. It answers what is asked of the status when
// a test says so, and the rest at once.
#ifndef ALOHA_TESTS_UNIT_FIRMWARE_FAKE_RAUC_H_
#define ALOHA_TESTS_UNIT_FIRMWARE_FAKE_RAUC_H_

#include <systemd/sd-bus.h>

#include <deque>
#include <memory>
#include <string>

#include "workers/runtime/unique_fd.h"

namespace aloha::supervisor {

class FakeRauc {
 public:
  // Its socket is in `folder`; DBUS_SYSTEM_BUS_ADDRESS names it from now on. One client.
  explicit FakeRauc(const std::string& folder);
  ~FakeRauc();
  FakeRauc(const FakeRauc&) = delete;
  FakeRauc& operator=(const FakeRauc&) = delete;

  // Handles what came.
  void Poll();

  // Questions for the status that wait for an answer.
  size_t asked() const { return asked_.size(); }
  // The oldest of them.
  void AnswerStatus(const char* operation);
  void SendCompleted(int result);
  // How often the slots were told.
  int told() const { return told_; }

 private:
  using Message = std::unique_ptr<sd_bus_message, decltype(&sd_bus_message_unref)>;

  static int OnMessage(sd_bus_message* message, void* self, sd_bus_error*);
  void Answer(sd_bus_message* call);
  Message AnswerTo(sd_bus_message* call);
  void Send(const Message& message);

  UniqueFd listener_;
  sd_bus* bus_ = nullptr;
  std::deque<Message> asked_;
  int told_ = 0;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_TESTS_UNIT_FIRMWARE_FAKE_RAUC_H_
