#!/bin/sh
# The web snippet as it is served (standard output), from its readable source (standard input).
exec "$(dirname "$0")"/node_modules/.bin/terser --ecma 2020 --compress passes=2 --mangle
