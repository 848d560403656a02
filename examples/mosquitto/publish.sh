#!/usr/bin/env bash
# Publishes readings of a second solar plant behind the demo's gateway: publish.sh [--count N]
set -euo pipefail

here=$(dirname "$0")
data=${NOVACORE_DATA_DIR:-$here/../../.novacore}
value() { sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}$/\1/p" "$data/demo.json"; }
[ -r "$data/demo.json" ] || { echo "There is no $data/demo.json; run npm start first." >&2; exit 1; }
serial=$(value gateway_serial)
count=10
[ "${1:-}" = --count ] && count=$2

# The first time this makes the device; later it changes nothing.
device="{\"gateway_serial\": \"$serial\", \"site_id\": \"$(value site_id)\", \"hardware_id\": \"balcony\",
  \"device_type\": \"inverter\", \"name\": \"Balcony\", \"ders\": [{\"name\": \"balcony\", \"type\": \"solar\"}]}"
printf 'Authorization: Bearer %s' "$(value token)" |
  curl --silent --show-error --fail --output /dev/null -H @- \
    -H 'Content-Type: application/json' --data "$device" "$(value base_url)/devices/provision"

# mosquitto_pub reads $XDG_CONFIG_HOME/mosquitto_pub: options, one a line.
XDG_CONFIG_HOME=$(mktemp -d)
export XDG_CONFIG_HOME
trap 'rm -rf "$XDG_CONFIG_HOME"' EXIT
mqtt=$(value mqtt_url)
address=${mqtt#*://}
(
  umask 077
  cat >"$XDG_CONFIG_HOME/mosquitto_pub" <<OPTIONS
-h ${address%:*}
-p ${address##*:}
-u $serial
-P $(node "$here/login-jwt.mjs" "$serial" "$data/demo/gateway-key.pem")
OPTIONS
)

topic=gateways/$serial/devices/balcony/ders/balcony/telemetry/json/v1
for ((i = 1; i <= count; i++)); do
  now=$(node -p 'Date.now()')
  reading="{\"type\": \"pv\", \"timestamp\": $now, \"W\": -$((300 + i)), \"V\": 231.4}"
  mosquitto_pub -q 1 -t "$topic" -m "$reading"
  echo "acknowledged: $reading"
done
