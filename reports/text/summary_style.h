#pragma once

#include <cstddef>

namespace squall::reports {

/// How text is set. Who calls knows the terminal, and NO_COLOR.
struct SummaryStyle {
  std::size_t columns = 100;  ///< No line is wider, as far as words allow.
  bool color = false;         ///< ANSI escape sequences.
  bool unicode = true;        ///< Else plain ASCII, but for what the scenario's own texts hold.
};

}  // namespace squall::reports
