// Any bytes as a journal: they are read without a crash, never ask to touch what no fault may
// touch, and what is read is written and read again as the same.

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <variant>

#include "faults/core/journal_text.h"
#include "faults/core/undo.h"

#include "tests/support/fake_networks.h"
#include "tests/support/fake_process_table.h"

namespace {

using namespace squall::faults;  // NOLINT(google-build-using-namespace): a program of one file.

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const JournalContents contents = read_journal(text);
  FakeNetworks networks;
  FakeProcessTable table;
  table.add(1, "init", 0);
  table.add(123, "web");
  for (const JournalEntry& entry : contents.open) {
    const JournalContents again = read_journal(entry_line(entry));
    require(again.open.size() == 1 && again.unreadable == 0);
    require(again.open[0].number == entry.number);
    require(again.open[0].change.undo == entry.change.undo);
    require(read_journal(entry_line(entry) + done_line(entry.number)).open.empty());
    const auto undone = carry_out(entry.change.undo, table, &networks);
    // A root that is not what the journal says it was is told of, and left alone.
    require(undone || std::holds_alternative<NetworkUndo>(entry.change.undo));
  }
  for (const auto& [pid, signal] : table.sent()) {
    require(pid > 1 && (signal == SIGCONT || signal == SIGKILL));
  }
  return 0;
}
