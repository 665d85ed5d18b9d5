#pragma once

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/core/journal.h"
#include "faults/process/procfs_table.h"
#include "harness/services/services.h"

#include "tests/support/child_process.h"
#include "tests/support/http_status.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::services {

/// A folder, a journal and real processes; checks at the end of each test that nothing is left.
class ServiceFixture : public testing::Test {
 protected:
  void SetUp() override {
    const auto owner = faults::this_owner(table_);
    ASSERT_TRUE(ok(owner));
    auto journal = faults::Journal::open(folder_ / "journal", *owner);
    ASSERT_TRUE(ok(journal));
    journal_ = *std::move(journal);
  }

  void TearDown() override {
    services_.reset();
    EXPECT_EQ(journal_->open_changes(), 0U);
    EXPECT_EQ(what_is_left(), "");
  }

  /// A service that answers each request with 200.
  static scenarios::ServiceSpec web(std::uint64_t count = 1) {
    scenarios::ServiceSpec spec;
    spec.name = "web";
    spec.count = count;
    const std::string port = "${port(" + std::to_string(free_port()) + ")}";
    spec.command = {"python3", "-m", "http.server", "--bind", "127.0.0.1", port};
    spec.ready = {"http://127.0.0.1:" + port + "/", std::chrono::seconds(20), 200};
    return spec;
  }

  static scenarios::ServiceSpec shell(const std::string& script) {
    scenarios::ServiceSpec spec;
    spec.name = "job";
    spec.command = {"sh", "-c", script};
    return spec;
  }

  Result<void> make(std::vector<scenarios::ServiceSpec> specs) {
    for (scenarios::ServiceSpec& spec : specs)
      spec.environment["SQUALL_TEST_MARK"] = folder_.path();
    auto made = Services::make(std::move(specs), {folder_.path(), folder_ / "run"}, *journal_,
                               table_, http_status, [this](const ServiceEvent& event) {
                                 const std::scoped_lock lock(mutex_);
                                 events_.push_back(event);
                               });
    if (!made) return std::move(made).error();
    services_ = *std::move(made);
    return {};
  }

  Result<void> start(std::vector<scenarios::ServiceSpec> specs) {
    if (auto made = make(std::move(specs)); !made) return made;
    return services_->start_all();
  }

  std::vector<std::string> events(const std::string& kind) {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> found;
    for (const ServiceEvent& one : events_) {
      if (one.kind == kind) found.push_back(one.subject + ": " + one.detail);
    }
    return found;
  }

  bool comes(const std::string& kind, std::size_t count = 1) {
    return eventually(std::chrono::seconds(20), [&] { return events(kind).size() >= count; });
  }

  /// The living processes that carry this test's mark or that are named after its folder.
  std::string what_is_left() {
    std::string left;
    const auto all = table_.list();
    const std::string mark = folder_.path();
    for (const faults::ProcessInfo& one : *all) {
      std::ifstream stream("/proc/" + std::to_string(one.id.pid) + "/environ", std::ios::binary);
      const std::string environment{std::istreambuf_iterator<char>(stream), {}};
      if (one.is_alive() && (one.command_line.find(mark) != std::string::npos ||
                             environment.find(mark) != std::string::npos)) {
        left += one.name + " ";
      }
    }
    return left;
  }

  TemporaryFolder folder_;
  faults::ProcfsTable table_;
  std::unique_ptr<faults::Journal> journal_;
  std::mutex mutex_;
  std::vector<ServiceEvent> events_;
  std::unique_ptr<Services> services_;
};

}  // namespace squall::services
