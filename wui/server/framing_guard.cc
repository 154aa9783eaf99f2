#include "wui/server/framing_guard.h"

#include <algorithm>

#include "workers/http/head.h"

namespace aloha::wui {

FramingGuard::State FramingGuard::Take(std::string_view bytes) {
  while (!bytes.empty() && state_ != State::kRefused) {
    if (state_ == State::kBody) {
      const auto taken = static_cast<size_t>(std::min<uint64_t>(body_left_, bytes.size()));
      bytes.remove_prefix(taken);
      body_left_ -= taken;
      if (body_left_ == 0) {
        state_ = State::kBetween;
        ++requests_;
      }
    } else {
      state_ = State::kHead;
      bytes.remove_prefix(TakeHead(bytes));
    }
  }
  return state_;
}

size_t FramingGuard::TakeHead(std::string_view bytes) {
  const size_t before = head_.size();
  head_ += bytes.substr(0, kMaxHead + 1 - before);
  const http::HeadEnd end = http::FindHeadEnd(head_, &scanned_);
  if (end.kind == http::HeadEnd::Kind::kBad) {
    Refuse(400, "a line does not end with CR and LF");
  } else if (end.kind == http::HeadEnd::Kind::kComplete && end.size <= kMaxHead) {
    head_.resize(end.size);
    ReadHead();
    return end.size - before;
  } else if (head_.size() > kMaxHead || std::count(head_.begin(), head_.end(), '\n') > kMaxLines) {
    Refuse(431, "the head of the request is too long");
  } else if (const http::Refusal refusal = http::CheckRequestLine(head_)) {
    Refuse(refusal.status, refusal.reason);
  }
  return bytes.size();
}

void FramingGuard::ReadHead() {
  http::RequestHead head;
  if (std::count(head_.begin(), head_.end(), '\n') > kMaxLines)
    return Refuse(431, "the head of the request has too many lines");
  const http::Refusal refusal = http::ReadRequestHead(head_, head);
  if (refusal) return Refuse(refusal.status, refusal.reason);
  // Neither browsers nor clients of the API send them to such a server, and both have misled many.
  if (head.body.chunked()) return Refuse(411, "send the body with a Content-Length");
  if (head.fields.Find(http::FieldName::kUpgrade) != nullptr)
    return Refuse(400, "there is nothing to upgrade to");
  if (head.target.empty() || head.target.front() != '/')
    return Refuse(400, "the request target is not a path");
  if (head.body.left() > kMaxBody) return Refuse(413, "the body is too long");
  body_left_ = head.body.left();
  state_ = body_left_ == 0 ? State::kBetween : State::kBody;
  if (body_left_ == 0) ++requests_;
  head_.clear();
  scanned_ = 0;
}

void FramingGuard::Refuse(int status, const char* reason) {
  state_ = State::kRefused;
  status_ = status;
  reason_ = reason;
}

}  // namespace aloha::wui
