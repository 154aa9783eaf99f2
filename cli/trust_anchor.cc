// alohactl ca: trust anchors, who may sign the certificates of servers and of management clients.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "admin/v1/certificates.grpc.pb.h"
#include "cli/command.h"
#include "cli/file.h"
#include "cli/validity.h"

namespace aloha::cli {
namespace {

using Stub = admin::TrustAnchors::Stub;

constexpr size_t kMaxFileBytes = 1 << 20;

// A row for each certificate of an anchor.
void AddRows(Table& table, const admin::TrustAnchor& anchor) {
  for (const admin::AnchorCertificate& certificate : anchor.certificates()) {
    table.Add({anchor.name(), certificate.common_name(),
               certificate.is_ca() ? Cell("yes") : Cell("no", Color::kWarning),
               DateCell(certificate.not_before_s()), DateCell(certificate.not_after_s()),
               DaysLeftCell(certificate.not_after_s(), NowSeconds()),
               fmt::format("{}", fmt::join(anchor.used_by(), " "))});
  }
}

Table AnchorTable() {
  return Table({"NAME", "COMMON NAME", "CA", "FROM", "UNTIL", ">LEFT", "USED BY"});
}

int List(Client& client) {
  auto reply = client.List(&Stub::ListTrustAnchors, admin::ListTrustAnchorsRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  Table table = AnchorTable();
  for (const admin::TrustAnchor& anchor : reply->trust_anchors()) AddRows(table, anchor);
  output.Write(table, "No trust anchors: alohactl ca import FILE");
  return kDone;
}

int Show(Client& client, const std::string& name, bool pem) {
  admin::GetTrustAnchorRequest request;
  request.set_name(name);
  auto reply = client.Call(&Stub::GetTrustAnchor, request);
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (pem) {
    output.out() << reply->pem();
    return kDone;
  }
  if (output.Structured(*reply)) return kDone;
  Table table = AnchorTable();
  AddRows(table, *reply);
  output.Write(table, "");
  Table details({"COMMON NAME", "ISSUER", "SHA-256"});
  for (const admin::AnchorCertificate& certificate : reply->certificates()) {
    details.Add(
        {certificate.common_name(), certificate.issuer(), Colons(certificate.fingerprint())});
  }
  output.out() << "\n";
  output.Write(details, "");
  return kDone;
}

struct ImportOptions {
  std::string file;
  std::string name;
};

int Import(Client& client, const ImportOptions& options) {
  auto file = ReadFile(options.file, kMaxFileBytes);
  if (!file) {
    client.output().err() << "alohactl: " << file.error() << "\n";
    return kRefused;
  }
  admin::ImportTrustAnchorRequest request;
  request.set_name(options.name.empty() ? FileStem(options.file) : options.name);
  request.set_file(std::move(*file));
  auto reply = client.Call(&Stub::ImportTrustAnchor, request);
  if (!reply) return client.Report(reply.error(), FileLabel(options.file));
  Output& output = client.output();
  if (!output.Structured(*reply)) {
    PrintEvent(output, reply->event());
    Table table = AnchorTable();
    AddRows(table, reply->trust_anchor());
    output.Write(table, "");
  }
  return kDone;
}

int Delete(Client& client, const std::string& name) {
  admin::DeleteTrustAnchorRequest request;
  request.set_name(name);
  auto reply = client.Call(&Stub::DeleteTrustAnchor, request);
  if (!reply) return client.Report(reply.error());
  return PrintChange(client, *reply);
}

}  // namespace

void AddTrustAnchor(Command& command) {
  CLI::App* noun = command.Noun("ca", "Who may sign certificates of servers: trust anchors",
                                "alohactl ca import corp.pem");
  auto options = std::make_shared<ImportOptions>();
  CLI::App* import = command.Verb(noun, "import", "Trust the certificates in a file",
                                  [options](Client& client) { return Import(client, *options); });
  import
      ->add_option("FILE", options->file, "PEM with any number of certificates, or DER; - is stdin")
      ->required();
  import->add_option("--name", options->name,
                     "What the configuration calls it; replaces what has the name (default: FILE "
                     "without folder and extension)");
  import->parse_complete_callback([options] {
    if (options->file == "-" && options->name.empty()) {
      throw CLI::ValidationError("ca import", "FILE - has no name: give --name");
    }
  });
  command.Verb(noun, "list", "Names, dates, and where each is used", List);
  auto shown = std::make_shared<std::string>();
  auto pem = std::make_shared<bool>(false);
  CLI::App* show = command.Verb(noun, "show", "One of them with its fingerprints",
                                [=](Client& client) { return Show(client, *shown, *pem); });
  show->add_option("NAME", *shown, "Name of the trust anchor")->required();
  show->add_flag("--pem", *pem, "Its certificates in PEM instead");
  auto deleted = std::make_shared<std::string>();
  command
      .Verb(noun, "delete", "Trust it no longer",
            [deleted](Client& client) { return Delete(client, *deleted); })
      ->add_option("NAME", *deleted, "Name of the trust anchor")
      ->required();
}

}  // namespace aloha::cli
