#pragma once

#include <cstdint>
#include <string>

#include "generators/schedule/random.h"
#include "generators/spec/template.h"
#include "harness/base/result.h"

namespace squall::generators {

/// What the holes of one request's templates are filled from.
///
/// The random values are a function of the load's seed and the request's number: the same however
/// the load is split.
struct RenderSource {
  std::uint64_t number;
  Random random;

  RenderSource(std::uint64_t load_seed, std::uint64_t request_number)
      : number(request_number), random(random_at(load_seed, request_number)) {}
};

/// Says whether render() can fill `text`: values from data tables and flows are not supported yet.
Result<void> check_renderable(const Template& text);

/// Appends `text`, its holes filled, to `out`. Only for what check_renderable() accepts: other
/// holes stay empty.
void render(const Template& text, RenderSource& source, std::string& out);

}  // namespace squall::generators
