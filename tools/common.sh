# Shared by the scripts of this folder and by test/server; to be sourced with
# $top set to the root of the source tree.

say() {
	printf '%s\n' "$*"
}

warn() {
	printf '%s\n' "$*" >&2
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# What could not be tried must be seen, and is not a failure.
not_run() {
	printf '\n################ NOT RUN: %s\n\n' "$*"
}

# count WHAT PASSED FAILED: one line a suite; summary adds them up.
count() {
	[ -z "${SL_COUNTS:-}" ] || printf '%s\t%s\t%s\n' "$2" "$3" "$1" >>"$SL_COUNTS"
}

# summary FILE: the line that a run ends with; false if anything failed, and
# if nothing ran at all.
summary() {
	awk -F '\t' '
		{ passed += $1; failed += $2 }
		END {
			printf "%d passed, %d failed\n", passed, failed
			exit (failed > 0 || passed == 0)
		}' "$1"
}

# The user who runs servers and tests: PostgreSQL refuses to run as root.
# Whoever is not root runs as himself.
run_user() {
	if [ "$(id -u)" != 0 ]; then
		id -un
		return
	fi
	id postgres >/dev/null 2>&1 ||
		useradd --system --user-group --no-create-home --home-dir /nonexistent \
			--shell /usr/sbin/nologin postgres ||
		die "there is no user postgres, and it could not be created"
	echo postgres
}

# as_run_user COMMAND...
as_run_user() {
	if [ "$(id -u)" = 0 ]; then
		runuser -u "$(run_user)" -- "$@"
	else
		"$@"
	fi
}

# Can the user who runs the server get at this directory?
reachable() {
	as_run_user test -x "$1/." 2>/dev/null
}

# scratch_dir NAME: a directory for what is built and run, made if needed:
# below tmp/ of the tree, or below /tmp when the tree cannot be written or is
# out of reach of the user who runs the server (a parent with mode 700).
scratch_dir() {
	if { [ -d "$top/tmp" ] || mkdir "$top/tmp" 2>/dev/null; } &&
		[ -w "$top/tmp" ] && reachable "$top/tmp"; then
		# what root makes in somebody's tree stays that person's
		if [ "$(id -u)" = 0 ]; then
			chown --reference="$top" "$top/tmp"
		fi
		base=$top/tmp
	else
		base=/tmp/schema_lifecycle.$(id -u).$(printf %s "$top" | cksum | cut -d' ' -f1)
		# in /tmp anybody could have been there first
		if ! mkdir -m 755 "$base" 2>/dev/null; then
			if [ -L "$base" ] || [ ! -d "$base" ] ||
				[ "$(stat -c %u "$base")" != "$(id -u)" ]; then
				die "$base is in the way: it belongs to somebody else"
			fi
		fi
	fi
	# root was here before: both can have their own
	if [ -d "$base/$1" ] && [ "$(id -u)" != 0 ] && [ ! -w "$base/$1" ]; then
		set -- "$1.$(id -u)"
	fi
	mkdir -p "$base/$1"
	printf '%s\n' "$base/$1"
}

# source_files: the names of the tree's files, each ended by a NUL: what git
# knows or would add; all but what a build leaves when this is no checkout.
source_files() {
	if ! git -c safe.directory='*' -C "$top" ls-files -z --cached --others \
		--exclude-standard 2>/dev/null; then
		cd "$top" && find . \( -path ./tmp -o -path ./.git -o -name results \
			-o -name tmp_check -o -name output_iso \) -prune -o -type f \
			! -name '*.o' ! -name '*.so' ! -name '*.bc' -print0
	fi | (cd "$top" && perl -0 -ne 'chomp; print "$_\0" if -e || -l')
}

# copy_source DIR [COMMAND...]: the tree as it is now, copied to DIR by
# COMMAND (runuser, chroot): objects of an earlier copy stay, so that only
# what changed is compiled again.
copy_source() {
	dir=$1
	shift
	"$@" sh -c 'mkdir -p "$1" && cd "$1" &&
		find . -path ./tmp -prune -o \( -type f -o -type l \) ! -name "*.o" \
			-exec rm -f {} +' copy "$dir" &&
		source_files |
		tar -C "$top" --create --null --no-recursion --files-from=- |
		"$@" tar -C "$dir" --extract --no-same-owner
}
