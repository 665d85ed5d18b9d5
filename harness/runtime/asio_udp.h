#pragma once

// The same door for UDP: by itself, as few need it and its compiling costs all the others.

#include <boost/asio/ip/udp.hpp>

#include "harness/runtime/asio.h"
