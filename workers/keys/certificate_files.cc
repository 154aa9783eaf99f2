#include "workers/keys/certificate_files.h"

#include <fmt/format.h>

#include <asio/post.hpp>
#include <chrono>
#include <utility>

#include "workers/keys/file_content.h"

namespace aloha::keys {
namespace {

int64_t NowSeconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

// A certificate and its key in two files.
Result<SecretBytes> ReadPair(const Folder& secrets, const std::string& folder) {
  Result<SecretBytes> certificate = secrets.Read(folder + "/tls.crt", kMaxFileBytes);
  if (!certificate) return certificate;
  const Result<SecretBytes> key = secrets.Read(folder + "/tls.key", kMaxFileBytes);
  if (!key) return Fail(Code::kInvalidArgument, key.error().message);
  certificate->push_back('\n');
  certificate->insert(certificate->end(), key->begin(), key->end());
  return certificate;
}

}  // namespace

Result<> CheckPath(const std::string& path) {
  constexpr size_t kMaxPath = 1024;
  const auto refuse = [&path](const char* reason) {
    return Fail(Code::kInvalidArgument, "\"" + EscapeForLog(path) + "\" " + reason);
  };
  if (path.empty() || path.size() > kMaxPath || path.find('\0') != std::string::npos)
    return refuse("is no path");
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = std::string_view(path).substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..")
      return refuse("must be relative to the folder of secrets, without \".\" and \"..\"");
    begin = end + 1;
  }
  return {};
}

Result<ImportedKey> ReadCertificateFile(const Folder& secrets, const std::string& path,
                                        int64_t now_s) {
  Result<SecretBytes> file = ReadPair(secrets, path);
  if (!file && file.error().code == Code::kNotFound) file = secrets.Read(path, kMaxFileBytes);
  if (!file && file.error().code == Code::kFailedPrecondition)
    return Fail(Code::kInvalidArgument, path + " is neither a file nor a folder with tls.crt");
  if (!file) return tl::make_unexpected(file.error());
  return ImportFile(*file, "", now_s);
}

CertificateFiles::CertificateFiles(asio::io_context& loop, asio::thread_pool& pool, Log& log,
                                   std::optional<Secrets> secrets, OnChange on_change)
    : loop_(loop),
      pool_(pool),
      log_(log),
      folder_(secrets ? std::optional(std::move(secrets->folder)) : std::nullopt),
      on_change_(std::move(on_change)) {
  if (secrets)
    watch_ = std::make_unique<FolderWatch>(loop, std::move(secrets->inotify), secrets->path,
                                           [this] { Read(); });
}

void CertificateFiles::Use(std::vector<worker::v1::CertificateFile> files,
                           std::function<void()> read) {
  files_ = std::move(files);
  read_ = std::move(read);
  std::erase_if(contents_, [this](const auto& kept) {
    return std::none_of(files_.begin(), files_.end(),
                        [&kept](const auto& file) { return file.name() == kept.first; });
  });
  Read();
}

void CertificateFiles::Read() {
  if (std::exchange(reading_, true)) {
    again_ = true;
    return;
  }
  std::vector<std::string> paths;
  for (const worker::v1::CertificateFile& file : files_) paths.push_back(file.path());
  // Before reading, so that no change goes unseen.
  if (watch_) {
    if (auto watched = watch_->Watch(paths); !watched) log_.Warning(watched.error().message);
  }
  asio::post(pool_, [this, files = files_] {
    std::vector<Outcome> outcomes;
    for (const worker::v1::CertificateFile& file : files) outcomes.push_back(ReadOne(file));
    asio::post(loop_,
               [this, outcomes = std::move(outcomes)]() mutable { Take(std::move(outcomes)); });
  });
}

CertificateFiles::Outcome CertificateFiles::ReadOne(const worker::v1::CertificateFile& file) const {
  Outcome outcome;
  outcome.content.set_name(file.name());
  Result<ImportedKey> imported =
      folder_ ? ReadCertificateFile(*folder_, file.path(), NowSeconds())
              : Fail(Code::kFailedPrecondition, "there is no folder of secrets");
  if (imported) {
    *outcome.content.mutable_content() = std::move(imported->response);
    outcome.key = std::move(imported->key);
  } else {
    outcome.content.set_problem(EscapeForLog(imported.error().message));
  }
  return outcome;
}

void CertificateFiles::Take(std::vector<Outcome> outcomes) {
  reading_ = false;
  if (std::exchange(again_, false)) return Read();
  for (Outcome& outcome : outcomes) {
    Content& kept = contents_[outcome.content.name()];
    if (kept.SerializeAsString() == outcome.content.SerializeAsString()) continue;
    kept = std::move(outcome.content);
    if (!kept.problem().empty())
      log_.Warning(
          fmt::format("certificate file of {}: {}", EscapeForLog(kept.name()), kept.problem()));
    on_change_(kept, std::move(outcome.key));
  }
  if (const auto read = std::exchange(read_, nullptr)) read();
}

}  // namespace aloha::keys
