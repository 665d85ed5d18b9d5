// A real nginx with two workers as a service, and the first fault on it.

#include <chrono>
#include <csignal>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/process/process_fault.h"
#include "harness/services/services.h"

#include "tests/integration/services/service_fixture.h"

namespace squall::services {
namespace {

using namespace std::chrono_literals;

class NginxTest : public ServiceFixture {
 protected:
  scenarios::ServiceSpec nginx(const std::string& daemon) {
    const std::string port = std::to_string(free_port());
    url_ = "http://127.0.0.1:" + port + "/";
    std::ofstream(folder_ / "nginx.conf")
        << "daemon " << daemon << ";\nworker_processes 2;\npid " << (folder_ / "nginx.pid").string()
        << ";\nerror_log stderr;\nevents {}\n"
        << "http {\n  access_log off;\n  server {\n    listen 127.0.0.1:" << port
        << ";\n    location / { return 200 'ok'; }\n  }\n}\n";
    scenarios::ServiceSpec spec;
    spec.name = "edge";
    spec.command = {"nginx", "-c", (folder_ / "nginx.conf").string(), "-p", folder_.path()};
    spec.ready = {url_, 10s, 200};
    return spec;
  }

  int count_in_state(char state) {
    const auto all = table_.list();
    const pid_t session = services_->processes().at(0).id.pid;
    return static_cast<int>(
        std::count_if((*all).begin(), (*all).end(), [&](const faults::ProcessInfo& one) {
          return one.session == session && one.state == state;
        }));
  }

  Result<faults::InjectedProcessFault> send(int signal) {
    faults::ProcessFault fault;
    fault.signal = signal;
    fault.match.service = "edge";
    auto scope = faults::ProcessScope::around_this_process();
    scope.services = services_->processes();
    return inject(table_, *journal_, fault, "on-edge", scope);
  }

  std::string url_;
};

TEST_F(NginxTest, HangsWithItsWorkersWhileItIsStoppedAndThenGoesOn) {
  ASSERT_TRUE(ok(start({nginx("off")})));
  auto stopped = send(SIGSTOP);
  ASSERT_TRUE(ok(stopped));
  EXPECT_TRUE(stopped->took);
  EXPECT_THAT(stopped->seen, testing::StartsWith("edge.1: 3 processes (pids "));
  EXPECT_EQ(count_in_state('T'), 3);
  EXPECT_TRUE(failed_with(http_status(url_, 300ms), std::errc::timed_out));

  ASSERT_TRUE(ok(stopped->active.revert()));
  EXPECT_EQ(count_in_state('T'), 0);
  const auto status = http_status(url_, 5s);
  ASSERT_TRUE(ok(status));
  EXPECT_EQ(*status, 200);
  ASSERT_TRUE(ok(services_->stop_all()));
}

TEST_F(NginxTest, IsKilledWholeAndComesBack) {
  auto spec = nginx("off");
  spec.restart = scenarios::ServiceSpec::Restart::kAlways;
  ASSERT_TRUE(ok(start({spec})));
  const auto killed = send(SIGKILL);
  ASSERT_TRUE(ok(killed));
  EXPECT_TRUE((*killed).took);
  ASSERT_TRUE(comes("service.restarted"));
  const auto status = http_status(url_, 5s);
  ASSERT_TRUE(ok(status));
  EXPECT_EQ(*status, 200);
}

TEST_F(NginxTest, IsCaughtWhenItsConfigurationSendsItIntoTheBackground) {
  auto spec = nginx("on");
  spec.ready->status = 404;  // Never ready, so that its first process has time to end.
  const auto started = start({spec});
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message(), testing::HasSubstr("has to stay in the foreground"));
}

}  // namespace
}  // namespace squall::services
