#pragma once

#include <string_view>

namespace squall::reports {

/// The page as bundled by reports/html/page/bundle.mjs, cut where the title and the figures go.
struct PageBytes {
  std::string_view before_title;
  std::string_view before_data;
  std::string_view end;
};

PageBytes page_bytes();

}  // namespace squall::reports
