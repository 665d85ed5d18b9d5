#include "generators/request/answer_reader.h"

#include "generators/request/prepared_request.h"

namespace squall::generators {

void AnswerReader::begin(const PreparedRequest& request) {
  request_ = &request;
  check_ = ExpectationState{};
  body_.clear();
  taken_.resize(request.takes().size());
  too_large_ = false;
  restart();
}

void AnswerReader::restart() {
  check_.headers_seen = 0;
  decoder_.begin("");
  has_header_.assign(taken_.size(), false);
  for (std::string& value : taken_) value.clear();
  cookie_count_ = 0;
  why_.clear();
}

void AnswerReader::header(std::string_view name, std::string_view value) {
  request_->expectation().header(check_, name, value);
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    const Extraction& take = request_->takes()[i];
    if (take.way() != Extraction::Way::kHeader || take.header() != name || has_header_[i]) continue;
    taken_[i] = value;
    has_header_[i] = true;
  }
  if (request_->keeps_cookies() && name == "set-cookie") {
    if (cookie_count_ == cookies_.size()) cookies_.emplace_back();
    cookies_[cookie_count_++] = value;
  }
  if (request_->looks_into_body() && name == "content-encoding") decoder_.begin(value);
}

void AnswerReader::body(std::string_view piece) {
  if (!request_->looks_into_body()) return;
  const auto sink = [this](std::string_view decoded) { look_into(decoded); };
  decoder_.feed(piece, sink);
}

void AnswerReader::look_into(std::string_view decoded) {
  request_->expectation().body(check_, decoded);
  if (!request_->keeps_body() || too_large_) return;
  if (body_.size() + decoded.size() > kMostKept) {
    too_large_ = true;
    body_.clear();
    return;
  }
  body_ += decoded;
}

bool AnswerReader::take_values() {
  const auto takes = request_->takes();
  for (std::size_t i = 0; i < takes.size(); ++i) {
    if (takes[i].way() != Extraction::Way::kHeader || has_header_[i]) continue;
    why_ = takes[i].text() + ": the answer has no such header";
    return false;
  }
  if (request_->keeps_body() && too_large_) {
    why_ = "the body is larger than 1 MiB, of which no value is taken";
    return false;
  }
  return take_from_body(takes, body_, taken_, why_);
}

std::string AnswerReader::why() const {
  return why_.empty() ? request_->expectation().lack(check_, status_) : why_;
}

bool AnswerReader::is_as_expected(int status) {
  if (request_->looks_into_body() && !decoder_.is_whole()) {
    why_ = decoder_.why();
    return false;
  }
  status_ = status;
  if (!request_->expectation().holds(check_, status)) return false;
  return take_values();
}

}  // namespace squall::generators
