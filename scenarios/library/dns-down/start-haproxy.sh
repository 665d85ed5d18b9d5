#!/usr/bin/env bash
# Becomes a haproxy on 127.0.0.1:PORT (HTTP/2 in clear text) before web.example:BACKEND_PORT, whose
# address it asks the name server at 127.0.0.1:DNS_PORT for every second, and holds for HOLD after the
# last answer.
#   start-haproxy.sh PORT BACKEND_PORT DNS_PORT HOLD
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin
command -v haproxy >/dev/null || { echo 'haproxy is not installed: apt-get install haproxy' >&2; exit 1; }
dir=${TMPDIR:-/tmp}/squall-dns-down-$(id -u)
mkdir -p "$dir"
cat >"$dir/haproxy.cfg" <<CONF
global
  maxconn 2000
resolvers names
  nameserver local 127.0.0.1:$3
  resolve_retries 2
  timeout resolve 500ms
  timeout retry 200ms
  hold valid 500ms
  hold timeout $4
  hold obsolete $4
defaults
  mode http
  timeout connect 500ms
  timeout client 10s
  timeout server 2s
frontend edge
  bind 127.0.0.1:$1 proto h2
  default_backend web
backend web
  server web web.example:$2 resolvers names resolve-prefer ipv4 init-addr none
CONF
exec haproxy -db -f "$dir/haproxy.cfg"
