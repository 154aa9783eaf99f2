#include "workers/proxy/http_exchange.h"

#include <utility>

namespace aloha::proxy {
namespace {

// An exchange that grew beyond is freed rather than kept.
constexpr size_t kKeptBytes = 4096;

}  // namespace

void Exchange::Reset() {
  Exchange fresh;
  // The strings keep their memory.
  const auto reuse = [](std::string& from, std::string& to) {
    from.clear();
    to.swap(from);
  };
  fresh.pending.swap(pending);
  reuse(partial_response, fresh.partial_response);
  reuse(replay, fresh.replay);
  reuse(method, fresh.method);
  reuse(target, fresh.target);
  reuse(request_id, fresh.request_id);
  reuse(cookie, fresh.cookie);
  *this = std::move(fresh);
}

std::unique_ptr<Exchange> HttpScratch::Take() {
  if (spare.empty()) return std::make_unique<Exchange>();
  std::unique_ptr<Exchange> exchange = std::move(spare.back());
  spare.pop_back();
  return exchange;
}

void HttpScratch::Return(std::unique_ptr<Exchange> exchange) {
  if (spare.size() == kSpare) return;
  exchange->Reset();
  exchange->pending.clear();
  for (const std::string* text :
       {&exchange->pending, &exchange->partial_response, &exchange->replay, &exchange->target}) {
    if (text->capacity() > kKeptBytes) return;
  }
  spare.push_back(std::move(exchange));
}

}  // namespace aloha::proxy
