#pragma once

#include <cstddef>
#include <string>

#include "scenarios/parse/mistakes.h"
#include "scenarios/parse/node.h"
#include "scenarios/parse/parse.h"

namespace squall::scenarios {

/// "--set load.browse.open.stages.1.rate=2000/s", as messages name it.
std::string source_name(const Override& setting);

/// Puts the value of an override, the `source`-th, into the tree: maps by name, lists by index
/// from 0. Maps on the way are made where they are missing; whether the language knows their keys
/// is seen when the tree is read.
void apply(const Override& setting, std::size_t source, Node& root, Mistakes& mistakes);

/// Takes the part at `path` out of the tree, "faults" or "objectives.recovers"; what is not there
/// needs no taking. Of sections only, and of what is named in them.
void leave_out(const std::string& path, Node& root);

}  // namespace squall::scenarios
