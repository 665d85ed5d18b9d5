#include "harness/base/version.h"

namespace squall {

std::string_view version() { return SQUALL_VERSION; }

}  // namespace squall
