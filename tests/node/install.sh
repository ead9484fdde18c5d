#!/bin/sh
# Installs the public JavaScript clients that tests run, and the minifier of the web snippet, as locked.
cd "$(dirname "$0")" || exit 1
if ! command -v npm >/dev/null 2>&1; then
  echo "Tests of JavaScript clients need Node.js 20 with npm; without it they are skipped."
  exit 0
fi
if [ -f node_modules/.lock ] && cmp -s package-lock.json node_modules/.lock; then exit 0; fi
echo "installing JavaScript clients for tests"
npm ci --silent --no-audit --no-fund --ignore-scripts && cp package-lock.json node_modules/.lock
