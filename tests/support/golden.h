#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace squall::reports {

/// Expects `text` to be what tests/golden/reports/`name` holds. With SQUALL_REWRITE_GOLDEN=1 in the
/// environment the file is written instead: look at the difference before you commit it.
inline void expect_golden(const std::string& name, const std::string& text) {
  const std::filesystem::path file = std::filesystem::path(SQUALL_GOLDEN_DIR) / name;
  if (const char* const rewrite = std::getenv("SQUALL_REWRITE_GOLDEN");
      rewrite != nullptr && std::string(rewrite) == "1") {
    std::ofstream(file, std::ios::binary) << text;
    return;
  }
  std::ifstream in(file, std::ios::binary);
  ASSERT_TRUE(in) << file << " is missing; SQUALL_REWRITE_GOLDEN=1 writes it";
  std::ostringstream golden;
  golden << in.rdbuf();
  EXPECT_EQ(text, golden.str()) << "differs from " << file;
}

}  // namespace squall::reports
