#include "workers/keys/keys_service.h"

#include <utility>

#include "workers/runtime/loop_stream.h"
#include "workers/runtime/serve.h"

namespace aloha::keys {

namespace v1 = worker::v1;
using Reactor = grpc::ServerUnaryReactor;
using Call = grpc::CallbackServerContext;

// One WatchCertificateFiles call. Names of files that change while a message is on its way wait.
class KeysService::Watcher final : public LoopStream<v1::CertificateFileContent> {
 public:
  explicit Watcher(KeysService& service) : LoopStream(service.loop_), service_(service) { Start(); }
  ~Watcher() override { service_.watchers_.erase(this); }

  void Send(const std::string& name) {
    changed_.insert(name);
    Flush();
  }

 private:
  void Begin() override {
    service_.watchers_.insert(this);
    for (const auto& [name, content] : service_.engine_.certificate_files()) changed_.insert(name);
    Flush();
  }

  bool Next(v1::CertificateFileContent& message) override {
    const auto& contents = service_.engine_.certificate_files();
    while (!changed_.empty()) {
      const auto found = contents.find(changed_.extract(changed_.begin()).value());
      if (found == contents.end()) continue;  // not in the snapshot any more
      message = found->second;
      return true;
    }
    return false;
  }

  KeysService& service_;
  std::set<std::string> changed_;
};

KeysService::KeysService(asio::io_context& loop, Engine& engine) : loop_(loop), engine_(engine) {
  engine_.OnFileChange([this](const std::string& name) {
    for (Watcher* watcher : watchers_) watcher->Send(name);
  });
}

grpc::ServerWriteReactor<v1::CertificateFileContent>* KeysService::WatchCertificateFiles(
    Call*, const v1::WatchCertificateFilesRequest*) {
  return new Watcher(*this);
}

Reactor* KeysService::GetSealingKey(Call* call, const v1::GetSealingKeyRequest*,
                                    v1::GetSealingKeyResponse* response) {
  return ServeOnLoop(loop_, call, [this, response]() -> Result<> {
    Result<std::string> key = engine_.SealingPublicKey();
    if (!key) return tl::make_unexpected(key.error());
    response->set_public_key(std::move(*key));
    return {};
  });
}

Reactor* KeysService::ImportKey(Call* call, const v1::ImportKeyRequest* request,
                                v1::ImportKeyResponse* response) {
  return ServeLater(loop_, call, [this, request, response](Engine::Done done) {
    engine_.Import(*request, *response, std::move(done));
  });
}

Reactor* KeysService::CreateSelfSigned(Call* call, const v1::CreateSelfSignedRequest* request,
                                       v1::ImportKeyResponse* response) {
  return ServeLater(loop_, call, [this, request, response](Engine::Done done) {
    engine_.Create(*request, *response, std::move(done));
  });
}

Reactor* KeysService::ListKeys(Call* call, const v1::ListKeysRequest*,
                               v1::ListKeysResponse* response) {
  return ServeOnLoop(loop_, call, [this, response]() -> Result<> {
    engine_.List(*response);
    return {};
  });
}

Reactor* KeysService::DeleteKey(Call* call, const v1::DeleteKeyRequest* request,
                                v1::DeleteKeyResponse*) {
  return ServeLater(loop_, call, [this, request](Engine::Done done) {
    engine_.Delete(*request, std::move(done));
  });
}

Reactor* KeysService::ReadCertificates(Call* call, const v1::ReadCertificatesRequest* request,
                                       v1::ReadCertificatesResponse* response) {
  return ServeLater(loop_, call, [this, request, response](Engine::Done done) {
    engine_.Read(*request, *response, std::move(done));
  });
}

}  // namespace aloha::keys
