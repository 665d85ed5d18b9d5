// Feeds every file of the folders and files named on the command line to a fuzz target once: what a
// libFuzzer program does with -runs=0, for compilers that have no libFuzzer.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_in(const fs::path& place) {
  if (!fs::is_directory(place)) return {place};
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator{place}) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Returns false when the file cannot be read.
bool replay(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in) return false;
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  // A copy of exactly this size on the heap, so that AddressSanitizer sees the first byte read past
  // it.
  const std::vector<std::uint8_t> bytes{text.begin(), text.end()};
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& file : files_in(argv[i])) {
      // Said before, and flushed: when the target aborts, the last line names the culprit.
      std::cout << "replay " << file.string() << std::endl;
      if (!replay(file)) {
        std::cerr << "cannot read " << file.string() << '\n';
        return 1;
      }
      ++count;
    }
  }
  std::cout << count << " input(s) replayed\n";
  if (count == 0) std::cerr << "no input: a corpus that feeds nothing proves nothing\n";
  return count == 0 ? 1 : 0;
}
