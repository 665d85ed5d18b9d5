#include "generators/spec/recording.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "generators/spec/records.h"
#include "generators/spec/timestamps.h"
#include "harness/base/files.h"

namespace squall::generators {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kDeepest = 128;

Error wrong(const std::string& why) { return error(std::errc::invalid_argument, why); }

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return text;
}

bool is_method(std::string_view text) {
  return !text.empty() && text.size() <= 32 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; }) &&
         text != "CONNECT";
}

/// Of a path, or of a whole URL, what is asked for. None for what is neither.
std::optional<std::string> path_of(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const std::size_t end = target.find_first_of("/?#", scheme.size());
    target = end == std::string_view::npos ? std::string_view("/") : target.substr(end);
    break;
  }
  target = target.substr(0, target.find('#'));
  if (target.starts_with('?')) return "/" + std::string(target);
  if (!target.starts_with('/')) return std::nullopt;
  return std::string(target);
}

/// "GET /x HTTP/1.1" into the two that matter.
const char* read_request_line(std::string_view line, RecordedRequest& request) {
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos || !is_method(line.substr(0, first))) {
    return "no request such as \"GET / HTTP/1.1\"";
  }
  std::string_view target = line.substr(first + 1);
  const std::size_t last = target.rfind(' ');
  if (last != std::string_view::npos && target.substr(last + 1).starts_with("HTTP/")) {
    target = target.substr(0, last);
  }
  auto path = path_of(target);
  if (!path) return "a request for no path";
  request.method = line.substr(0, first);
  request.path = *std::move(path);
  return nullptr;
}

int hex_value(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

/// What stands between quotes, `\"` and `\x22` undone, as nginx and Apache write them; none when
/// the quote is not closed.
std::optional<std::string> quoted(std::string_view text) {
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') return made;
    if (text[i] != '\\' || i + 1 == text.size()) {
      made += text[i];
    } else if (text[i + 1] == 'x' && i + 3 < text.size() && hex_value(text[i + 2]) >= 0 &&
               hex_value(text[i + 3]) >= 0) {
      made += static_cast<char>(hex_value(text[i + 2]) * 16 + hex_value(text[i + 3]));
      i += 3;
    } else {
      made += text[++i];
    }
  }
  return std::nullopt;
}

/// HOST IDENT USER [TIME] "REQUEST" …: what is before and after does not matter here.
const char* read_combined(std::string_view line, RecordedRequest& request) {
  const std::size_t open = line.find('[');
  const std::size_t close = line.find(']', std::min(open, line.size()));
  if (close == std::string_view::npos) return "no time in brackets";
  const auto at = parse_timestamp(line.substr(open + 1, close - open - 1));
  if (!at) return "no time in brackets";
  request.at = *at;
  const std::size_t quote = line.find('"', close);
  if (quote == std::string_view::npos) return "no request in quotes";
  const auto asked = quoted(line.substr(quote + 1));
  return asked ? read_request_line(*asked, request) : "a quote that is not closed";
}

/// The text of the first of `keys` that is there.
std::optional<std::string> text_of(const Json& object, std::initializer_list<const char*> keys) {
  for (const char* const key : keys) {
    const auto found = object.find(key);
    if (found == object.end()) continue;
    if (found->is_string()) return found->get<std::string>();
    if (found->is_number()) return found->dump();
  }
  return std::nullopt;
}

const char* read_json(std::string_view line, RecordedRequest& request) {
  if (json_nesting(line) > kDeepest) return "JSON that is nested too deep";
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return "no JSON object";
  const auto time = text_of(object, {"time", "ts", "timestamp", "@timestamp"});
  const auto at = time ? parse_timestamp(*time) : std::nullopt;
  if (!at) return "no time (time, ts, timestamp or @timestamp)";
  request.at = *at;
  const auto target = text_of(object, {"path", "uri", "url", "request_uri", "request"});
  if (!target) return "no path (path, uri, url, request_uri or request)";
  const auto method = text_of(object, {"method", "request_method", "verb"});
  if (!method) {
    if (target->find(' ') != std::string::npos) return read_request_line(*target, request);
    return "no method";
  }
  return read_request_line(*method + " " + *target, request);
}

const char* read_entry(const Json& entry, RecordedRequest& request) {
  if (!entry.is_object()) return "no entry";
  const auto time = text_of(entry, {"startedDateTime"});
  const auto at = time ? parse_timestamp(*time) : std::nullopt;
  if (!at) return "no startedDateTime";
  request.at = *at;
  const auto asked = entry.find("request");
  if (asked == entry.end() || !asked->is_object()) return "no request";
  const auto method = text_of(*asked, {"method"});
  const auto url = text_of(*asked, {"url"});
  if (!method || !url) return "no method or url";
  if (const char* why = read_request_line(*method + " " + *url, request)) return why;
  if (const auto headers = asked->find("headers"); headers != asked->end()) {
    if (!headers->is_array()) return "headers that are no list";
    for (const Json& header : *headers) {
      if (!header.is_object()) return "a header that is no object";
      const auto name = text_of(header, {"name"});
      const auto value = text_of(header, {"value"});
      if (name && value) request.headers.emplace_back(lower_case(*name), *value);
    }
  }
  if (const auto data = asked->find("postData"); data != asked->end() && data->is_object()) {
    request.body = text_of(*data, {"text"}).value_or("");
  }
  return nullptr;
}

/// Collects what can be read, and counts the rest.
class Collector {
 public:
  Collector(const std::string& name, const std::vector<std::string>& methods)
      : name_(name), methods_(methods) {}

  void take(RecordedRequest request, const char* why, std::size_t number) {
    if (why != nullptr) {
      if (recording_.unread++ == 0) {
        recording_.first_unread = name_ + ":" + std::to_string(number) + ": " + why;
      }
      return;
    }
    const bool is_wanted = methods_.empty() || std::find(methods_.begin(), methods_.end(),
                                                         request.method) != methods_.end();
    if (is_wanted) {
      recording_.requests.push_back(std::move(request));
    } else {
      ++unwanted_;
    }
  }

  Result<Recording> finish() && {
    auto& requests = recording_.requests;
    if (requests.empty() && unwanted_ > 0) {
      return wrong(name_ + ": none of its " + std::to_string(unwanted_) +
                   " requests has one of the methods asked for");
    }
    if (requests.empty()) {
      return wrong(recording_.unread == 0
                       ? name_ + ": nothing to be replayed"
                       : name_ + ": nothing in it can be replayed; " + recording_.first_unread);
    }
    std::stable_sort(requests.begin(), requests.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    const Duration first = requests.front().at;
    for (RecordedRequest& request : requests) request.at -= first;
    return std::move(recording_);
  }

 private:
  const std::string& name_;  // NOLINT: both stand on the caller's stack.
  const std::vector<std::string>& methods_;
  Recording recording_;
  std::size_t unwanted_ = 0;
};

}  // namespace

Result<Recording> parse_recording(std::string_view text, const std::string& name,
                                  std::optional<ReplaySpec::Format> format,
                                  const std::vector<std::string>& methods) {
  using Format = ReplaySpec::Format;
  if (!format) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    const bool is_json = begin != std::string_view::npos && text[begin] == '{';
    format = name.ends_with(".har") ? Format::kHar : is_json ? Format::kJson : Format::kCombined;
  }
  Collector collector(name, methods);
  if (*format == Format::kHar) {
    if (json_nesting(text) > kDeepest) return wrong(name + ": JSON that is nested too deep");
    const Json har = Json::parse(text, nullptr, false);
    const Json::json_pointer entries("/log/entries");
    if (!har.is_object() || !har.contains(entries) || !har.at(entries).is_array()) {
      return wrong(name + ": no HAR file: it has no log.entries");
    }
    std::size_t number = 0;
    for (const Json& entry : har.at(entries)) {
      RecordedRequest request;
      const char* const why = read_entry(entry, request);
      collector.take(std::move(request), why, ++number);
    }
    return std::move(collector).finish();
  }
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    RecordedRequest request;
    const char* const why =
        *format == Format::kJson ? read_json(line, request) : read_combined(line, request);
    collector.take(std::move(request), why, number);
  }
  return std::move(collector).finish();
}

Result<Recording> read_recording(const ReplaySpec& replay, const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / replay.file;
  SQUALL_TRY(const std::string text, read_file(path));
  return parse_recording(text, replay.file, replay.format, replay.methods);
}

Duration due_in_replay(const RecordedRequest& request, const ReplaySpec& replay) {
  return from_seconds(to_seconds(request.at) / replay.speed);
}

}  // namespace squall::generators
