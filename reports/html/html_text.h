#pragma once

#include <string>
#include <string_view>

namespace squall::reports {

/// `text` for where HTML has text or a quoted attribute.
std::string html_escaped(std::string_view text);

}  // namespace squall::reports
