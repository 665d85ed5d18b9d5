// Writes every sample as NAME.html into the folder given: what the browser test opens.

#include <filesystem>
#include <fstream>
#include <iostream>

#include "reports/html/report_html.h"

#include "tests/unit/reports/html/samples.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: sample_reports FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  for (const auto& [name, result] : squall::reports::all_samples()) {
    std::ofstream file(folder / (name + ".html"), std::ios::binary);
    file << squall::reports::write_html(result);
    if (!file.flush()) {
      std::cerr << "cannot write " << folder / (name + ".html") << '\n';
      return 1;
    }
  }
  return 0;
}
