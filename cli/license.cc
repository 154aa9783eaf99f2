// alohactl license: licences of the product. Traffic depends on none.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ctime>
#include <memory>

#include "admin/v1/licenses.grpc.pb.h"
#include "cli/command.h"
#include "cli/file.h"

namespace aloha::cli {
namespace {

using Stub = admin::Licenses::Stub;

constexpr size_t kMaxFileBytes = 16 << 10;

Cell StateCell(admin::License::State state) {
  switch (state) {
    case admin::License::VALID:
      return {"valid", Color::kGood};
    case admin::License::NOT_YET_VALID:
      return {"not yet valid", Color::kWarning};
    case admin::License::EXPIRED:
      return {"EXPIRED", Color::kWarning};
    case admin::License::OTHER_MACHINE:
      return {"OTHER MACHINE", Color::kWarning};
    case admin::License::UNTRUSTED:
      return {"UNTRUSTED", Color::kWarning};
    default:
      return "unknown";
  }
}

// A licence names days of UTC.
std::string Day(int64_t seconds) {
  if (seconds == 0) return "never";
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:%Y-%m-%d}", parts);
}

void AddRow(Table& table, const admin::License& license) {
  table.Add({license.serial(), license.owner(), license.units(),
             fmt::format("{}", fmt::join(license.features(), " ")), Day(license.from_s()),
             Day(license.expires_s()), StateCell(license.state())});
}

Table MakeTable() {
  return Table({"SERIAL", "OWNER", ">UNITS", "FEATURES", "FROM", "EXPIRES", "STATUS"});
}

int List(Client& client) {
  auto reply = client.List(&Stub::ListLicenses, admin::ListLicensesRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  Table table = MakeTable();
  for (const admin::License& license : reply->licenses()) AddRow(table, license);
  output.Write(table,
               "No licences: this is an evaluation. alohactl license request, then add FILE");
  return kDone;
}

int Add(Client& client, const std::string& path) {
  auto file = ReadFile(path, kMaxFileBytes);
  if (!file) {
    client.output().err() << "alohactl: " << file.error() << "\n";
    return kRefused;
  }
  admin::AddLicenseRequest request;
  request.set_file(std::move(*file));
  auto reply = client.Call(&Stub::AddLicense, request);
  if (!reply) return client.Report(reply.error(), FileLabel(path));
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  PrintEvent(output, reply->event());
  Table table = MakeTable();
  AddRow(table, reply->license());
  output.Write(table, "");
  return kDone;
}

int Remove(Client& client, const std::string& serial) {
  admin::RemoveLicenseRequest request;
  request.set_serial(serial);
  auto reply = client.Call(&Stub::RemoveLicense, request);
  if (!reply) return client.Report(reply.error());
  return PrintChange(client, *reply);
}

int Request(Client& client) {
  auto reply = client.Call(&Stub::ListLicenses, admin::ListLicensesRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (!output.Structured(reply->request_data())) output.out() << reply->request_data().text();
  return kDone;
}

int Save(Client& client) {
  client.output().err() << "licences are kept as they are added: there is nothing to save\n";
  return kDone;
}

}  // namespace

void AddLicense(Command& command) {
  CLI::App* noun = command.Noun("license", "Licences of the product; traffic depends on none",
                                "alohactl license add aloha.license");
  command.Verb(noun, "list", "Serials, owners, days, and which are valid", List);
  auto file = std::make_shared<std::string>();
  command
      .Verb(noun, "add", "Take a licence in; it counts at once and is kept",
            [file](Client& client) { return Add(client, *file); })
      ->add_option("FILE", *file, "The licence file; - is stdin")
      ->required();
  auto serial = std::make_shared<std::string>();
  command
      .Verb(noun, "remove", "Forget one of them",
            [serial](Client& client) { return Remove(client, *serial); })
      ->add_option("SERIAL", *serial, "Its serial")
      ->required();
  command.Verb(noun, "request", "What to send for a licence: UUID and ETHID of this machine",
               Request);
  command.Verb(noun, "save", "Nothing: licences are kept as they are added", Save);
}

}  // namespace aloha::cli
