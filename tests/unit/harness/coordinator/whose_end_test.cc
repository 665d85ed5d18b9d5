#include "harness/coordinator/whose_end.h"

#include <string>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::coordinator {
namespace {

constexpr const char* kRun = "20260101-000000-abcd";

/// Two agents of a run, each with its process.
class WhoseEnd : public testing::Test {
 protected:
  WhoseEnd() {
    for (const char* name : {"fra-1", "lon-1"}) {
      Seat& seat = seats_.emplace_back();
      seat.name = name;
      seat.process = std::string("drawn by ") + name;
    }
  }

  /// What is thought of a witness with the certificate of `name` that tells so.
  Result<Seat*> tell(const std::string& name, const std::string& process,
                     const std::string& run = kRun) {
    wire::Hello hello;
    hello.set_name("whatever it says");
    hello.set_run_id(run);
    hello.set_process(process);
    hello.set_process_ended(true);
    return whose_end(seats_, kRun, name, hello);
  }

  void expect_refused(const Result<Seat*>& told, const std::string& why) {
    ASSERT_TRUE(failed_with(told, std::errc::operation_not_permitted));
    EXPECT_EQ(told.error().trail, why);
  }

  std::vector<Seat> seats_;
};

TEST_F(WhoseEnd, IsThatOfTheAgentWhoseNameAndProcessItKnows) {
  const auto told = tell("lon-1", "drawn by lon-1");
  ASSERT_TRUE(ok(told));
  EXPECT_EQ(*told, &seats_[1]);
}

TEST_F(WhoseEnd, CannotBeToldByAnotherAgentWhateverItKnows) {
  expect_refused(tell("fra-1", "drawn by lon-1"),
                 "a witness of agent fra-1 tells of another process");
}

TEST_F(WhoseEnd, IsNotThatOfAProcessBeforeOrAfter) {
  expect_refused(tell("lon-1", "drawn by the one before"),
                 "a witness of agent lon-1 tells of another process");
}

TEST_F(WhoseEnd, IsNobodysWhereNoProcessIsNamed) {
  seats_[0].process.clear();
  expect_refused(tell("fra-1", ""), "a witness of agent fra-1 tells of another process");
  expect_refused(tell("lon-1", ""), "a witness of agent lon-1 tells of another process");
}

TEST_F(WhoseEnd, IsOfThisRunAlone) {
  expect_refused(tell("lon-1", "drawn by lon-1", "another"),
                 "a witness of agent lon-1 tells of another run");
  expect_refused(tell("lon-1", "drawn by lon-1", ""),
                 "a witness of agent lon-1 tells of another run");
}

TEST_F(WhoseEnd, IsToldInVainOfWhoIsNotInIt) {
  expect_refused(tell("ams-1", "drawn by lon-1"),
                 "a witness of agent ams-1, which is not in this run");
}

}  // namespace
}  // namespace squall::coordinator
