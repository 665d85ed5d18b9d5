#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "generators/request/cookie_jar.h"
#include "generators/request/data_table.h"
#include "generators/schedule/random.h"
#include "generators/spec/template.h"
#include "harness/base/result.h"

namespace squall::generators {

/// What the templates of a load may name besides what every request has.
struct TextNames {
  const DataTables* tables = nullptr;               ///< Null: none.
  const std::vector<std::string>* taken = nullptr;  ///< Values that the flow takes; null: none.
};

/// Which request it is that is rendered, and what it has at hand.
///
/// The random values are a function of the load's seed and the request's number: the same however
/// the load is split.
struct RenderContext {
  std::uint64_t seed = 0;    ///< Of the load's random values.
  std::uint64_t number = 0;  ///< Of the request within the load.
  std::uint64_t walk = 0;    ///< Of the walk through a flow; else as `number`. Chooses rows.
  std::uint32_t row = 0;     ///< Of a table with the order once.
  std::span<const std::string> taken = {};  ///< As TextNames has them.
  const CookieJar* cookies = nullptr;       ///< Null: none are sent.
};

/// Where a text stands in a request, which says what may stand in it.
enum class TextPlace {
  /// What may not stand in a path or query (RFC 3986 §3.3, §3.4) is percent-encoded in values.
  kPath,
  /// Control characters are left out of values, so that none of them begins a header of its own.
  kHeader,
  kBody,  ///< Anything.
};

/// A template whose names have been looked up: what it takes to fill it, again and again.
///
/// Lifecycle:  made once per load; the tables outlive it.
/// Threads:    immutable, any thread may read it.
/// Errors:     make() fails for names that are not there, and says which is near.
class PreparedText {
 public:
  PreparedText() = default;
  static Result<PreparedText> make(const Template& text, const TextNames& names);

  /// True when every request gets the same text: then constant() is it.
  bool is_constant() const;
  std::string constant() const;
  /// True when it begins with the same text for every request, which is more than nothing.
  bool begins_constant() const;
  /// The table with the order once that it reads; null: none. More than one was refused by make().
  const DataTable* once() const { return once_; }

  /// Appends the text, filled, to `out`. `random` are the numbers of this request.
  void render(const RenderContext& context, Random& random, TextPlace place,
              std::string& out) const;

 private:
  struct Cell {
    const DataTable* table = nullptr;
    std::size_t column = 0;
  };
  struct Taken {
    std::size_t index = 0;
  };
  using Part = std::variant<std::string, RandomInt, RandomUuid, Sequence, Cell, Taken>;
  struct Fill;

  std::vector<Part> parts_;
  const DataTable* once_ = nullptr;
};

/// Appends `value` to `out`, percent-encoded where it may not stand in a path or query.
void append_to_path(std::string_view value, std::string& out);

/// Appends `value` to `out`, less what would end the header that it stands in.
void append_to_header(std::string_view value, std::string& out);

/// Makes `path`, as it was rendered, one that can be asked for: of a whole URL its path, and never
/// without a slash at the beginning.
void to_path(std::string& path);

}  // namespace squall::generators
