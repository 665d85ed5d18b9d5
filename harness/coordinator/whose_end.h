#pragma once

#include <string>
#include <vector>

#include <control.pb.h>

#include "harness/base/result.h"
#include "harness/coordinator/seat.h"

namespace squall::coordinator {

/// Of which agent of this run the process has ended, as a witness says in `hello` that is known as
/// `name`. It speaks for that agent alone, and for the one process of which it was told: an Error
/// when it is of another run, of nobody in it, or of another process, such as one before or after.
Result<Seat*> whose_end(std::vector<Seat>& seats, const std::string& run_id,
                        const std::string& name, const wire::Hello& hello);

}  // namespace squall::coordinator
