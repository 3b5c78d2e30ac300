#!/bin/sh
# page_valid.sh WRITE_EXAMPLE: the page is well-formed XML as well as HTML, so every element is closed and every text
# escaped. 77: there is no xmllint.
set -eu
if ! command -v xmllint >/dev/null; then
  echo "SKIP: no xmllint on this machine"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" "$work/samples.jsonl" html >"$work/report.html"
xmllint --noout --nonet "$work/report.html"
"$1" "$work/samples.jsonl" html hostile >"$work/hostile.html"
xmllint --noout --nonet "$work/hostile.html"
doubled=$(grep -o ' id="[^"]*"' "$work/report.html" | sort | uniq -d)
[ -z "$doubled" ] || { echo "ids used twice:$doubled"; exit 1; }
