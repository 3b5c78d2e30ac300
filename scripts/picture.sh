#!/bin/sh
# The top of a report as a picture, for a README: verdict, layers at a glance.
# usage: picture.sh REPORT.html OUT.png [HEIGHT]
set -eu
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
    { echo "picture.sh: chromium is not installed: apt-get install chromium" >&2; exit 5; }
"$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --force-device-scale-factor=1 \
    --window-size=1100,"${3:-640}" --screenshot="$2" "file://$(realpath "$1")" >/dev/null 2>&1
[ -s "$2" ] || { echo "picture.sh: no picture of $1 was made" >&2; exit 5; }
