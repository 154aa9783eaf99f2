#include "supervisor/machine/hardware.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/supervisor/temporary_folder.h"

namespace aloha::supervisor {
namespace {

constexpr char kMachineId[] = "0123456789abcdef0123456789abcdef\n";

class HardwareTest : public testing::Test {
 protected:
  HardwareTest() {
    for (const char* folder : {"sys/class/dmi/id", "sys/class/net", "etc"}) Make(folder);
  }

  void Make(const std::string& folder) const {
    std::filesystem::create_directories(root_.path() + "/" + folder);
  }
  void AddInterface(const std::string& name, const std::string& index, const std::string& address,
                    bool physical, const std::string& type = "1") const {
    const std::string folder = "sys/class/net/" + name;
    Make(folder + (physical ? "/device" : ""));
    root_.Write(folder + "/ifindex", index + "\n");
    root_.Write(folder + "/address", address + "\n");
    root_.Write(folder + "/type", type + "\n");
  }
  Hardware Read() const { return ReadHardware(root_.path()); }

  TemporaryFolder root_;
};

TEST_F(HardwareTest, NothingIsKnownWhereNothingTells) {
  const Hardware hardware = ReadHardware("/nonexistent");
  EXPECT_EQ(hardware.model + hardware.uuid + hardware.ethid, "");
  EXPECT_EQ(hardware.firmware_revision + hardware.firmware_date + hardware.operating_system, "");
}

TEST_F(HardwareTest, TheFirmwareTellsModelAndUuid) {
  root_.Write("sys/class/dmi/id/sys_vendor", "QEMU\n");
  root_.Write("sys/class/dmi/id/product_name", "Standard PC (i440FX + PIIX, 1996)  \n");
  root_.Write("sys/class/dmi/id/product_uuid", "dd89b276-4d8b-a840-8ce4-05518880fc66\n");
  root_.Write("etc/machine-id", kMachineId);
  EXPECT_EQ(Read().model, "QEMU Standard PC (i440FX + PIIX, 1996)");
  EXPECT_EQ(Read().uuid, "DD89B2764D8BA8408CE405518880FC66");
  root_.Write("sys/class/dmi/id/product_name", "QEMU Virtual Machine\n");
  EXPECT_EQ(Read().model, "QEMU Virtual Machine");
}

TEST_F(HardwareTest, ElseTheUuidIsMadeOfTheMachineIdWhichItDoesNotShow) {
  root_.Write("etc/machine-id", kMachineId);
  const std::string uuid = Read().uuid;
  EXPECT_EQ(uuid.size(), 32u);
  EXPECT_EQ(uuid.find("0123456789ABCDEF"), std::string::npos);
  EXPECT_EQ(Read().uuid, uuid);
  for (const char* unset : {"00000000-0000-0000-0000-000000000000\n", "Not Settable\n",
                            "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF\n"}) {
    root_.Write("sys/class/dmi/id/product_uuid", unset);
    EXPECT_EQ(Read().uuid, uuid) << unset;
  }
  root_.Write("etc/machine-id", "uninitialized\n");
  EXPECT_EQ(Read().uuid, "");
}

TEST_F(HardwareTest, TheFirstNetworkCardTellsEthid) {
  AddInterface("lo", "1", "00:00:00:00:00:00", false, "772");
  AddInterface("bond0", "2", "02:00:00:00:00:02", false);
  AddInterface("ib0", "3", "00:15:5d:00:0a:01", true, "32");
  AddInterface("eth1", "12", "00:15:5d:00:0a:12", true);
  AddInterface("eth0", "4", "00:15:5d:00:0a:48", true);
  EXPECT_EQ(Read().ethid, "00155D000A48");
}

TEST_F(HardwareTest, AnImageTellsItsRevision) {
  root_.Write("etc/os-release",
              "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nIMAGE_ID=aloha\n"
              "IMAGE_VERSION=1010\nBUILD_ID='2026-12-01'\n");
  EXPECT_EQ(Read().operating_system, "Debian GNU/Linux 12 (bookworm)");
  EXPECT_EQ(Read().firmware_revision, "1010");
  EXPECT_EQ(Read().firmware_date, "2026-12-01");
}

}  // namespace
}  // namespace aloha::supervisor
