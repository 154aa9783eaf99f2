// Certificates and keys in files below the folder of secrets, as Kubernetes or an ACME client
// leaves them: read when the snapshot names them, and again when they change.
#ifndef ALOHA_WORKERS_KEYS_CERTIFICATE_FILES_H_
#define ALOHA_WORKERS_KEYS_CERTIFICATE_FILES_H_

#include <asio/io_context.hpp>
#include <asio/thread_pool.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker/v1/roles.pb.h"
#include "workers/keys/folder.h"
#include "workers/keys/folder_watch.h"
#include "workers/keys/import.h"
#include "workers/runtime/log.h"

namespace aloha::keys {

// The folder of secrets, and what tells of its changes.
struct Secrets {
  Folder folder;
  std::string path;
  UniqueFd inotify;
};

// kInvalidArgument, with a text for people, unless the path is relative and stays below its folder.
Result<> CheckPath(const std::string& path);

// A PEM file with key and chain, or a folder with tls.crt and tls.key. The error says what is wrong
// with which file.
Result<ImportedKey> ReadCertificateFile(const Folder& secrets, const std::string& path,
                                        int64_t now_s);

// All calls on the loop's thread, where everything is called back, too; reading is for the thread
// of the pool.
class CertificateFiles {
 public:
  using Content = worker::v1::CertificateFileContent;
  // A file was read and is not what it was. The key is empty where it cannot be used.
  using OnChange = std::function<void(const Content& content, std::optional<PrivateKey> key)>;

  // All outlive this. secrets: nothing where there is no such folder; then no file can be used.
  CertificateFiles(asio::io_context& loop, asio::thread_pool& pool, Log& log,
                   std::optional<Secrets> secrets, OnChange on_change);

  // Reads and watches these from now on. `read` is called when each of them was read once.
  void Use(std::vector<worker::v1::CertificateFile> files, std::function<void()> read);

  // What was read last of each file, by name.
  const std::map<std::string, Content>& contents() const { return contents_; }

 private:
  struct Outcome {
    Content content;
    std::optional<PrivateKey> key;
  };

  void Read();
  // On the pool's thread.
  Outcome ReadOne(const worker::v1::CertificateFile& file) const;
  void Take(std::vector<Outcome> outcomes);

  asio::io_context& loop_;
  asio::thread_pool& pool_;
  Log& log_;
  const std::optional<Folder> folder_;
  const OnChange on_change_;
  std::unique_ptr<FolderWatch> watch_;
  std::vector<worker::v1::CertificateFile> files_;
  std::map<std::string, Content> contents_;
  std::function<void()> read_;
  bool reading_ = false, again_ = false;  // again: what is being read is not the newest any more
};

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_CERTIFICATE_FILES_H_
