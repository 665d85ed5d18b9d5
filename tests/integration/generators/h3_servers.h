#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/integration/generators/load_fixture.h"
#include "tests/support/real_server.h"

namespace squall::test {

/// caddy (quic-go) with HTTP/3 beside HTTP/2 and a line per request in access.log, serving an
/// index.html, what `site` has besides (in its words), and what else is in the folder. Makes a
/// certificate, unless there is one.
inline Result<RealServer> start_caddy(const TemporaryFolder& folder, std::uint16_t port,
                                      const std::string& tls_options = {},
                                      const std::string& site = {}) {
  folder.write("index.html", "hello\n");
  if (!std::filesystem::exists(folder.file("cert.pem"))) {
    if (auto made = make_certificate(folder); !made) return std::move(made).error();
  }
  const std::string where = std::to_string(port);
  folder.write("Caddyfile",
               "{\n admin off\n auto_https off\n default_sni localhost\n"
               " grace_period 100ms\n servers {\n  strict_sni_host insecure_off\n }\n"
               "}\nhttps://127.0.0.1:" +
                   where + ", https://localhost:" + where + " {\n bind 127.0.0.1\n tls " +
                   folder.file("cert.pem") + " " + folder.file("key.pem") + " {\n" + tls_options +
                   "\n }\n" + site + "\n root * " + folder.path().string() +
                   "\n handle /upload {\n  request_body {\n   max_size 100MB\n  }\n"
                   "  respond \"taken\" 201\n }\n file_server\n log {\n  output file " +
                   folder.file("access.log") + " {\n   roll_disabled\n  }\n }\n}\n");
  // It binds its TCP port first: one that takes connections may yet refuse datagrams.
  return RealServer::start_udp(
      {"env", "HOME=" + folder.path().string(), "XDG_DATA_HOME=" + folder.path().string(),
       "XDG_CONFIG_HOME=" + folder.path().string(), "caddy", "run", "--config",
       folder.file("Caddyfile"), "--adapter", "caddyfile"},
      port, folder.file("caddy.log"));
}

/// gtlsserver (ngtcp2), which answers /N with N bytes, and uploads when they are whole.
inline Result<RealServer> start_gtlsserver(const TemporaryFolder& folder, std::uint16_t port,
                                           std::vector<std::string> options = {}) {
  folder.write("index.html", "hello\n");
  if (!std::filesystem::exists(folder.file("cert.pem"))) {
    if (auto made = make_certificate(folder); !made) return std::move(made).error();
  }
  std::vector<std::string> command{"gtlsserver", "--quiet", "--htdocs=" + folder.path().string()};
  for (std::string& option : options) command.push_back(std::move(option));
  for (const std::string& word : {std::string("127.0.0.1"), std::to_string(port),
                                  folder.file("key.pem"), folder.file("cert.pem")}) {
    command.push_back(word);
  }
  return RealServer::start_udp(std::move(command), port, folder.file("gtlsserver.log"));
}

/// The errors of a cell, for messages: "tls 3, closed 1".
inline std::string errors_of(const SecondCell& cell) {
  std::string words;
  for (std::size_t i = 0; i < reports::kErrorClasses; ++i) {
    if (cell.errors.at(i) == 0) continue;
    words += (words.empty() ? "" : ", ") +
             std::string(reports::to_string(static_cast<ErrorClass>(i))) + " " +
             std::to_string(cell.errors.at(i));
  }
  for (const auto& [status, count] : cell.status) {
    words += "; " + std::to_string(status) + ": " + std::to_string(count);
  }
  return words;
}

/// A target that speaks HTTP/3 to a server with the folder's certificate, and verifies it.
inline TargetSpec h3_target(const TemporaryFolder& folder, std::uint16_t port,
                            std::size_t connections, std::size_t streams) {
  TargetSpec target = target_at(port, generators::Protocol::kH3, connections, streams);
  target.tls.ca = folder.file("cert.pem");
  return target;
}

}  // namespace squall::test
