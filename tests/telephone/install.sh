#!/bin/sh
# Has SIPp and espeak-ng ready for the telephone tests: installs Debian's as root, asks kindly otherwise.
if command -v sipp >/dev/null 2>&1 && command -v espeak-ng >/dev/null 2>&1; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing SIPp and espeak-ng for the telephone tests"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends sip-tester espeak-ng >/dev/null
else
  echo "Telephone tests need SIPp and espeak-ng; without them they are skipped. On Debian: sudo apt-get install sip-tester espeak-ng"
fi
