#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace squall::reports {

/// JSON on one line. Text that is not UTF-8 is mended, not refused.
std::string json_line(const nlohmann::ordered_json& json);

/// JSON indented, but whatever holds only plain values keeps to one line. Ends with a newline.
std::string json_text(const nlohmann::ordered_json& json);

}  // namespace squall::reports
