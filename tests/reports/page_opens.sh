#!/bin/sh
# page_opens.sh WRITE_EXAMPLE: opens the page in a headless browser with the network off: no word on its console (a
# blocked style or script would be one), and the script that the policy admits has run. 77: there is no browser.
set -eu
browser=
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && browser=$name && break
done
if [ -z "$browser" ]; then
  echo "SKIP: no chromium on this machine"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" "$work/samples.jsonl" html >"$work/report.html"
timeout 100 "$browser" --headless --no-sandbox --disable-gpu --no-first-run --user-data-dir="$work/profile" \
  --host-resolver-rules="MAP * ~NOTFOUND" --enable-logging=stderr --v=0 --dump-dom "file://$work/report.html" \
  >"$work/dom.html" 2>"$work/log" || { echo "SKIP: $browser does not start here"; tail -3 "$work/log"; exit 77; }
if grep CONSOLE "$work/log"; then
  echo "the page writes to the console"
  exit 1
fi
grep -q 'class="copy">Copy as Markdown' "$work/dom.html" || { echo "the script did not run"; exit 1; }
grep -q '<th[^>]*><button type="button">' "$work/dom.html" || { echo "the tables cannot be sorted"; exit 1; }
