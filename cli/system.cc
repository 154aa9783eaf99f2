// alohactl system: the machine and the product.
#include <fmt/format.h>

#include <memory>

#include "admin/v1/admin.grpc.pb.h"
#include "cli/command.h"

namespace aloha::cli {
namespace {

using Stub = admin::System::Stub;

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

// "1010 (2026-12-01)" of an image, else the system that packages made.
std::string Firmware(const admin::SystemInfo& info) {
  if (info.firmware_revision().empty()) return OrDash(info.operating_system());
  if (info.firmware_date().empty()) return info.firmware_revision();
  return fmt::format("{} ({})", info.firmware_revision(), info.firmware_date());
}

Cell LicensingCell(admin::SystemInfo::Licensing licensing) {
  switch (licensing) {
    case admin::SystemInfo::LICENSED:
      return {"valid", Color::kGood};
    case admin::SystemInfo::NO_VALID_LICENSE:
      return {"none is valid: alohactl license list", Color::kWarning};
    default:
      return "evaluation";
  }
}

int Info(Client& client) {
  auto reply = client.Call(&admin::System::Stub::GetInfo, admin::GetInfoRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  Table table({"hostname", reply->hostname()});
  table.Add({"version", reply->version()});
  table.Add({"firmware", Firmware(*reply)});
  table.Add({"model", OrDash(reply->model())});
  table.Add({"UUID", OrDash(reply->uuid())});
  table.Add({"ETHID", OrDash(reply->ethid())});
  table.Add({"licence", LicensingCell(reply->licensing())});
  table.Add({"kernel", reply->kernel()});
  table.Add({"time", LocalTime(reply->time_us())});
  table.Add({"time zone", OrDash(reply->time_zone())});
  table.Add({"language", reply->language()});
  table.Add({"up", Duration(static_cast<int64_t>(reply->uptime_s()))});
  table.Add(
      {"supervisor", fmt::format("pid {}, up {}", reply->supervisor_pid(),
                                 Duration(static_cast<int64_t>(reply->supervisor_uptime_s())))});
  table.Add({"user", reply->user()});
  table.Add({"privilege", reply->privilege()});
  table.Add({"cores", reply->cores()});
  table.Add({"memory", Bytes(reply->memory_bytes())});
  table.Add({"landlock ABI", reply->landlock_abi()});
  table.Add({"unsaved changes",
             reply->unsaved_changes() ? Cell("yes: alohactl config save", Color::kWarning) : "no"});
  output.Write(table, "");
  return kDone;
}

int Reboot(Client& client, bool yes) {
  auto info = client.Call(&Stub::GetInfo, admin::GetInfoRequest());
  if (!info) return client.Report(info.error());
  const char* lost = info->unsaved_changes() ? " Unsaved changes are lost." : "";
  if (!yes && !Confirmed(client, fmt::format("Restart this machine?{}", lost))) {
    client.output().err() << "alohactl: nothing was done (--yes answers the question)\n";
    return kRefused;
  }
  auto reply = client.Call(&Stub::RebootSystem, admin::RebootSystemRequest());
  if (!reply) return client.Report(reply.error());
  return PrintChange(client, *reply);
}

int ListTimeZones(Client& client) {
  auto reply = client.List(&Stub::ListTimeZones, admin::ListTimeZonesRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  for (const std::string& zone : reply->time_zones()) output.out() << Printable(zone) << "\n";
  return kDone;
}

int TimeZone(Client& client, const std::string& zone, bool list) {
  if (list) return ListTimeZones(client);
  if (zone.empty()) {
    auto info = client.Call(&Stub::GetInfo, admin::GetInfoRequest());
    if (!info) return client.Report(info.error());
    client.output().out() << Printable(info->time_zone()) << "\n";
    return kDone;
  }
  admin::SetTimeZoneRequest request;
  request.set_time_zone(zone);
  auto reply = client.Call(&Stub::SetTimeZone, request);
  if (!reply) return client.Report(reply.error());
  return PrintChange(client, *reply);
}

int Language(Client& client, const std::string& language) {
  if (language.empty()) {
    auto info = client.Call(&Stub::GetInfo, admin::GetInfoRequest());
    if (!info) return client.Report(info.error());
    client.output().out() << Printable(info->language()) << "\n";
    return kDone;
  }
  admin::SetLanguageRequest request;
  request.set_language(language);
  auto reply = client.Call(&Stub::SetLanguage, request);
  if (!reply) return client.Report(reply.error());
  return PrintChange(client, *reply);
}

void AddMachineVerbs(Command& command, CLI::App* noun) {
  auto yes = std::make_shared<bool>(false);
  command
      .Verb(noun, "reboot", "Restart the machine",
            [=](Client& client) { return Reboot(client, *yes); })
      ->add_flag("--yes", *yes, "Do not ask");

  auto zone = std::make_shared<std::string>();
  auto list = std::make_shared<bool>(false);
  CLI::App* app = command.Verb(noun, "timezone", "Show or set the machine's time zone",
                               [=](Client& client) { return TimeZone(client, *zone, *list); });
  app->add_option("ZONE", *zone, "Europe/Paris …; absent: show it");
  app->add_flag("--list", *list, "Show those that there are");

  auto language = std::make_shared<std::string>();
  command
      .Verb(noun, "language", "Show or set the language of the web interface",
            [=](Client& client) { return Language(client, *language); })
      ->add_option("LANGUAGE", *language, "en or fr; absent: show it");
}

}  // namespace

void AddSystem(Command& command) {
  CLI::App* noun =
      command.Noun("system", "The machine and the product", "alohactl system info -o json");
  command.Verb(noun, "info", "Host name, version, model, UUID, licence, kernel, memory", Info);
  AddMachineVerbs(command, noun);
  command.Verb(noun, "save", "Save the running configuration, as config save does", SaveConfig);
}

}  // namespace aloha::cli
