#include "generators/request/answer_reader.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "generators/request/prepared_request.h"

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

/// A request that takes what it is told to, and an answer to it.
class Answer : public testing::Test {
 protected:
  void take(const std::string& name, const std::string& way) { spec_.take[name] = way; }

  void begin(bool cookies = false) {
    spec_.path.parts.emplace_back(std::string("/"));
    names_.clear();
    for (const auto& [name, way] : spec_.take) names_.push_back(name);
    auto made =
        PreparedRequest::make(spec_, {"https", "edge", 443, "/"}, "", {nullptr, &names_}, cookies);
    ASSERT_TRUE(ok(made));
    request_ = *std::move(made);
    reader_.begin(request_);
  }

  RequestSpec spec_;
  std::vector<std::string> names_;
  PreparedRequest request_;
  AnswerReader reader_;
};

TEST_F(Answer, ValuesAreTakenFromHeadersAndBodiesThatComeInPieces) {
  take("a", "header:Location");
  take("b", "json:/items/1/id");
  take("c", "regex:\"(ok|fine)\"");
  begin();
  reader_.header("location", "/next");
  reader_.header("location", "/second");
  for (const char letter : std::string(R"({"items":[{"id":1},{"id":22}],"state":"fine"})")) {
    reader_.body({&letter, 1});
  }
  EXPECT_TRUE(reader_.is_as_expected(200)) << reader_.why();
  EXPECT_THAT(reader_.taken(), testing::ElementsAre("/next", "22", "fine"));
}

TEST_F(Answer, IsUnexpectedWhenAValueIsNotThere) {
  take("a", "header:location");
  begin();
  reader_.header("Location-of", "/next");
  EXPECT_FALSE(reader_.is_as_expected(200));
  EXPECT_THAT(reader_.why(), testing::HasSubstr("header:location"));
}

TEST_F(Answer, IsUnexpectedWhenTheStatusIsWrongWhateverWasTaken) {
  take("a", "header:location");
  begin();
  reader_.header("location", "/next");
  EXPECT_FALSE(reader_.is_as_expected(500));
  EXPECT_EQ(reader_.why(), "");
}

TEST_F(Answer, ABodyBeyondAMebibyteIsNotKept) {
  take("a", "regex:(x)");
  begin();
  const std::string piece(1024, 'x');
  for (int i = 0; i < 1024; ++i) reader_.body(piece);
  EXPECT_TRUE(reader_.is_as_expected(200));
  reader_.begin(request_);
  for (int i = 0; i < 1024; ++i) reader_.body(piece);
  reader_.body("x");
  EXPECT_FALSE(reader_.is_as_expected(200));
  EXPECT_THAT(reader_.why(), testing::HasSubstr("1 MiB"));
  reader_.begin(request_);
  reader_.body("x");
  EXPECT_TRUE(reader_.is_as_expected(200)) << "the next answer knows nothing of it";
}

TEST_F(Answer, InterimHeadersDoNotCount) {
  take("a", "header:link");
  begin(true);
  reader_.header("link", "</early.css>");
  reader_.header("set-cookie", "early=1");
  reader_.restart();
  reader_.header("set-cookie", "late=1");
  EXPECT_THAT(reader_.cookies(), testing::ElementsAre("late=1"));
  EXPECT_FALSE(reader_.is_as_expected(200));
}

TEST_F(Answer, ABodyThatCannotBeDecodedIsUnexpected) {
  spec_.expect.body_contains = "x";
  begin();
  reader_.header("content-encoding", "gzip");
  reader_.body("xxxxxxxx");
  EXPECT_FALSE(reader_.is_as_expected(200));
  EXPECT_THAT(reader_.why(), testing::HasSubstr("cannot be decoded"));
}

TEST_F(Answer, ABodyThatNobodyLooksIntoIsNotDecoded) {
  spec_.expect.headers["server"] = "edge";
  begin();
  reader_.header("server", "edge");
  reader_.header("content-encoding", "gzip");
  reader_.body("xxxxxxxx");
  EXPECT_TRUE(reader_.is_as_expected(200));
}

}  // namespace
}  // namespace squall::generators
