#include "generators/request/prepared_request.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>

#include "generators/request/render.h"

namespace squall::generators {
namespace {

// RFC 9113 §8.2.2: they make a request malformed in HTTP/2.
constexpr std::array<std::string_view, 5> kConnectionSpecific{
    "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};

constexpr std::string_view kUserAgent = "squall";

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return error(std::errc::no_such_file_or_directory, "read " + path.string());
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) return error(std::errc::io_error, "read " + path.string());
  return text;
}

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

/// The text of a template without holes, whatever its parts are.
std::optional<std::string> fixed_text(const Template& text) {
  std::string whole;
  for (const auto& part : text.parts) {
    const auto* fixed = std::get_if<std::string>(&part);
    if (fixed == nullptr) return std::nullopt;
    whole += *fixed;
  }
  return whole;
}

}  // namespace

Result<PreparedRequest> PreparedRequest::make(const RequestSpec& spec, const Url& url,
                                              const std::filesystem::path& directory,
                                              std::uint32_t index) {
  PreparedRequest request;
  request.index_ = index;
  auto& headers = request.constant_.headers;

  const auto add = [&](const std::string& name, const Template& text) -> Result<void> {
    if (auto can = check_renderable(text); !can) return std::move(can).error().within(name);
    auto fixed = fixed_text(text);
    if (!fixed) request.varying_.emplace_back(headers.size(), text);
    headers.push_back({name, std::move(fixed).value_or("")});
    return {};
  };

  headers.push_back({":method", spec.method});
  headers.push_back({":scheme", url.scheme});
  headers.push_back({":authority", url.authority()});
  if (auto added = add(":path", under(url, spec.path)); !added) {
    return std::move(added).error().within(spec.name);
  }
  if (headers.back().value.empty() && request.varying_.empty()) headers.back().value = "/";

  bool names_agent = false;
  for (const auto& [name, text] : spec.headers) {
    if (std::find(kConnectionSpecific.begin(), kConnectionSpecific.end(), name) !=
        kConnectionSpecific.end()) {
      continue;
    }
    if (name == "host") {
      if (auto fixed = fixed_text(text)) headers[2].value = *fixed;
      continue;
    }
    names_agent = names_agent || name == "user-agent";
    if (name == "content-length") continue;  // Ours, and true.
    if (auto added = add(name, text); !added) return std::move(added).error().within(spec.name);
  }
  if (!names_agent) headers.push_back({"user-agent", std::string(kUserAgent)});

  if (spec.body) {
    if (auto can = check_renderable(*spec.body); !can) {
      return std::move(can).error().within(spec.name + ": body");
    }
    request.body_ = *spec.body;
    auto fixed = fixed_text(*spec.body);
    request.body_varies_ = !fixed.has_value();
    request.constant_.body = std::move(fixed).value_or("");
    request.has_body_ = true;
  } else if (spec.body_file) {
    auto text = read_file(directory / *spec.body_file);
    if (!text) return std::move(text).error().within(spec.name);
    request.constant_.body = *std::move(text);
    request.has_body_ = true;
  }

  if (request.has_body_) {
    headers.push_back({"content-length", std::to_string(request.constant_.body.size())});
  }

  auto expectation = Expectation::make(spec.expect);
  if (!expectation) return std::move(expectation).error().within(spec.name);
  request.expectation_ = *std::move(expectation);
  return request;
}

bool PreparedRequest::is_idempotent() const {
  constexpr std::array<std::string_view, 6> kIdempotent{"GET",    "HEAD",    "PUT",
                                                        "DELETE", "OPTIONS", "TRACE"};
  const std::string& method = constant_.headers.front().value;
  return std::find(kIdempotent.begin(), kIdempotent.end(), method) != kIdempotent.end();
}

void PreparedRequest::render(std::uint64_t seed, std::uint64_t number, RenderedRequest& out) const {
  RenderSource source(seed, number);
  out.headers = constant_.headers;
  for (const auto& [index, text] : varying_) {
    generators::render(text, source, out.headers[index].value);
  }
  if (body_varies_) {
    out.body.clear();
    generators::render(body_, source, out.body);
    out.headers.back().value = std::to_string(out.body.size());  // content-length
  } else {
    out.body = constant_.body;
  }
}

}  // namespace squall::generators
