#include "harness/coordinator/whose_end.h"

#include <algorithm>
#include <system_error>

#include "harness/base/reason.h"

namespace squall::coordinator {

Result<Seat*> whose_end(std::vector<Seat>& seats, const std::string& run_id,
                        const std::string& name, const wire::Hello& hello) {
  const auto no = [&name](const std::string& why) {
    return reason(std::errc::operation_not_permitted, "a witness of agent " + name + why);
  };
  if (hello.run_id() != run_id) return no(" tells of another run");
  const auto seat = std::find_if(seats.begin(), seats.end(),
                                 [&name](const Seat& one) { return one.name == name; });
  if (seat == seats.end()) return no(", which is not in this run");
  if (seat->process.empty() || hello.process() != seat->process) {
    return no(" tells of another process");
  }
  return &*seat;
}

}  // namespace squall::coordinator
