#include "generators/request/prepared_request.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>

namespace squall::generators {
namespace {

// RFC 9113 §8.2.2: they make a request malformed in HTTP/2.
constexpr std::array<std::string_view, 5> kConnectionSpecific{
    "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};

constexpr std::string_view kUserAgent = "squall";

/// `path` after the URL's own, where that is more than "/".
Template under(const Url& url, const Template& path) {
  if (url.path == "/" || url.path.empty()) return path;
  std::string prefix = url.path.substr(0, url.path.find('?'));
  if (prefix.ends_with('/')) prefix.pop_back();
  Template joined;
  joined.parts.emplace_back(prefix);
  joined.parts.insert(joined.parts.end(), path.parts.begin(), path.parts.end());
  return joined;
}

bool is_refused(std::string_view name) {
  return std::find(kConnectionSpecific.begin(), kConnectionSpecific.end(), name) !=
         kConnectionSpecific.end();
}

/// Spaces around a value are none of it (RFC 9110 §5.5), and make it malformed (RFC 9113 §8.2.1).
void trim(std::string& value) {
  value.erase(value.find_last_not_of(" \t") + 1);
  value.erase(0, std::min(value.find_first_not_of(" \t"), value.size()));
}

}  // namespace

Result<PreparedText> PreparedRequest::prepare(const Template& text, const TextNames& names) {
  SQUALL_TRY(auto made, PreparedText::make(text, names));
  if (made.once() != nullptr) {
    if (once_ != nullptr && once_ != made.once()) {
      return error(std::errc::invalid_argument, "two tables with the order once");
    }
    once_ = made.once();
  }
  return made;
}

Result<void> PreparedRequest::add(const std::string& name, const Template& text,
                                  const TextNames& names) {
  auto made = prepare(text, names);
  if (!made) return std::move(made).error().within(name);
  auto& headers = constant_.headers;
  std::size_t index = headers.size();
  if (name == "host") {
    index = kAuthority;
  } else {
    headers.push_back({name, ""});
  }
  headers[index].value = made->is_constant() ? made->constant() : "";
  if (!made->is_constant()) varying_.emplace_back(index, *std::move(made));
  return {};
}

Result<void> PreparedRequest::add_headers(const RequestSpec& spec, const TextNames& names) {
  bool names_agent = false;
  for (const auto& [name, text] : spec.headers) {
    if (is_refused(name)) continue;
    names_agent = names_agent || name == "user-agent";
    if (name == "content-length") continue;  // Ours, and true.
    if (auto added = add(name, text, names); !added) return added;
  }
  if (!names_agent) constant_.headers.push_back({"user-agent", std::string(kUserAgent)});
  return {};
}

Result<void> PreparedRequest::add_body(const RequestSpec& spec,
                                       const std::filesystem::path& directory,
                                       const TextNames& names) {
  if (spec.body) {
    auto made = prepare(*spec.body, names);
    if (!made) return std::move(made).error().within("body");
    body_ = *std::move(made);
    body_varies_ = !body_.is_constant();
    if (!body_varies_) constant_.body = body_.constant();
  } else if (spec.body_file) {
    SQUALL_TRY(auto file, MappedFile::open(directory / *spec.body_file));
    file_ = std::make_shared<const MappedFile>(std::move(file));
    constant_.shared = file_->content();
  } else {
    return {};
  }
  has_body_ = true;
  length_at_ = constant_.headers.size();
  constant_.headers.push_back({"content-length", std::to_string(constant_.content().size())});
  return {};
}

Result<PreparedRequest> PreparedRequest::make(const RequestSpec& spec, const Url& url,
                                              const std::filesystem::path& directory,
                                              const TextNames& names, bool keeps_cookies,
                                              std::uint32_t index) {
  PreparedRequest request;
  request.index_ = index;
  request.keeps_cookies_ = keeps_cookies;
  request.host_ = url.host;
  request.is_secure_ = url.scheme == "https";
  auto& headers = request.constant_.headers;
  headers.push_back({":method", spec.method});
  headers.push_back({":scheme", url.scheme});
  headers.push_back({":authority", url.authority()});
  const auto within = [&spec](Error problem) { return std::move(problem).within(spec.name); };
  if (auto added = request.add(":path", under(url, spec.path), names); !added) {
    return within(std::move(added).error());
  }
  if (headers[kPath].value.empty() && request.varying_.empty()) headers[kPath].value.assign(1, '/');
  if (auto added = request.add_headers(spec, names); !added) {
    return within(std::move(added).error());
  }
  if (auto added = request.add_body(spec, directory, names); !added) {
    return within(std::move(added).error());
  }
  auto expectation = Expectation::make(spec.expect);
  if (!expectation) return within(std::move(expectation).error());
  request.expectation_ = *std::move(expectation);
  for (const auto& [name, way] : spec.take) {
    std::size_t slot = 0;
    if (names.taken != nullptr) {
      const auto found = std::find(names.taken->begin(), names.taken->end(), name);
      slot = static_cast<std::size_t>(std::distance(names.taken->begin(), found));
    }
    auto take = Extraction::make(way, slot);
    if (!take) return within(std::move(take).error().within("take " + name));
    request.keeps_body_ = request.keeps_body_ || take->way() != Extraction::Way::kHeader;
    request.takes_.push_back(*std::move(take));
  }
  return request;
}

bool PreparedRequest::is_idempotent(const RenderedRequest& request) {
  constexpr std::array<std::string_view, 6> kIdempotent{"GET",    "HEAD",    "PUT",
                                                        "DELETE", "OPTIONS", "TRACE"};
  const std::string& method = request.headers.front().value;
  return std::find(kIdempotent.begin(), kIdempotent.end(), method) != kIdempotent.end();
}

Result<PreparedRequest> PreparedRequest::make_replay(std::shared_ptr<const Recording> recording,
                                                     const RequestSpec& spec, const Url& url) {
  RequestSpec any = spec;
  any.path = Template{{std::string("/")}};
  SQUALL_TRY(auto request, make(any, url, {}));
  request.constant_.headers.resize(kPath + 1);
  // What goes before each path: that of the URL, less its slash at the end.
  std::string& prefix = request.constant_.headers[kPath].value;
  prefix.pop_back();
  request.recording_ = std::move(recording);
  return request;
}

void PreparedRequest::replay(const RecordedRequest& recorded, RenderedRequest& out) const {
  out.headers = constant_.headers;
  out.headers[0].value = recorded.method;
  append_to_path(recorded.path, out.headers[kPath].value);
  bool names_agent = false;
  for (const auto& [name, value] : recorded.headers) {
    // Pseudo-headers, which browsers record as well; what is ours to say; and what no name is.
    const bool is_ours = name.starts_with(':') || name == "host" || name == "content-length";
    if (name.empty() || is_ours || is_refused(name)) continue;
    names_agent = names_agent || name == "user-agent";
    out.headers.push_back({name, {}});
    append_to_header(value, out.headers.back().value);
    trim(out.headers.back().value);
  }
  if (!names_agent) out.headers.push_back({"user-agent", std::string(kUserAgent)});
  out.body.clear();
  out.shared = recorded.body;
  if (recorded.body.empty()) return;
  out.headers.push_back({"content-length", std::to_string(recorded.body.size())});
}

void PreparedRequest::render(const RenderContext& context, RenderedRequest& out) const {
  if (recording_) {
    replay(recording_->requests[context.number], out);
    return;
  }
  Random random(random_at(context.seed, context.number));
  out.headers = constant_.headers;
  for (const auto& [index, text] : varying_) {
    std::string& value = out.headers[index].value;
    if (index == kPath) {
      text.render(context, random, TextPlace::kPath, value);
      if (!text.begins_constant()) to_path(value);
    } else {
      text.render(context, random, TextPlace::kHeader, value);
      trim(value);
    }
  }
  out.shared = body_varies_ ? std::string_view{} : constant_.content();
  out.body.clear();
  if (body_varies_) {
    body_.render(context, random, TextPlace::kBody, out.body);
    out.headers[length_at_].value = std::to_string(out.body.size());
  }
  if (context.cookies == nullptr || context.cookies->size() == 0) return;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  auto known = std::find_if(out.headers.begin(), out.headers.end(),
                            [](const HeaderField& header) { return header.name == "cookie"; });
  std::string cookies = known == out.headers.end() ? "" : known->value;
  context.cookies->append_to(cookies, host_, path_of(out), is_secure_, now);
  if (cookies.empty()) return;
  if (known == out.headers.end()) {
    out.headers.push_back({"cookie", std::move(cookies)});
  } else {
    known->value = std::move(cookies);
  }
}

}  // namespace squall::generators
