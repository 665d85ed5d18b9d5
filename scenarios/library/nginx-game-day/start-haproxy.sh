#!/usr/bin/env bash
# Becomes a haproxy on 127.0.0.1:PORT (HTTP/2 over TLS) in front of the backends on the other ports.
#   start-haproxy.sh PORT BACKEND_PORT...
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin
port=$1
shift
for tool in haproxy openssl; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed: apt-get install $tool" >&2; exit 1; }
done
dir=${TMPDIR:-/tmp}/squall-nginx-game-day-$(id -u)/$port
mkdir -p "$dir"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
  -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null
cat "$dir/cert.pem" "$dir/key.pem" >"$dir/both.pem"
{
  cat <<CONF
global
  maxconn 2000
defaults
  mode http
  timeout connect 500ms
  timeout client 10s
  timeout server 2s
  timeout check 300ms
  option redispatch
  retries 2
frontend edge
  bind 127.0.0.1:$port ssl crt $dir/both.pem alpn h2,http/1.1
  default_backend nginx
backend nginx
  balance roundrobin
  option httpchk GET /health
  default-server ssl verify none alpn h2 check check-alpn http/1.1 inter 300ms fall 2 rise 2 on-marked-down shutdown-sessions
CONF
  number=0
  for backend in "$@"; do
    number=$((number + 1))
    echo "  server nginx$number 127.0.0.1:$backend"
  done
} >"$dir/haproxy.cfg"
exec haproxy -db -f "$dir/haproxy.cfg"
