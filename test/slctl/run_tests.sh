#!/bin/sh
# tools/run-tests: what must not look like success.
. test/slctl/lib.sh

if [ "$(id -u)" = 0 ]; then
	echo "1..0 # SKIP tools/run-tests is not for root"
	exit 0
fi

# Both end before anything is built or removed.
# tests PATTERN SUITE: leaves $code, $out and the counts
tests() {
	: >"$work/counts"
	code=0
	out=$(SL_COUNTS=$work/counts TESTS=$1 sh tools/run-tests "$2" 2>&1) || code=$?
	counts=$(cat "$work/counts")
}

tests 'nosuch*' sh
is "$code|$out|$counts" \
	"1|run-tests: no test matches \"nosuch*\" in: sh|$(printf '0\t1\tno test matches nosuch*')" \
	'a pattern that matches nothing is a failure'
tests '*' nosuite
is "$code|$out" '1|run-tests: no such suite: nosuite' 'and so is a suite that is none'

finish
