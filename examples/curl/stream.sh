#!/usr/bin/env bash
# Prints the demo site's event stream: stream.sh [--count N]
set -euo pipefail

demo=${NOVACORE_DATA_DIR:-$(dirname "$0")/../../.novacore}/demo.json
value() { sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}$/\1/p" "$demo"; }

events=-1 # head: everything but the last line, which never comes
[ "${1:-}" = --count ] && events=$(($2 * 3)) # an event is id, data and an empty line

printf 'Authorization: Bearer %s' "$(value token)" |
  curl --silent --show-error --fail --no-buffer -H @- \
    "$(value base_url)/stream/sites/$(value site_id)" |
  grep --line-buffered -v '^:' |
  head -n "$events"
