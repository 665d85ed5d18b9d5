#pragma once

#include <cstdint>
#include <string>

#include "tests/support/real_server.h"

namespace squall::test {

/// What differs from nginx to nginx in the tests of protocols and TLS.
struct NginxOptions {
  std::string listen;    ///< After the port: "ssl http2", "ssl", or nothing.
  std::string settings;  ///< Of the server.
};

/// nginx as `options` say, with index.html, cert.pem and key.pem in `folder`. Each line of its
/// access.log says: request line, status, "r" when the TLS session was resumed, the connection's
/// number, the version of TLS, how many bytes the request had.
inline Result<RealServer> start_nginx_with(const TemporaryFolder& folder,
                                           const NginxOptions& options) {
  folder.write("index.html", "hello\n");
  if (!std::filesystem::exists(folder.file("cert.pem"))) {
    if (auto made = make_certificate(folder); !made) return std::move(made).error();
  }
  std::string temporary;
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    temporary += "  " + std::string(kind) + "_temp_path " + folder.file(kind) + ";\n";
  }
  const std::uint16_t port = free_port();
  folder.write(
      "nginx.conf",
      "daemon off;\nworker_processes 1;\npid " + folder.file("nginx.pid") + ";\nerror_log " +
          folder.file("error.log") + ";\nevents { worker_connections 1024; }\nhttp {\n" +
          temporary +
          "  log_format plain '$request|$status|$ssl_session_reused|$connection|$ssl_protocol|'\n"
          "    '$request_length';\n"
          "  access_log " +
          folder.file("access.log") +
          " plain;\n  server {\n"
          "    listen 127.0.0.1:" +
          std::to_string(port) + " " + options.listen + ";\n    ssl_certificate " +
          folder.file("cert.pem") + ";\n    ssl_certificate_key " + folder.file("key.pem") +
          ";\n    root " + folder.path().string() + ";\n    " + options.settings + "\n  }\n}\n");
  return RealServer::start({"nginx", "-c", folder.file("nginx.conf"), "-p", folder.path().string(),
                            "-e", folder.file("error.log")},
                           port, folder.file("nginx.out"));
}

}  // namespace squall::test
