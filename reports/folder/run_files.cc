#include "reports/folder/run_files.h"

#include <utility>

#include "harness/base/write_file.h"
#include "reports/hdr/histogram_log.h"
#include "reports/html/report_html.h"
#include "reports/json/results_json.h"
#include "reports/junit/junit.h"

namespace squall::reports {

Result<void> write_run_files(const std::filesystem::path& folder, const RunRecord& record,
                             const RunResult& result, const std::string& scenario_text) {
  SQUALL_TRY(const std::string histograms, write_hlog(record));
  const std::pair<const char*, std::string> files[] = {
      {"scenario.yaml", scenario_text},    {"events.jsonl", write_events_jsonl(result)},
      {"histograms.hlog", histograms},     {"junit.xml", write_junit(result)},
      {"report.html", write_html(result)}, {"results.json", write_results_json(result)},
  };
  for (const auto& [name, text] : files) {
    if (auto written = write_file(folder / name, text); !written) return written;
  }
  return {};
}

}  // namespace squall::reports
