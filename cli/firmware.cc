// alohactl firmware: updates of the appliance. The file goes to the supervisor in pieces.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <thread>

#include "admin/v1/admin.grpc.pb.h"
#include "admin/v1/firmware.grpc.pb.h"
#include "cli/command.h"
#include "cli/file.h"

namespace aloha::cli {
namespace {

using Stub = admin::Firmware::Stub;

constexpr size_t kPieceBytes = 256 << 10;
constexpr size_t kLongestName = 120;
constexpr std::chrono::milliseconds kPause{500};
constexpr int kMostUnreachable = 120;  // pauses: a supervisor that restarts comes back

struct Options {
  std::string file;
  bool allow_downgrade = false;
  bool reboot = false;
};

int Refuse(Client& client, const std::string& problem) {
  client.output().err() << "alohactl: " << problem << "\n";
  return kRefused;
}

// One line that is written over and over, on a terminal alone.
class Progress {
 public:
  explicit Progress(Output& output) : output_(output) {}
  ~Progress() { Clear(); }

  void Show(uint64_t percent, std::string_view what) {
    if (!output_.terminal()) return;
    output_.err() << fmt::format("\r\033[K{:3}% {}", percent, Printable(what)) << std::flush;
    shown_ = true;
  }
  void Clear() {
    if (std::exchange(shown_, false)) output_.err() << "\r\033[K" << std::flush;
  }

 private:
  Output& output_;
  bool shown_ = false;
};

Cell StateCell(const admin::FirmwareSlot& slot) {
  switch (slot.state()) {
    case admin::FirmwareSlot::GOOD:
      return {"good", Color::kGood};
    case admin::FirmwareSlot::BAD:
      return {"BAD", Color::kBad};
    case admin::FirmwareSlot::EMPTY:
      return "empty";
    default:
      return "unknown";
  }
}

void PrintState(Output& output, const admin::FirmwareState& state) {
  if (output.Structured(state)) return;
  if (state.updates() == admin::FirmwareState::PACKAGES) {
    output.out() << "Version " << Printable(state.version())
                 << ". This machine has no slots: apt updates its packages\n";
    return;
  }
  Table table({"SLOT", "BOOT NAME", "VERSION", "STATUS", "RUNS", "NEXT", "INSTALLED"});
  for (const admin::FirmwareSlot& slot : state.slots()) {
    table.Add({slot.name(), slot.boot_name(), slot.version().empty() ? "-" : slot.version(),
               StateCell(slot), slot.booted() ? "yes" : "", slot.next() ? "yes" : "",
               LocalTime(slot.installed_s() * 1'000'000)});
  }
  output.Write(table, "Nothing is known of the slots");
  if (!state.trouble().empty()) output.err() << Printable(state.trouble()) << "\n";
  if (state.has_installation()) {
    const admin::FirmwareInstallation& now = state.installation();
    output.out() << fmt::format("installing {}: {}% {}\n", Printable(now.version()),
                                now.progress_percent(), Printable(now.step()));
  }
  if (state.has_upload()) {
    output.out() << fmt::format("uploaded: {} of {}, {}\n", Bytes(state.upload().received_bytes()),
                                Bytes(state.upload().total_bytes()),
                                Printable(state.upload().source()));
  }
  if (state.has_result() && !state.result().succeeded()) {
    output.err() << "installation failed: " << Printable(state.result().error()) << "\n";
  }
}

int List(Client& client) {
  auto state = client.Call(&Stub::GetFirmware, admin::GetFirmwareRequest());
  if (!state) return client.Report(state.error());
  PrintState(client.output(), *state);
  return kDone;
}

// All bytes that `piece` has room for. The error is for people.
std::string ReadPiece(int fd, const std::string& path, uint64_t offset, std::string& piece) {
  size_t done = 0;
  while (done < piece.size()) {
    const ssize_t count =
        pread(fd, piece.data() + done, piece.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fmt::format("{}: {}", path, std::strerror(errno));
    if (count == 0) return fmt::format("{}: became shorter while it was read", path);
    done += static_cast<size_t>(count);
  }
  return {};
}

// From where an upload that was cut off ended.
int Upload(Client& client, const std::string& path, int fd, admin::UploadFirmwareRequest request) {
  auto state = client.Call(&Stub::GetFirmware, admin::GetFirmwareRequest());
  if (!state) return client.Report(state.error());
  const admin::FirmwareUpload& known = state->upload();
  uint64_t offset = 0;
  if (known.source() == request.source() && known.total_bytes() == request.total_bytes()) {
    offset = known.received_bytes();
  }
  Progress progress(client.output());
  while (offset < request.total_bytes()) {
    request.set_offset(offset);
    std::string& piece = *request.mutable_data();
    piece.resize(std::min<uint64_t>(kPieceBytes, request.total_bytes() - offset));
    if (std::string problem = ReadPiece(fd, path, offset, piece); !problem.empty()) {
      progress.Clear();
      return Refuse(client, problem);
    }
    auto taken = client.Call(&Stub::UploadFirmware, request);
    if (!taken) {
      progress.Clear();
      return client.Report(taken.error());
    }
    offset = taken->received_bytes();
    progress.Show(offset * 100 / request.total_bytes(), "uploaded");
  }
  return kDone;
}

// Tells the file from others, so that an upload can be gone on with.
std::string SourceOf(const std::string& path, const struct stat& about) {
  std::string name = path.substr(path.rfind('/') + 1);
  if (name.size() > kLongestName || !IsUtf8(name)) name = "update";
  return fmt::format("{}, {} bytes, {}.{:09}", Printable(name), about.st_size, about.st_mtim.tv_sec,
                     about.st_mtim.tv_nsec);
}

int UploadFile(Client& client, const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat about {};
  if (fd < 0 || fstat(fd, &about) != 0) {
    return Refuse(client, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  int code = kRefused;
  if (!S_ISREG(about.st_mode) || about.st_size == 0) {
    code = Refuse(client, fmt::format("{}: no file with an update", path));
  } else {
    admin::UploadFirmwareRequest request;
    request.set_total_bytes(static_cast<uint64_t>(about.st_size));
    request.set_source(SourceOf(path, about));
    code = Upload(client, path, fd, std::move(request));
  }
  close(fd);
  return code;
}

// Until the installation has ended; a supervisor that restarts meanwhile finds it again.
int Follow(Client& client) {
  Progress progress(client.output());
  for (int unreachable = 0;;) {
    std::this_thread::sleep_for(kPause);
    auto state = client.Call(&Stub::GetFirmware, admin::GetFirmwareRequest());
    if (!state && IsUnreachable(state.error()) && ++unreachable < kMostUnreachable) continue;
    if (!state) {
      progress.Clear();
      return client.Report(state.error());
    }
    unreachable = 0;
    if (state->has_installation()) {
      progress.Show(state->installation().progress_percent(), state->installation().step());
      continue;
    }
    progress.Clear();
    PrintState(client.output(), *state);
    return state->result().succeeded() ? kDone : kRefused;
  }
}

int Install(Client& client, const Options& options) {
  if (const int code = UploadFile(client, options.file); code != kDone) return code;
  admin::InstallFirmwareRequest request;
  request.set_allow_downgrade(options.allow_downgrade);
  auto begun = client.Call(&Stub::InstallFirmware, request);
  if (!begun) return client.Report(begun.error());
  if (client.output().format() == Format::kTable) PrintEvent(client.output(), begun->event());
  if (const int code = Follow(client); code != kDone || !options.reboot) return code;
  auto reboot = client.Call(&admin::System::Stub::RebootSystem, admin::RebootSystemRequest());
  if (!reboot) return client.Report(reboot.error());
  if (client.output().format() == Format::kTable) PrintEvent(client.output(), reboot->event());
  return kDone;
}

int Rollback(Client& client) {
  auto done = client.Call(&Stub::RollbackFirmware, admin::RollbackFirmwareRequest());
  if (!done) return client.Report(done.error());
  return PrintChange(client, *done);
}

}  // namespace

void AddFirmware(Command& command) {
  CLI::App* noun = command.Noun("firmware", "Updates of the appliance: two slots, one runs",
                                "alohactl firmware install aloha.raucb --reboot");
  command.Verb(noun, "list", "Slots, their versions, which runs and which boots next", List);
  auto options = std::make_shared<Options>();
  CLI::App* install = command.Verb(noun, "install", "Write an update to the slot that does not run",
                                   [options](Client& client) { return Install(client, *options); });
  install->add_option("FILE", options->file, "The update file")->required();
  install->add_flag("--allow-downgrade", options->allow_downgrade,
                    "Also the version that runs, and older ones");
  install->add_flag("--reboot", options->reboot, "Restart the machine when it is installed");
  command.Verb(noun, "rollback", "Boot the other slot at the next restart", Rollback);
}

}  // namespace aloha::cli
