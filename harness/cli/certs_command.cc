#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "harness/base/reason.h"
#include "harness/cli/commands.h"
#include "harness/cli/fleet_options.h"
#include "harness/trust/authority.h"
#include "harness/trust/certificate_files.h"

namespace squall::cli {
namespace {

using trust::Identity;

constexpr const char* kAuthority = "ca";
constexpr std::size_t kLongestName = 64;  // Bytes: RFC 5280, ub-common-name.

Result<std::filesystem::path> make_authority(const CertsCommand& command) {
  const std::filesystem::path folder = command.folder;
  if (command.name.empty() || command.name.size() > kLongestName) {
    return error(std::errc::invalid_argument,
                 fmt::format("--name: expected 1 to {} bytes", kLongestName));
  }
  std::error_code failed;
  if (std::filesystem::create_directories(folder, failed)) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failed);
  }
  if (failed) return Error{failed, "make the folder " + folder.string()};
  SQUALL_TRY(const trust::Authority authority,
             trust::Authority::make(command.name, std::chrono::days(command.days)));
  if (auto written = trust::write_new(folder / kAuthority, authority.pem()); !written) {
    return std::move(written).error();
  }
  return folder / kAuthority;
}

Result<Identity> read_identity(const CertsCommand& command) {
  Identity identity;
  identity.role = command.what == CertsCommand::What::kAgent ? Identity::Role::kAgent
                                                             : Identity::Role::kCoordinator;
  identity.name = command.name;
  if (!trust::is_name(command.name)) {
    return error(
        std::errc::invalid_argument,
        fmt::format("--name {}: expected 1 to 63 letters, digits, '.', '-' or '_'", command.name));
  }
  SQUALL_TRY(identity.labels, read_labels(command.labels));
  return identity;
}

Result<std::filesystem::path> issue(const CertsCommand& command) {
  const std::filesystem::path folder = command.folder;
  SQUALL_TRY(const Identity identity, read_identity(command));
  auto files = trust::read_files(folder / kAuthority);
  if (!files) {
    return std::move(files).error().within(
        fmt::format("no authority in {}: squall certs init makes one", folder.string()));
  }
  SQUALL_TRY(const trust::Authority authority, trust::Authority::read(*files));
  SQUALL_TRY(const trust::Pem pem, authority.issue(identity, std::chrono::days(command.days)));
  const auto stem = folder / fmt::format("{}-{}", trust::in_words(identity.role), identity.name);
  if (auto written = trust::write_new(stem, pem); !written) return std::move(written).error();
  return stem;
}

}  // namespace

int certs(const CertsCommand& command) {
  const auto stem =
      command.what == CertsCommand::What::kAuthority ? make_authority(command) : issue(command);
  if (!stem) {
    const Error& failure = stem.error();
    fmt::print(stderr, "squall certs: {}\n", in_words(failure));
    return kExitUsage;
  }
  fmt::print("{0}.pem\n{0}.key\n", stem->string());
  return kExitOk;
}

}  // namespace squall::cli
