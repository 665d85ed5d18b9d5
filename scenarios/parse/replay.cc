#include <algorithm>

#include "generators/spec/recording.h"
#include "scenarios/parse/numbers.h"
#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

using generators::ReplaySpec;

constexpr std::string_view kSpeedExpected = "a speed such as 2 or 0.5";

Parsed<double> parse_speed(std::string_view text) {
  constexpr double kSlowest = 0.001;
  constexpr double kFastest = 1e6;
  const auto number = parse_number(text, kSpeedExpected);
  if (number.value && (*number.value < kSlowest || *number.value > kFastest)) {
    return Parsed<double>::no(in_quotes(text) + " is no speed: expected 0.001 to 1000000");
  }
  return number;
}

constexpr Kind<double> kSpeed{kSpeedExpected, parse_speed};

Parsed<std::string> parse_method(std::string_view text) {
  const bool is_method = !text.empty() && std::all_of(text.begin(), text.end(),
                                                      [](char c) { return c >= 'A' && c <= 'Z'; });
  if (is_method) return Parsed<std::string>::ok(std::string(text));
  return Parsed<std::string>::no(in_quotes(text) + " is no method: expected one such as GET");
}

constexpr Kind<std::string> kMethod{"a method such as GET", parse_method};

}  // namespace

ReplaySpec read_replay(Reading& reading, const Node& node, const std::string& what) {
  using Format = ReplaySpec::Format;
  ReplaySpec replay;
  // So that nothing divides by the length of what could not be read.
  replay.length = std::chrono::milliseconds(1);
  const MapReader map(reading, node, what + ".replay", {"file", "format", "speed", "methods"});
  Format format{};
  map.set_word(format, "format", "format",
               {{"combined", Format::kCombined}, {"json", Format::kJson}, {"har", Format::kHar}});
  if (map.find("format") != nullptr) replay.format = format;
  map.set(replay.speed, "speed", kSpeed);
  if (const Node* methods = map.find("methods")) {
    replay.methods = read_list(reading, *methods, kMethod);
  }
  const Node* file = map.require("file", "the name of an access log or a HAR file");
  if (file == nullptr) return replay;
  replay.file = read_file_name(reading, *file).value_or("");
  if (replay.file.empty()) return replay;
  const auto recording = generators::read_recording(replay, reading.scenario.directory);
  if (!recording) {
    map.mistake_at("file", recording.error().trail);
    return replay;
  }
  replay.requests = recording->requests.size();
  replay.length += generators::due_in_replay(recording->requests.back(), replay);
  return replay;
}

}  // namespace squall::scenarios
