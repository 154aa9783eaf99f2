#include "supervisor/admin/system_api.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "supervisor/configurator.h"
#include "supervisor/fleet.h"
#include "supervisor/licenses/licenses.h"
#include "supervisor/machine/hardware.h"
#include "supervisor/machine/machine.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;

v1::SystemInfo DescribeSystem(const AdminContext& context) {
  v1::SystemInfo info;
  utsname machine{};
  uname(&machine);
  struct sysinfo memory {};
  sysinfo(&memory);
  const passwd* user = getpwuid(geteuid());
  const auto age = std::chrono::steady_clock::now() - context.started;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  info.set_hostname(EscapeForLog(machine.nodename));
  info.set_version(ALOHA_VERSION);
  info.set_kernel(fmt::format("{} {}", machine.sysname, machine.release));
  info.set_time_us(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  info.set_uptime_s(static_cast<uint64_t>(memory.uptime));
  info.set_supervisor_uptime_s(
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(age).count()));
  info.set_supervisor_pid(getpid());
  info.set_user(user != nullptr ? user->pw_name : std::to_string(geteuid()));
  info.set_cores(static_cast<uint32_t>(get_nprocs()));
  info.set_memory_bytes(static_cast<uint64_t>(memory.totalram) * memory.mem_unit);
  info.set_unsaved_changes(context.configuration.unsaved_changes());
  info.set_privilege(context.privilege);
  info.set_time_zone(Machine::TimeZone());
  info.set_language(context.machine.Language());
  info.set_model(context.hardware.model);
  info.set_uuid(context.hardware.uuid);
  info.set_ethid(context.hardware.ethid);
  info.set_firmware_revision(context.hardware.firmware_revision);
  info.set_firmware_date(context.hardware.firmware_date);
  info.set_operating_system(context.hardware.operating_system);
  info.set_licensing(context.licenses.StateAt(info.time_us() / 1'000'000));
  if (const auto system = context.fleet.Find("system"))
    info.set_landlock_abi(system->info.landlock_abi());
  return info;
}

grpc::ServerUnaryReactor* SystemApi::GetInfo(grpc::CallbackServerContext* call,
                                             const v1::GetInfoRequest*, v1::SystemInfo* response) {
  return ServeCall(context_, call, CallKind::kRead, "System/GetInfo",
                   [this, response](Caller&) -> asio::awaitable<Result<>> {
                     *response = DescribeSystem(context_);
                     co_return Result<>();
                   });
}

grpc::ServerUnaryReactor* SystemApi::RebootSystem(grpc::CallbackServerContext* call,
                                                  const v1::RebootSystemRequest*,
                                                  v1::ChangeResponse* response) {
  return ServeCall(context_, call, CallKind::kChange, "System/RebootSystem",
                   [this, response](Caller& caller) -> asio::awaitable<Result<>> {
                     const Result<> done = co_await context_.machine.Reboot();
                     if (!done) co_return done;
                     FillEvent(
                         context_.events.Add(Event::WARNING, "service", "system",
                                             "the machine restarts", caller.actor, caller.method),
                         response);
                     co_return Result<>();
                   });
}

grpc::ServerUnaryReactor* SystemApi::SetTimeZone(grpc::CallbackServerContext* call,
                                                 const v1::SetTimeZoneRequest* request,
                                                 v1::ChangeResponse* response) {
  return ServeCall(
      context_, call, CallKind::kChange, "System/SetTimeZone",
      [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
        const Result<> done = co_await context_.machine.SetTimeZone(request->time_zone());
        if (!done) co_return done;
        FillEvent(
            context_.events.Add(Event::INFO, "service", "system",
                                fmt::format("time zone {}", EscapeForLog(request->time_zone())),
                                caller.actor, caller.method),
            response);
        co_return Result<>();
      });
}

grpc::ServerUnaryReactor* SystemApi::ListTimeZones(grpc::CallbackServerContext* call,
                                                   const v1::ListTimeZonesRequest* request,
                                                   v1::ListTimeZonesResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "System/ListTimeZones",
                   [this, request, response](Caller&) -> asio::awaitable<Result<>> {
                     const auto zones = co_await context_.machine.ListTimeZones();
                     if (!zones) co_return tl::make_unexpected(zones.error());
                     co_return Page(
                         *zones, request->page_size(), request->page_token(),
                         response->mutable_next_page_token(),
                         [&](const std::string& zone) { response->add_time_zones(zone); });
                   });
}

grpc::ServerUnaryReactor* SystemApi::SetLanguage(grpc::CallbackServerContext* call,
                                                 const v1::SetLanguageRequest* request,
                                                 v1::ChangeResponse* response) {
  return ServeCall(
      context_, call, CallKind::kChange, "System/SetLanguage",
      [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
        const Result<> done = context_.machine.SetLanguage(request->language());
        if (!done) co_return done;
        FillEvent(context_.events.Add(Event::INFO, "service", "system",
                                      fmt::format("language {}", EscapeForLog(request->language())),
                                      caller.actor, caller.method),
                  response);
        co_return Result<>();
      });
}

}  // namespace aloha::supervisor
