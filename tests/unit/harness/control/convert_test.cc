#include "harness/control/convert.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::control {
namespace {

using namespace std::chrono_literals;
using reports::Metric;

reports::Snapshot a_snapshot() {
  reports::Snapshot snapshot;
  snapshot.sequence = 7;
  snapshot.second = 3;
  snapshot.health = {.cpu = 0.25,
                     .backlog = 4,
                     .in_flight = 5,
                     .descriptors = 6,
                     .descriptor_limit = 1024,
                     .lateness_max = 70us,
                     .descheduled_max = 80us,
                     .throttled = 85us,
                     .clock_jump = 90us,
                     .ports = 0.5};
  reports::LoadSecond& second = snapshot.cells.emplace_back();
  second.load = "browse";
  second.second = 2;
  reports::SecondCell& cell = second.cell;
  cell.due = 10;
  cell.unsent = 1;
  cell.shed = 2;
  cell.ok_by_due = 5;
  cell.errors_by_due = 2;
  cell.sent = 7;
  cell.completed = 6;
  cell.ok = 4;
  cell.errors[static_cast<std::size_t>(reports::ErrorClass::kTimeout)] = 2;
  cell.status = {{200, 4}, {503, 1}};
  cell.status_by_due = {{200, 5}};
  cell.bytes_received = 1000;
  cell.bytes_sent = 100;
  cell.connections_opened = 3;
  cell.connections_failed = 2;
  cell.connections_lost = 1;
  cell.connections_given_up = 4;
  cell.tls_resumed = 1;
  cell.datagrams_received = 900;
  cell.datagrams_dropped = 8;
  cell.quic = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13,
               14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, {}};
  cell.quic.count({"FLOW_CONTROL_ERROR", 3, false, false}, 2);
  cell.quic.count({"stateless reset", {}, true, true});
  cell.quic.count({"FLOW_CONTROL_ERROR", 3, false, false, true}, 5);
  cell.retried = 2;
  cell.flows_begun = 3;
  cell.flows_completed = 2;
  cell.flows_abandoned = 1;
  reports::GroupCell& group = cell.addresses["127.0.0.1:80"];
  group.ok = 4;
  group.errors[static_cast<std::size_t>(reports::ErrorClass::kReset)] = 1;
  group.status = {{200, 4}};
  group.connections_opened = 1;
  group.response.record(3ms);
  group.ok_response.record(3ms);
  cell.requests["GET /"] = group;
  cell.of(Metric::kResponse).record(12ms);
  cell.of(Metric::kResponse).record(2h);  // Clamped.
  cell.ok_response.record(12ms);
  return snapshot;
}

TEST(Convert, KeepsAWholeSnapshot) {
  const reports::Snapshot sent = a_snapshot();
  wire::Snapshot parsed;
  ASSERT_TRUE(parsed.ParseFromString(to_message(sent).SerializeAsString()));
  const auto received = from_message(parsed);
  ASSERT_TRUE(ok(received));
  EXPECT_EQ(received->sequence, 7U);
  EXPECT_EQ(received->second, 3);
  EXPECT_EQ(received->health.cpu, 0.25);
  EXPECT_EQ(received->health.backlog, 4U);
  EXPECT_EQ(received->health.in_flight, 5U);
  EXPECT_EQ(received->health.descriptors, 6U);
  EXPECT_EQ(received->health.lateness_max, Duration(70us));
  EXPECT_EQ(received->health.descriptor_limit, 1024U);
  EXPECT_EQ(received->health.descheduled_max, Duration(80us));
  EXPECT_EQ(received->health.throttled, Duration(85us));
  EXPECT_EQ(received->health.clock_jump, Duration(90us));
  EXPECT_EQ(received->health.ports, 0.5);
  const auto silent = from_message(to_message(reports::Snapshot{}));
  ASSERT_TRUE(ok(silent));
  EXPECT_EQ(silent->health.descheduled_max, std::nullopt);
  EXPECT_EQ(silent->health.throttled, std::nullopt);
  EXPECT_EQ(silent->health.ports, std::nullopt);
  ASSERT_EQ(received->cells.size(), 1U);
  EXPECT_EQ(received->cells[0].load, "browse");
  EXPECT_EQ(received->cells[0].second, 2);
  const reports::SecondCell& was = sent.cells[0].cell;
  const reports::SecondCell& is = received->cells[0].cell;
  EXPECT_EQ(is.due, was.due);
  EXPECT_EQ(is.unsent, was.unsent);
  EXPECT_EQ(is.shed, was.shed);
  EXPECT_EQ(is.ok_by_due, was.ok_by_due);
  EXPECT_EQ(is.errors_by_due, was.errors_by_due);
  EXPECT_EQ(is.sent, was.sent);
  EXPECT_EQ(is.completed, was.completed);
  EXPECT_EQ(is.ok, was.ok);
  EXPECT_EQ(is.errors, was.errors);
  EXPECT_EQ(is.status, was.status);
  EXPECT_EQ(is.status_by_due, was.status_by_due);
  EXPECT_EQ(is.bytes_received, was.bytes_received);
  EXPECT_EQ(is.bytes_sent, was.bytes_sent);
  EXPECT_EQ(is.connections_opened, was.connections_opened);
  EXPECT_EQ(is.connections_failed, was.connections_failed);
  EXPECT_EQ(is.connections_lost, was.connections_lost);
  EXPECT_EQ(is.connections_given_up, was.connections_given_up);
  EXPECT_EQ(is.tls_resumed, was.tls_resumed);
  EXPECT_EQ(is.datagrams_received, was.datagrams_received);
  EXPECT_EQ(is.datagrams_dropped, was.datagrams_dropped);
  EXPECT_EQ(is.quic, was.quic);
  EXPECT_EQ(is.retried, was.retried);
  EXPECT_EQ(is.flows_begun, was.flows_begun);
  EXPECT_EQ(is.flows_completed, was.flows_completed);
  EXPECT_EQ(is.flows_abandoned, was.flows_abandoned);
  EXPECT_EQ(is.requests, was.requests);
  EXPECT_EQ(is.addresses, was.addresses);
  EXPECT_EQ(is.of(Metric::kResponse), was.of(Metric::kResponse));
  EXPECT_EQ(is.of(Metric::kResponse).clamped(), 1U);
  EXPECT_TRUE(is.of(Metric::kService).empty());
  EXPECT_EQ(is.ok_response, was.ok_response);
}

TEST(Convert, RefusesAHistogramThatIsNone) {
  wire::Snapshot message = to_message(a_snapshot());
  message.mutable_cells(0)->mutable_latency(0)->set_v2("garbage");
  EXPECT_FALSE(from_message(message));
}

TEST(Convert, RefusesACellWithPartsMissing) {
  wire::Snapshot message = to_message(a_snapshot());
  message.mutable_cells(0)->clear_errors();
  EXPECT_TRUE(failed_with(from_message(message), std::errc::bad_message));
}

TEST(Convert, KeepsAFaultThatWasNeverApplied) {
  reports::FaultRecord fault;
  fault.label = "kill-one";
  fault.state = reports::FaultRecord::State::kFailed;
  fault.error = "nothing matches";
  const reports::FaultRecord received = from_message(to_message(fault));
  EXPECT_EQ(received.label, "kill-one");
  EXPECT_EQ(received.state, reports::FaultRecord::State::kFailed);
  EXPECT_EQ(received.from, std::nullopt);
  EXPECT_EQ(received.effective, std::nullopt);
  EXPECT_EQ(received.error, "nothing matches");
}

TEST(Convert, KeepsWhenAFaultWasSeenToHaveTaken) {
  reports::FaultRecord fault;
  fault.from = 20s;
  fault.effective = 20'012ms;
  EXPECT_EQ(from_message(to_message(fault)).effective, Duration(20'012ms));
  EXPECT_FALSE(from_message(to_message(fault)).survival);
  fault.survival = {10, 7, 2, 250ms, 100ms, 11, 12, 13, 14, 15, 16, 17};
  const auto survival = from_message(to_message(fault)).survival;
  ASSERT_TRUE(survival);
  EXPECT_EQ(survival->connections, 10U);
  EXPECT_EQ(survival->survived, 7U);
  EXPECT_EQ(survival->silent, 2U);
  EXPECT_EQ(survival->longest_gap, 250ms);
  EXPECT_EQ(survival->mean_gap, 100ms);
  EXPECT_EQ(survival->rebinds, 11U);
  EXPECT_EQ(survival->migrations, 12U);
  EXPECT_EQ(survival->unanswered, 13U);
  EXPECT_EQ(survival->refused, 14U);
  EXPECT_EQ(survival->impossible, 15U);
  EXPECT_EQ(survival->key_updates, 16U);
  EXPECT_EQ(survival->keys_kept, 17U);
}

TEST(Convert, KeepsTheMomentOfAnEventBeforeTheStart) {
  const reports::Event event{.at = -300ms,
                             .agent = {},
                             .kind = "service.ready",
                             .subject = "web.1",
                             .detail = "after 0.2 s"};
  const reports::Event received = from_message(to_message(event), "agent-1");
  EXPECT_EQ(received.at, Duration(-300ms));
  EXPECT_EQ(received.agent, "agent-1");
  EXPECT_EQ(received.subject, "web.1");
}

}  // namespace
}  // namespace squall::control
