#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/base/result.h"

namespace squall::generators {

/// `${random.int(LOW,HIGH)}`: a whole number, both ends included.
struct RandomInt {
  std::int64_t low = 0;
  std::int64_t high = 0;
  bool operator==(const RandomInt&) const = default;
};

/// `${random.uuid}`: a version 4 UUID (RFC 9562 §5.4).
struct RandomUuid {
  bool operator==(const RandomUuid&) const = default;
};

/// `${seq}`: the number of the request within its load, from 0, over all shards.
struct Sequence {
  bool operator==(const Sequence&) const = default;
};

/// `${data.TABLE.COLUMN}`: a value of the row that this request uses.
struct DataColumn {
  std::string table;
  std::string column;
  bool operator==(const DataColumn&) const = default;
};

/// `${name}`: a value that an earlier step of the flow took from its answer.
struct TakenValue {
  std::string name;
  bool operator==(const TakenValue&) const = default;
};

/// Text with holes that are filled anew for each request.
///
/// Lifecycle:  a value, parsed once when the scenario is read.
/// Threads:    immutable, any thread may read it.
/// Errors:     only parse() can fail; it names the placeholder that it could not read.
struct Template {
  using Part = std::variant<std::string, RandomInt, RandomUuid, Sequence, DataColumn, TakenValue>;
  std::vector<Part> parts;

  /// `$${` stands for a literal `${`. Text without a placeholder is one part (or none, if empty).
  static Result<Template> parse(std::string_view text);

  /// True when every request gets the same text.
  bool is_constant() const;
  /// The text of a constant template.
  std::string constant_text() const;

  bool operator==(const Template&) const = default;
};

}  // namespace squall::generators
