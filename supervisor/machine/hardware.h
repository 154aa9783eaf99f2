// What the machine and the system on it are called.
#ifndef ALOHA_SUPERVISOR_MACHINE_HARDWARE_H_
#define ALOHA_SUPERVISOR_MACHINE_HARDWARE_H_

#include <string>

namespace aloha::supervisor {

// As aloha.admin.v1.SystemInfo has them; what nothing tells is empty.
struct Hardware {
  std::string model, uuid, ethid;
  std::string firmware_revision, firmware_date, operating_system;
};

// Reads /sys/class/dmi/id, /sys/class/net and /etc; `root`: what stands before these paths.
Hardware ReadHardware(const std::string& root = "");

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_MACHINE_HARDWARE_H_
