#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "faults/process/process_table.h"

namespace squall::faults {

/// Reads /proc/PID/stat (proc(5)); none for text that is no such line. The name may hold spaces,
/// parentheses and newlines: it ends at the last ')'.
std::optional<ProcessInfo> parse_stat(std::string_view text);

/// The line "Max open files" of /proc/PID/limits (proc(5)), without those that are open.
std::optional<FilesLimit> parse_files_limit(std::string_view text);

/// The inodes of the sockets that listen on `port`, from /proc/net/tcp or tcp6 (`listening` state)
/// or udp or udp6 (bound and not connected). Lines that make no sense are passed over.
std::set<std::uint64_t> parse_listening(std::string_view text, std::uint16_t port, bool udp);

/// The ports of all such sockets, by inode.
std::map<std::uint64_t, std::uint16_t> parse_listening(std::string_view text, bool udp);

/// The inode in the target of a link in /proc/PID/fd, "socket:[12345]"; none for other links.
std::optional<std::uint64_t> parse_socket_link(std::string_view link);

}  // namespace squall::faults
