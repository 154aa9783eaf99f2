#include "supervisor/config/factory.h"

namespace aloha::supervisor {

config::v1::Config FactoryConfig() {
  config::v1::Config config;
  config.mutable_management()->mutable_web()->set_enabled(true);
  config.set_exchange_version(config::v1::EXCHANGE_2010);
  config.mutable_http()->set_mode(config::v1::Http::SSL_OFFLOAD);
  config.mutable_imap()->set_mode(config::v1::Mail::DISABLED);
  config.mutable_pop3()->set_mode(config::v1::Mail::DISABLED);
  config.mutable_smtp()->set_mode(config::v1::Mail::DISABLED);
  config.mutable_rpc()->set_enabled(true);
  return config;
}

}  // namespace aloha::supervisor
