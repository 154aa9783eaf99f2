#include "tests/unit/firmware/fake_rauc.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <string_view>

namespace aloha::supervisor {
namespace {

constexpr char kName[] = "de.pengutronix.rauc", kInstaller[] = "de.pengutronix.rauc.Installer";

}  // namespace

FakeRauc::FakeRauc(const std::string& folder)
    : listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  const std::string path = folder + "/bus";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(listener_.get(), 1) != 0) {
    abort();
  }
  setenv("DBUS_SYSTEM_BUS_ADDRESS", ("unix:path=" + path).c_str(), 1);
}

FakeRauc::~FakeRauc() {
  asked_.clear();
  sd_bus_close_unref(bus_);
}

void FakeRauc::Poll() {
  if (bus_ == nullptr) {
    const int client = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) return;
    if (sd_bus_new(&bus_) < 0 || sd_bus_set_fd(bus_, client, client) < 0 ||
        sd_bus_set_server(bus_, 1, sd_id128_t{{1}}) < 0 ||
        sd_bus_add_filter(bus_, nullptr, OnMessage, this) < 0 || sd_bus_start(bus_) < 0) {
      abort();
    }
  }
  while (sd_bus_process(bus_, nullptr) > 0) {
  }
}

int FakeRauc::OnMessage(sd_bus_message* message, void* self, sd_bus_error*) {
  if (sd_bus_message_is_method_call(message, nullptr, nullptr) <= 0) return 0;
  static_cast<FakeRauc*>(self)->Answer(message);
  return 1;
}

void FakeRauc::Answer(sd_bus_message* call) {
  const std::string_view method = sd_bus_message_get_member(call);
  if (method == "GetAll") {
    asked_.emplace_back(sd_bus_message_ref(call), sd_bus_message_unref);
    return;
  }
  const Message answer = AnswerTo(call);
  if (method == "Hello") {
    sd_bus_message_append(answer.get(), "s", ":1.1");
  } else if (method == "GetSlotStatus") {
    sd_bus_message_append(answer.get(), "a(sa{sv})", 1, "rootfs.0", 2, "bootname", "s", "A",
                          "state", "s", "booted");
  } else if (method == "GetPrimary") {
    sd_bus_message_append(answer.get(), "s", "rootfs.0");
    ++told_;
  }
  Send(answer);
}

FakeRauc::Message FakeRauc::AnswerTo(sd_bus_message* call) {
  sd_bus_message* answer = nullptr;
  if (sd_bus_message_new_method_return(call, &answer) < 0) abort();
  return {answer, sd_bus_message_unref};
}

void FakeRauc::Send(const Message& message) {
  if (sd_bus_message_set_sender(message.get(), kName) < 0 ||
      sd_bus_send(bus_, message.get(), nullptr) < 0) {
    abort();
  }
}

void FakeRauc::AnswerStatus(const char* operation) {
  const Message answer = AnswerTo(asked_.at(0).get());
  asked_.pop_front();
  sd_bus_message_append(answer.get(), "a{sv}", 3, "Operation", "s", operation, "LastError", "s", "",
                        "Compatible", "s", "aloha-appliance");
  Send(answer);
}

void FakeRauc::SendCompleted(int result) {
  sd_bus_message* raw = nullptr;
  if (sd_bus_message_new_signal(bus_, &raw, "/", kInstaller, "Completed") < 0) abort();
  const Message signal(raw, sd_bus_message_unref);
  sd_bus_message_append(signal.get(), "i", result);
  Send(signal);
}

}  // namespace aloha::supervisor
