#!/usr/bin/env bash
# Becomes a caddy that serves HTTP/1.1, HTTP/2 and HTTP/3 on 127.0.0.1:PORT, with a certificate made
# here.
#   start-caddy.sh PORT
set -euo pipefail
port=$1
for tool in caddy openssl; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed: apt-get install $tool" >&2; exit 1; }
done
dir=${TMPDIR:-/tmp}/squall-caddy-h2-h3-$(id -u)/$port
mkdir -p "$dir/html"
chmod 755 "${dir%/*}" "$dir" "$dir/html"
echo 'squall over caddy' >"$dir/html/index.html"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
  -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null
cat >"$dir/Caddyfile" <<CONF
{
  admin off
  auto_https off
  default_sni localhost
  grace_period 100ms
}
https://127.0.0.1:$port, https://localhost:$port {
  bind 127.0.0.1
  tls $dir/cert.pem $dir/key.pem
  root * $dir/html
  respond /health ok 200
  file_server
}
CONF
export HOME=$dir XDG_DATA_HOME=$dir XDG_CONFIG_HOME=$dir
exec caddy run --config "$dir/Caddyfile" --adapter caddyfile
