#pragma once

#include <fstream>
#include <string>

#include "tests/support/real_server.h"

namespace squall::test {

/// nghttpd without TLS, serving an index.html.
inline Result<RealServer> start_nghttpd(const TemporaryFolder& folder, std::uint16_t port) {
  folder.write("index.html", "hello\n");
  return RealServer::start({"nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", folder.path().string(),
                            std::to_string(port)},
                           port, folder.file("nghttpd.log"));
}

/// nghttpd with TLS and a fresh certificate, `cert.pem` in the folder.
inline Result<RealServer> start_nghttpd_tls(const TemporaryFolder& folder, std::uint16_t port) {
  folder.write("index.html", "hello\n");
  if (auto made = make_certificate(folder); !made) return std::move(made).error();
  return RealServer::start({"nghttpd", "-a", "127.0.0.1", "-d", folder.path().string(),
                            std::to_string(port), folder.file("key.pem"), folder.file("cert.pem")},
                           port, folder.file("nghttpd.log"));
}

/// nginx with HTTP/2 in clear text and a line per request in access.log.
inline Result<RealServer> start_nginx(const TemporaryFolder& folder, std::uint16_t port) {
  folder.write("index.html", "hello\n");
  folder.write("nginx.conf",
               "daemon off;\nworker_processes 1;\npid " + folder.file("nginx.pid") +
                   ";\nerror_log " + folder.file("error.log") +
                   ";\nevents { worker_connections 1024; }\nhttp {\n  access_log " +
                   folder.file("access.log") + ";\n  client_body_temp_path " + folder.file("body") +
                   ";\n  proxy_temp_path " + folder.file("proxy") + ";\n  fastcgi_temp_path " +
                   folder.file("fastcgi") + ";\n  uwsgi_temp_path " + folder.file("uwsgi") +
                   ";\n  scgi_temp_path " + folder.file("scgi") +
                   ";\n  keepalive_requests 1000000;\n  server {\n    listen 127.0.0.1:" +
                   std::to_string(port) + " http2;\n    root " + folder.path().string() +
                   ";\n  }\n}\n");
  return RealServer::start({"nginx", "-c", folder.file("nginx.conf"), "-p", folder.path().string(),
                            "-e", folder.file("error.log")},
                           port, folder.file("nginx.out"));
}

inline std::uint64_t lines_of(const std::string& file, const std::string& with) {
  std::ifstream text(file);
  std::uint64_t count = 0;
  for (std::string line; std::getline(text, line);) {
    if (line.find(with) != std::string::npos) ++count;
  }
  return count;
}

}  // namespace squall::test
