// alohactl certificate: certificates that listeners show to clients. What is imported leaves this
// process only sealed to aloha-keys.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <vector>

#include "admin/v1/certificates.grpc.pb.h"
#include "cli/command.h"
#include "cli/file.h"
#include "cli/secret.h"
#include "cli/validity.h"

namespace aloha::cli {
namespace {

using Stub = admin::Certificates::Stub;
using KeyType = admin::CreateSelfSignedCertificateRequest::KeyType;

constexpr size_t kMaxFileBytes = 256 << 10;
constexpr size_t kMaxOcspBytes = 64 << 10;
constexpr int kNamesInList = 3;

const std::map<std::string, KeyType> kKeyTypes = {
    {"ecdsa-p256", admin::CreateSelfSignedCertificateRequest::ECDSA_P256},
    {"ecdsa-p384", admin::CreateSelfSignedCertificateRequest::ECDSA_P384},
    {"rsa-2048", admin::CreateSelfSignedCertificateRequest::RSA_2048},
    {"rsa-3072", admin::CreateSelfSignedCertificateRequest::RSA_3072},
};

Cell StateCell(admin::Certificate::State state) {
  switch (state) {
    case admin::Certificate::VALID:
      return {"valid", Color::kGood};
    case admin::Certificate::SELF_SIGNED:
      return {"self-signed", Color::kWarning};
    case admin::Certificate::EXPIRED:
      return {"EXPIRED", Color::kBad};
    case admin::Certificate::NOT_YET_VALID:
      return {"NOT YET VALID", Color::kBad};
    case admin::Certificate::NO_KEY:
      return {"NO KEY", Color::kBad};
    default:
      return "unknown";
  }
}

// The first names, and how many more there are.
std::string FewNames(const admin::Certificate& certificate) {
  const int shown = std::min(certificate.names_size(), kNamesInList);
  std::string text = fmt::format(
      "{}", fmt::join(certificate.names().begin(), certificate.names().begin() + shown, " "));
  if (certificate.names_size() > shown)
    text += fmt::format(" +{}", certificate.names_size() - shown);
  return text;
}

int List(Client& client) {
  auto reply = client.List(&Stub::ListCertificates, admin::ListCertificatesRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  Table table({"NAME", "STATE", "COMMON NAME", "NAMES", "FROM", "UNTIL", ">LEFT", "KEY",
               ">SIGNATURES", "USED BY"});
  for (const admin::Certificate& certificate : reply->certificates()) {
    table.Add({certificate.name(), StateCell(certificate.state()), certificate.common_name(),
               FewNames(certificate), DateCell(certificate.not_before_s()),
               DateCell(certificate.not_after_s()),
               DaysLeftCell(certificate.not_after_s(), NowSeconds()), certificate.key_type(),
               certificate.signatures_total(),
               fmt::format("{}", fmt::join(certificate.used_by(), " "))});
  }
  output.Write(table, "No certificates: alohactl certificate import FILE, or self-signed NAME");
  return kDone;
}

void Print(Output& output, const admin::Certificate& certificate) {
  Table table({certificate.name(), certificate.common_name()});
  table.Add({"state", StateCell(certificate.state())});
  table.Add({"names", fmt::format("{}", fmt::join(certificate.names(), " "))});
  table.Add({"issuer", certificate.issuer()});
  table.Add({"valid from", DateCell(certificate.not_before_s())});
  table.Add({"valid until", DateCell(certificate.not_after_s())});
  table.Add({"left", DaysLeftCell(certificate.not_after_s(), NowSeconds())});
  table.Add({"key", certificate.key_type()});
  table.Add({"SHA-256", Colons(certificate.fingerprint())});
  table.Add({"serial", certificate.serial()});
  table.Add({"chain", fmt::format("{} certificates", certificate.chain_length())});
  table.Add({"OCSP stapled until", DateCell(certificate.ocsp_until_s())});
  table.Add({"signatures", certificate.signatures_total()});
  table.Add({"used by", fmt::format("{}", fmt::join(certificate.used_by(), " "))});
  if (!certificate.file().empty()) table.Add({"read from", certificate.file()});
  if (!certificate.problem().empty()) table.Add({"problem", {certificate.problem(), Color::kBad}});
  output.Write(table, "");
}

int Show(Client& client, const std::string& name, bool pem) {
  admin::GetCertificateRequest request;
  request.set_name(name);
  auto reply = client.Call(&Stub::GetCertificate, request);
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (pem) {
    output.out() << reply->pem();
  } else if (!output.Structured(*reply)) {
    Print(output, *reply);
  }
  return kDone;
}

int PrintCertificateChange(Client& client, const admin::CertificateChange& change) {
  Output& output = client.output();
  if (!output.Structured(change)) {
    PrintEvent(output, change.event());
    if (change.has_certificate()) Print(output, change.certificate());
  }
  for (const std::string& warning : change.warnings()) {
    output.err() << "alohactl: warning: " << Printable(warning) << "\n";
  }
  return kDone;
}

struct ImportOptions {
  std::string file;
  std::string name;
  bool password_stdin = false;
  std::string ocsp;
};

// Reads the file and, where one is needed and can be had, its password. The error is for people.
tl::expected<void, std::string> Read(const ImportOptions& options, SecretFile& secret) {
  auto file = ReadFile(options.file, kMaxFileBytes);
  if (!file) return tl::make_unexpected(file.error());
  secret.set_file(std::move(*file));
  const bool ask = secret.NeedsPassword() && options.file != "-" && isatty(STDIN_FILENO) != 0;
  if (!ask && !options.password_stdin) return {};
  auto password = ReadPassword(fmt::format("Password of {}: ", FileLabel(options.file)));
  if (!password) return tl::make_unexpected(password.error());
  secret.set_password(std::move(*password));
  return {};
}

int Import(Client& client, const ImportOptions& options) {
  SecretFile secret;
  admin::ImportCertificateRequest request;
  request.set_name(options.name.empty() ? FileStem(options.file) : options.name);
  std::string problem;
  if (auto read = Read(options, secret); !read) problem = read.error();
  if (problem.empty() && !options.ocsp.empty()) {
    auto ocsp = ReadFile(options.ocsp, kMaxOcspBytes);
    if (!ocsp) problem = ocsp.error();
    if (ocsp) request.set_ocsp_response(std::move(*ocsp));
  }
  if (!problem.empty()) {
    client.output().err() << "alohactl: " << problem << "\n";
    return kRefused;
  }
  auto key = client.Call(&Stub::GetImportKey, admin::GetImportKeyRequest());
  if (!key) return client.Report(key.error());
  auto sealed = secret.Seal(key->public_key());
  if (!sealed) {
    client.output().err() << "alohactl: " << sealed.error() << "\n";
    return kRefused;
  }
  request.set_sealed(std::move(*sealed));
  auto reply = client.Call(&Stub::ImportCertificate, request);
  if (!reply) return client.Report(reply.error(), FileLabel(options.file));
  return PrintCertificateChange(client, *reply);
}

struct SelfSignedOptions {
  std::string name;
  std::vector<std::string> hosts;
  KeyType key_type = admin::CreateSelfSignedCertificateRequest::ECDSA_P256;
  uint32_t days = 825;
};

int SelfSigned(Client& client, const SelfSignedOptions& options) {
  admin::CreateSelfSignedCertificateRequest request;
  request.set_name(options.name);
  request.set_common_name(options.hosts.empty() ? options.name : options.hosts.front());
  for (size_t i = 1; i < options.hosts.size(); ++i) request.add_names(options.hosts[i]);
  request.set_key_type(options.key_type);
  request.set_days(options.days);
  auto reply = client.Call(&Stub::CreateSelfSignedCertificate, request);
  if (!reply) return client.Report(reply.error());
  return PrintCertificateChange(client, *reply);
}

int Delete(Client& client, const std::string& name) {
  admin::DeleteCertificateRequest request;
  request.set_name(name);
  auto reply = client.Call(&Stub::DeleteCertificate, request);
  if (!reply) return client.Report(reply.error());
  return PrintChange(client, *reply);
}

void AddImport(Command& command, CLI::App* noun) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* verb = command.Verb(noun, "import", "Take a certificate, its chain and private key in",
                                [options](Client& client) { return Import(client, *options); });
  verb->add_option("FILE", options->file,
                   ".pfx, .p12, or PEM with certificates and key; - is stdin")
      ->required();
  verb->add_option("--name", options->name,
                   "What the configuration calls it; replaces what has the name (default: FILE "
                   "without folder and extension)");
  verb->add_flag("--password-stdin", options->password_stdin,
                 "Read the password of FILE from standard input");
  verb->add_option("--ocsp", options->ocsp, "OCSP response to staple, DER")->type_name("FILE");
  verb->parse_complete_callback([options] {
    if (options->file != "-") return;
    if (options->password_stdin) {
      throw CLI::ValidationError("certificate import", "FILE and password cannot both be stdin");
    }
    if (options->name.empty()) {
      throw CLI::ValidationError("certificate import", "FILE - has no name: give --name");
    }
  });
}

void AddSelfSigned(Command& command, CLI::App* noun) {
  auto options = std::make_shared<SelfSignedOptions>();
  CLI::App* verb = command.Verb(noun, "self-signed", "Make one that signs itself: for a trial",
                                [options](Client& client) { return SelfSigned(client, *options); });
  verb->add_option("NAME", options->name, "What the configuration calls it")->required();
  verb->add_option("--host", options->hosts,
                   "DNS name or address it is for; any number, the first is its common name "
                   "(default: NAME)")
      ->allow_extra_args(false);
  verb->add_option("--key-type", options->key_type, "ecdsa-p256, ecdsa-p384, rsa-2048 or rsa-3072")
      ->type_name("TYPE")
      ->transform(CLI::CheckedTransformer(kKeyTypes, CLI::ignore_case).description(""));
  verb->add_option("--days", options->days, "How long it is valid")
      ->check(CLI::Range(1, 3650))
      ->capture_default_str();
}

}  // namespace

void AddCertificate(Command& command) {
  CLI::App* noun = command.Noun("certificate", "Certificates that listeners show to clients",
                                "alohactl certificate import mail.pfx");
  AddImport(command, noun);
  command.Verb(noun, "list", "Names, dates, keys, and where each is used", List);
  auto shown = std::make_shared<std::string>();
  auto pem = std::make_shared<bool>(false);
  CLI::App* show = command.Verb(noun, "show", "One of them with its fingerprint and issuer",
                                [=](Client& client) { return Show(client, *shown, *pem); });
  show->add_option("NAME", *shown, "Name of the certificate")->required();
  show->add_flag("--pem", *pem, "Its chain in PEM instead, without the private key");
  auto deleted = std::make_shared<std::string>();
  command
      .Verb(noun, "delete", "Delete one and its private key",
            [deleted](Client& client) { return Delete(client, *deleted); })
      ->add_option("NAME", *deleted, "Name of the certificate")
      ->required();
  AddSelfSigned(command, noun);
}

}  // namespace aloha::cli
