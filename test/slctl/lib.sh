# lib.sh: what the tests of slctl share; to be sourced.
#
# Each test is a shell script that prints TAP and runs in the top of the tree:
#   prove --exec dash test/slctl/head.sh
set -u

: "${SLCTL:=$PWD/bin/slctl}"
work=$(mktemp -d)
mkdir "$work/tmp"
TMPDIR=$work/tmp
export TMPDIR
trap 'rm -rf "$work"' EXIT
# for the tests
# shellcheck disable=SC2034
nl='
'
count=0

# note TEXT: a diagnostic
note() {
	printf '%s\n' "$1" | sed 's/^/# /'
}

# is GOT WANTED NAME
is() {
	count=$((count + 1))
	if [ "$1" = "$2" ]; then
		printf 'ok %d - %s\n' "$count" "$3"
	else
		printf 'not ok %d - %s\n' "$count" "$3"
		note "     got: $1"
		note "expected: $2"
	fi
}

# run ARGUMENTS...: slctl; leaves $out, $err and $code
run() {
	code=0
	"$SLCTL" "$@" </dev/null >"$work/out" 2>"$work/err" || code=$?
	out=$(cat "$work/out")
	err=$(cat "$work/err")
}

# gives NAME CODE OUT ERR ARGUMENTS...: run, and hold all three against it
gives() {
	name=$1 want_code=$2 want_out=$3 want_err=$4
	shift 4
	run "$@"
	is "$code|$out|$err" "$want_code|$want_out|$want_err" "$name"
}

# file NAME TEXT: a file below $dir, TEXT as printf's format
file() {
	case $1 in
	*/*) mkdir -p "$dir/${1%/*}" ;;
	esac
	# the text is a format, so that it can have any byte
	# shellcheck disable=SC2059
	printf -- "$2" >"$dir/$1"
}

# fresh: a new empty $dir
fresh() {
	dir=$(mktemp -d "$work/dir.XXXXXX")
}

finish() {
	printf '1..%d\n' "$count"
}
