#!/usr/bin/env bash
# Prints the demo site's event stream: stream.sh [--count N]
set -eu

demo=${NOVACORE_DATA_DIR:-$(dirname "$0")/../../.novacore}/demo.json
[ -r "$demo" ] || { echo "There is no $demo; run npm start first." >&2; exit 1; }
value() { sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}$/\1/p" "$demo"; }

events=-1 # without end
[ "${1:-}" = --count ] && events=$2

# Ending after N events closes the pipe, which curl calls an error (23); its other errors are shown.
printf 'Authorization: Bearer %s' "$(value token)" |
  curl --silent --show-error --fail --no-buffer -H @- \
    "$(value base_url)/stream/sites/$(value site_id)" 2> >(grep -v '^curl: (23)' >&2) |
  awk -v left="$events" '
    !/^:/ { print; fflush() }
    /^data:/ && --left == 0 { exit }
    END { exit left != 0 }'
