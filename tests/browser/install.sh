#!/bin/sh
# Has Chromium ready for the browser tests: installs Debian's as root, asks kindly otherwise.
if command -v chromium >/dev/null 2>&1; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing Chromium for the browser tests"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
else
  echo "Browser tests need Chromium; without it they are skipped. On Debian: sudo apt-get install chromium fonts-dejavu-core"
fi
