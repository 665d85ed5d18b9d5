#include "generators/spec/template.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

using Parts = std::vector<Template::Part>;

TEST(Template, IsItsTextWhereThereIsNoPlaceholder) {
  auto made = Template::parse("/index.html");
  ASSERT_TRUE(ok(made));
  EXPECT_TRUE(made->is_constant());
  EXPECT_EQ(made->constant_text(), "/index.html");
  EXPECT_TRUE(Template::parse("")->parts.empty());
}

TEST(Template, KnowsEveryPlaceholder) {
  auto made =
      Template::parse("a${random.int(-1, 10)}b${random.uuid}${seq}${data.users.id}${token}");
  ASSERT_TRUE(ok(made));
  const Parts parts{std::string("a"), RandomInt{-1, 10},         std::string("b"),   RandomUuid{},
                    Sequence{},       DataColumn{"users", "id"}, TakenValue{"token"}};
  EXPECT_EQ(made->parts, parts);
  EXPECT_FALSE(made->is_constant());
}

TEST(Template, TakesTwoDollarsForALiteralOne) {
  EXPECT_EQ(Template::parse("a$${seq}b")->constant_text(), "a${seq}b");
  EXPECT_EQ(Template::parse("5$ {")->constant_text(), "5$ {");
}

TEST(Template, NamesWhatItCannotRead) {
  for (const char* text :
       {"${", "${}", "${ seq }", "${random.int}", "${random.int()}", "${random.int(1)}",
        "${random.int(2,1)}", "${random.int(1,x)}", "${random.int(1,99999999999999999999)}",
        "${random.float}", "${data.x}", "${data..x}", "${a b}", "${random.int(1,2}"}) {
    auto made = Template::parse(text);
    EXPECT_FALSE(made) << text;
    if (!made) {
      EXPECT_NE(made.error().trail, "");
    }
  }
}

}  // namespace
}  // namespace squall::generators
