#include "workers/keys/engine.h"

#include <fmt/format.h>

#include <asio/post.hpp>
#include <chrono>
#include <tuple>
#include <utility>

namespace aloha::keys {
namespace {

// Imports that may wait for their turn.
constexpr size_t kMaxWaiting = 32;
// Far above any configuration.
constexpr int kMaxEnabled = 10'000;
constexpr int kMaxFiles = 1'000;
// Of aloha-wui and aloha-gateway: more than their clients need, too little to keep others waiting.
constexpr uint32_t kMaxOwnSignaturesPerSecond = 200;
constexpr char kTls[] = "tls", kWeb[] = "wui", kManagement[] = "gateway";

int64_t NowSeconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

std::span<const uint8_t> AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Opens the seal; what was in it is overwritten afterwards.
Result<ImportedKey> ImportSealed(const SealingKey& key, const std::string& sealed) {
  const Result<SecretBytes> opened = key.Open(sealed);
  if (!opened) return tl::make_unexpected(opened.error());
  worker::v1::SealedImport import;
  const bool parsed = import.ParseFromArray(opened->data(), static_cast<int>(opened->size()));
  Result<ImportedKey> imported =
      parsed ? ImportFile(AsBytes(import.file()), import.password(), NowSeconds())
             : Fail(Code::kInvalidArgument, "what was sealed is not a file with its password");
  Wipe(*import.mutable_file());
  Wipe(*import.mutable_password());
  return imported;
}

}  // namespace

Result<Plan> MakePlan(const worker::v1::KeysSnapshot& snapshot) {
  Plan plan;
  if (snapshot.keys_size() > kMaxEnabled)
    return Fail(Code::kInvalidArgument, "too many keys", "keys.keys");
  for (const std::string& bytes : snapshot.keys()) {
    const std::optional<KeyHash> hash = ToKeyHash(bytes);
    if (!hash) return Fail(Code::kInvalidArgument, "not a SHA-256", "keys.keys");
    plan.enabled.insert(*hash);
  }
  for (const auto& [bytes, to, field] :
       {std::tuple(&snapshot.web_key(), &plan.web, "keys.web_key"),
        std::tuple(&snapshot.management_key(), &plan.management, "keys.management_key")}) {
    *to = ToKeyHash(*bytes);
    if (!bytes->empty() && !*to) return Fail(Code::kInvalidArgument, "not a SHA-256", field);
  }
  plan.max_signatures_per_second = snapshot.max_signatures_per_second();
  if (snapshot.certificate_files_size() > kMaxFiles)
    return Fail(Code::kInvalidArgument, "too many files", "keys.certificate_files");
  std::set<std::string> names;
  for (const worker::v1::CertificateFile& file : snapshot.certificate_files()) {
    if (!names.insert(file.name()).second)
      return Fail(Code::kInvalidArgument, "two files of one name", "keys.certificate_files");
    if (auto checked = CheckPath(file.path()); !checked)
      return Fail(Code::kInvalidArgument, checked.error().message, "keys.certificate_files");
    plan.files.push_back(file);
  }
  return plan;
}

Engine::Engine(asio::io_context& loop, Log& log, KeyStore store, std::optional<Secrets> secrets)
    : loop_(loop),
      log_(log),
      store_(std::move(store)),
      node_(store_, log, NowSeconds),
      files_(
          loop, imports_, log, std::move(secrets),
          [this](const worker::v1::CertificateFileContent& content, std::optional<PrivateKey> key) {
            if (key) Hold(std::move(*key), false);
            Publish();
            on_file_change_(content.name());
          }) {
  clients_.try_emplace(kTls, log, SigningThreads::DefaultCount());
  clients_.try_emplace(kWeb, log, 1);
  clients_.try_emplace(kManagement, log, 1);
  for (PrivateKey& key : store_.Load()) Hold(std::move(key), true);
  for (const std::string& limitation : store_.Limitations()) log_.Warning(limitation);
}

Engine::~Engine() { imports_.join(); }

void Engine::Apply(Plan plan) {
  plan_ = std::move(plan);
  web_.Use(plan_.web);
  management_.Use(plan_.management);
  files_.Use(plan_.files, [this] { Start(); });
  ForgetUnused();
  Publish();
}

void Engine::Start() {
  std::set<KeyHash> needed = plan_.enabled;
  for (const auto& own : {plan_.web, plan_.management}) {
    if (own) needed.insert(*own);
  }
  for (const KeyHash& hash : needed) {
    if (!kept_.contains(hash))
      log_.Warning(fmt::format("the snapshot names key {}, which is not here", ToHex(hash)));
  }
  started_ = true;
  for (auto& [role, client] : clients_) {
    if (client.early_channel) client.threads.Connect(std::move(client.early_channel));
  }
}

void Engine::Connect(std::string_view role, UniqueFd socket) {
  const auto client = clients_.find(role);
  if (client == clients_.end()) return;
  if (started_) return client->second.threads.Connect(std::move(socket));
  client->second.early_channel = std::move(socket);
}

void Engine::OwnKey::Use(const std::optional<KeyHash>& next) {
  if (next == now) return;
  before = next ? now : std::nullopt;
  now = next;
}

bool Engine::IsNeeded(const KeyHash& hash) const {
  return plan_.enabled.contains(hash) || plan_.web == hash || plan_.management == hash;
}

void Engine::ForgetUnused() {
  std::set<KeyHash> in_files;
  for (const auto& [name, content] : files_.contents()) {
    if (const auto hash = ToKeyHash(content.content().key())) in_files.insert(*hash);
  }
  std::erase_if(kept_, [&](const auto& entry) {
    const auto& [hash, kept] = entry;
    return !kept.stored && !in_files.contains(hash) && !IsNeeded(hash);
  });
}

void Engine::Publish() {
  auto table = std::make_shared<KeyTable>();
  table->max_signatures_per_second = plan_.max_signatures_per_second;
  for (const auto& [hash, kept] : kept_)
    table->keys.emplace(hash, KeyTable::Entry{kept.held, plan_.enabled.contains(hash)});
  clients_.at(kTls).signer.Use(std::move(table));
  PublishOwn(web_, clients_.at(kWeb));
  PublishOwn(management_, clients_.at(kManagement));
}

void Engine::PublishOwn(const OwnKey& key, Client& client) {
  auto table = std::make_shared<KeyTable>();
  table->max_signatures_per_second = plan_.max_signatures_per_second;
  table->max_of_all_per_second = kMaxOwnSignaturesPerSecond;
  for (const auto& hash : {key.now, key.before}) {
    const auto found = hash ? kept_.find(*hash) : kept_.end();
    if (found != kept_.end()) table->keys.emplace(*hash, KeyTable::Entry{found->second.held, true});
  }
  client.signer.Use(std::move(table));
}

void Engine::Hold(PrivateKey key, bool stored) {
  Kept& kept = kept_[key.hash()];
  kept.stored = kept.stored || stored;
  if (!kept.held) kept.held = std::make_shared<HeldKey>(std::move(key));
}

Result<std::string> Engine::SealingPublicKey() const {
  const Result<const SealingKey*> key = store_.sealing_key();
  if (!key) return tl::make_unexpected(key.error());
  return (*key)->public_key();
}

template <typename Work, typename Use>
void Engine::Later(const Done& done, Work work, Use use) {
  if (num_waiting_ == kMaxWaiting)
    return done(Fail(Code::kResourceExhausted, "too many imports wait; try again later"));
  ++num_waiting_;
  asio::post(imports_, [this, work = std::move(work), use = std::move(use)]() mutable {
    asio::post(loop_, [this, result = work(), use = std::move(use)]() mutable {
      --num_waiting_;
      use(result);
    });
  });
}

void Engine::Import(const worker::v1::ImportKeyRequest& request,
                    worker::v1::ImportKeyResponse& response, Done done) {
  const auto work = [this, &request]() -> Result<ImportedKey> {
    const Result<const SealingKey*> key = store_.sealing_key();
    if (!key) return tl::make_unexpected(key.error());
    if (!request.has_unsealed()) return Save(ImportSealed(**key, request.sealed()));
    const worker::v1::SealedImport& clear = request.unsealed();
    return Save(ImportFile(AsBytes(clear.file()), clear.password(), NowSeconds()));
  };
  Later(done, work,
        [this, &response, done](Result<ImportedKey>& imported) { Keep(imported, response, done); });
}

void Engine::Create(const worker::v1::CreateSelfSignedRequest& request,
                    worker::v1::ImportKeyResponse& response, Done done) {
  const auto work = [this, &request] { return Save(CreateSelfSigned(request, NowSeconds())); };
  Later(done, work,
        [this, &response, done](Result<ImportedKey>& imported) { Keep(imported, response, done); });
}

Result<ImportedKey> Engine::Save(Result<ImportedKey> imported) {
  if (!imported) return imported;
  if (auto saved = store_.Save(imported->key); !saved) return tl::make_unexpected(saved.error());
  return imported;
}

void Engine::Keep(Result<ImportedKey>& imported, worker::v1::ImportKeyResponse& response,
                  const Done& done) {
  if (!imported) return done(tl::make_unexpected(imported.error()));
  log_.Info(fmt::format("key {} is kept: {}, certificate {}", ToHex(imported->key.hash()),
                        imported->key.TypeName(), imported->response.details().common_name()));
  Hold(std::move(imported->key), true);
  Publish();
  response = std::move(imported->response);
  done({});
}

void Engine::Delete(const worker::v1::DeleteKeyRequest& request, Done done) {
  const std::optional<KeyHash> hash = ToKeyHash(request.key());
  if (!hash) return done(Fail(Code::kInvalidArgument, "not a SHA-256", "key"));
  Later(
      done, [this, hash] { return store_.Remove(*hash); },
      [this, hash, done](const Result<>& removed) {
        if (!removed && removed.error().code == Code::kNotFound)
          return done(Fail(Code::kNotFound, "no such key"));
        if (!removed) return done(removed);
        // It may be that of a file as well; then it is there still.
        if (const auto found = kept_.find(*hash); found != kept_.end())
          found->second.stored = false;
        plan_.enabled.erase(*hash);
        if (plan_.web == *hash) plan_.web.reset();
        if (plan_.management == *hash) plan_.management.reset();
        ForgetUnused();
        Publish();
        log_.Info(fmt::format("key {} is deleted", ToHex(*hash)));
        done({});
      });
}

void Engine::Read(const worker::v1::ReadCertificatesRequest& request,
                  worker::v1::ReadCertificatesResponse& response, Done done) {
  Later(
      done, [&request] { return ReadCertificates(AsBytes(request.file())); },
      [&response, done](Result<worker::v1::ReadCertificatesResponse>& read) {
        if (!read) return done(tl::make_unexpected(read.error()));
        response = std::move(*read);
        done({});
      });
}

void Engine::WithNode(std::function<Result<>(Node&)> work, Done done) {
  InTurn([this, work = std::move(work)] { return work(node_); }, std::move(done));
}

void Engine::InTurn(std::function<Result<>()> work, Done done) {
  Later(done, std::move(work), [done](const Result<>& result) { done(result); });
}

void Engine::List(worker::v1::ListKeysResponse& response) const {
  for (const auto& [hash, kept] : kept_) {
    worker::v1::KeyReport* report = response.add_keys();
    report->set_key(hash.data(), hash.size());
    report->set_key_type(kept.held->key.TypeName());
    report->set_signatures_total(kept.held->signatures);
    report->set_refused_total(kept.held->refused);
    report->set_enabled(IsNeeded(hash));
  }
  uint64_t malformed = 0;
  for (const auto& [role, client] : clients_) malformed += client.signer.malformed();
  response.set_malformed_total(malformed);
}

}  // namespace aloha::keys
