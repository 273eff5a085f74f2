# shellcheck shell=bash
# What the tests of this folder share. Sourced.

set -euo pipefail

points=0
failures=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# check NAME COMMAND...: a point; what a command that failed has said is told.
check() {
	local name=$1
	shift
	points=$((points + 1))
	if "$@" >"$scratch/said" 2>&1; then
		echo "ok $points - $name"
	else
		failures=$((failures + 1))
		echo "not ok $points - $name"
		sed 's/^/# /' "$scratch/said"
	fi
}

# is NAME GOT EXPECTED
is() {
	check "$1" diff <(echo "$2") <(echo "$3")
}

finish() {
	echo "1..$points"
	[ "$failures" = 0 ]
}
