#!/usr/bin/env bash
# Becomes an nginx that serves HTTP/2 over TLS on 127.0.0.1:PORT, with a certificate made here.
#   start-nginx.sh PORT
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin
port=$1
for tool in nginx openssl; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed: apt-get install $tool" >&2; exit 1; }
done
dir=${TMPDIR:-/tmp}/squall-nginx-game-day-$(id -u)/$port
mkdir -p "$dir/html" "$dir/tmp"
chmod 755 "${dir%/*}" "$dir" "$dir/html"
echo 'squall game day' >"$dir/html/index.html"
echo 'ok' >"$dir/html/health"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
  -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null
cat >"$dir/nginx.conf" <<CONF
daemon off;
worker_processes 1;
pid $dir/nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path $dir/tmp/body;
  proxy_temp_path $dir/tmp/proxy;
  fastcgi_temp_path $dir/tmp/fastcgi;
  uwsgi_temp_path $dir/tmp/uwsgi;
  scgi_temp_path $dir/tmp/scgi;
  server {
    listen 127.0.0.1:$port ssl http2;
    ssl_certificate $dir/cert.pem;
    ssl_certificate_key $dir/key.pem;
    keepalive_requests 1000000;
    root $dir/html;
  }
}
CONF
exec nginx -e stderr -c "$dir/nginx.conf"
