#!/bin/bash
# sl_detect_drift() and sl_verify() against pg_dump -s, on the private server.
#
#   bench/truth.sh [ROUNDS]
#
# Two databases, of 10,000 and 500 tables; they stay for the next time, as
# making them takes minutes.  Runs are interleaved, and a ratio is the median
# of the rounds' ratios.  Prints Markdown.
set -eu

cd "$(dirname "$0")/.."
rounds=${1:-5}
test/server install
test/server start
eval "$(test/server env)"
export PGOPTIONS='-c client_min_messages=warning'
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
data=$(psql -XAtc 'SHOW data_directory')

make_database() { # NAME TABLES VIEWS
	if [ -n "$(psql -XAtc "SELECT 1 FROM pg_database WHERE datname = '$1'")" ]; then
		return
	fi
	createdb "$1"
	psql -Xq -v tables="$2" -v views="$3" -f bench/truth.sql "$1"
}

# the milliseconds of a call, what it found, and the most memory so far
cat >"$out/call.sql" <<'SQL'
SELECT clock_timestamp() AS t0 \gset
SELECT count(*) AS found FROM sl_detect_drift() \gset
SELECT extract(epoch FROM clock_timestamp() - :'t0'::timestamptz) * 1000, :found,
	substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s+(\d+)')::integer / 1024;
SQL

# one line of "ms|found|MB" for each word: call, or a statement of another session
session() { # DATABASE WORD...
	local db=$1 word
	shift
	for word; do
		case $word in
		call) echo "\\i $out/call.sql" ;;
		*) echo "\\! psql -Xq -d $db -c '$word'" ;;
		esac
	done | psql -XAtq -d "$db" -v ON_ERROR_STOP=1
}

# the median of the numbers of a file, one a line
median() {
	sort -g "$1" | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

ratio_row() { # NAME TARGET
	paste "$out/$1" "$out/dump" | awk '{ print $1 / $2 }' >"$out/ratio"
	awk -v name="$1" -v ms="$(median "$out/$1")" -v ratio="$(median "$out/ratio")" -v target="$2" \
		'BEGIN { printf "| %s | %.2f ms | %.4f | <= %s | %s |\n", name, ms, ratio, target, ratio <= target ? "yes" : "NO" }'
}

measure() { # DATABASE: into files of $out
	local db=$1 n
	rm -f "$out"/{dump,full,file,same,altered,hwm}
	for n in $(seq "$rounds"); do
		/usr/bin/env time -f %e -o "$out/time" pg_dump -s -d "$db" -f /dev/null
		awk '{ print $1 * 1000 }' "$out/time" >>"$out/dump"
		rm -f "$data"/pg_stat_tmp/schema_lifecycle_*
		session "$db" call >"$out/lines"
		awk -F'|' '{ print $1 }' "$out/lines" >>"$out/full"
		awk -F'|' '{ print $3 }' "$out/lines" >>"$out/hwm"
		session "$db" call call call call \
			"ALTER TABLE bench.table_7 ADD added_$n integer" call >"$out/lines"
		sed -n 1p "$out/lines" | cut -d'|' -f1 >>"$out/file"
		sed -n 2,4p "$out/lines" | cut -d'|' -f1 | sort -g | sed -n 2p >>"$out/same"
		sed -n 5p "$out/lines" | cut -d'|' -f1 >>"$out/altered"
		psql -Xqc "ALTER TABLE bench.table_7 DROP added_$n" "$db"
	done
}

make_database truth_big 10000 500
make_database truth_small 500 50
printf '%s; %s cores, load %s; %s; commit %s\n' "$(date +%F)" "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)" \
	"$(psql -XAtc 'SHOW server_version')" "$(git describe --always --dirty)"
for db in truth_big truth_small; do
	measure "$db"
	printf '\n### %s: %s facts; pg_dump -s %.0f ms\n\n' "$db" "$(psql -XAtc 'SELECT count(*) FROM sl_footprint' "$db")" \
		"$(median "$out/dump")"
	echo '| sl_detect_drift() | median | of pg_dump -s | target | met |'
	echo '|---|---|---|---|---|'
	ratio_row full 0.35
	ratio_row file 0.10
	ratio_row same 0.02
	ratio_row altered 0.10
	printf '\nThe most memory of the backend, shared buffers included: %s MB; the file: %s MB.\n' "$(sort -g "$out/hwm" | tail -n 1)" \
		"$(cat "$data"/pg_stat_tmp/schema_lifecycle_* | wc -c | awk '{ printf "%.1f", $1 / 1048576 }')"
done

# sl_verify(): the first call of a connection, and many of kept ones
for n in $(seq 9); do
	psql -XAtq truth_small <<'SQL'
SELECT clock_timestamp() AS t0 \gset
SELECT sl_verify() AS ok \gset
SELECT extract(epoch FROM clock_timestamp() - :'t0'::timestamptz) * 1000;
SQL
done >"$out/first"
printf '\ntruth_small: sl_verify() says %s; the first call of a connection %.1f ms (target 40).\n' \
	"$(psql -XAtc 'SELECT sl_verify()' truth_small)" "$(median "$out/first")"
echo 'SELECT sl_verify()' >"$out/verify.sql"
echo 'SELECT 1' >"$out/one.sql"
for script in one verify; do
	pgbench -n -M prepared -c 2 -j 2 -T 10 -f "$out/$script.sql" truth_small 2>"$out/pgbench.err" |
		awk -v name="$script" '/^tps/ { printf "pgbench, 2 connections, prepared, %s: %.0f a second (target for verify: 15000)\n", name, $3 }'
done
