#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "scenarios/parse/mistakes.h"
#include "scenarios/parse/node.h"

namespace squall::scenarios {

/// Bounds on what a file may hold, so that no file, however made, costs more than a moment.
constexpr std::size_t kMostText = std::size_t{1} << 20U;      ///< Bytes of a file.
constexpr std::size_t kMostDepth = 64;                        ///< Maps and lists inside each other.
constexpr std::size_t kMostNodes = 50'000;                    ///< Values, aliases written out.
constexpr std::size_t kMostExpanded = std::size_t{8} << 20U;  ///< Bytes, aliases written out.

/// Reads one YAML document from source `source`; none when it cannot be told apart into nodes.
/// Adds a mistake for what yaml-cpp lets pass: keys given twice, several documents, tags.
std::optional<Node> read_yaml(std::string_view text, std::size_t source, Mistakes& mistakes);

/// `node` as YAML in block style, comments lost; read_yaml() makes the same node of it.
std::string to_yaml(const Node& node);

}  // namespace squall::scenarios
