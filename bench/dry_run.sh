#!/bin/sh
# What sl_dry_run costs against the scripts themselves: bench/run's history of
# 1,000 revisions, run, measured and rolled back, against the same statements
# by psql -1 and by SPI alone, rolled back as well.
#
#   bench/dry_run.sh [--rounds N] [--revisions N]
#
# Interleaved, a new database each, ratios are medians of the rounds' ratios.
# Prints Markdown.
set -eu
cd "$(dirname "$0")/.."
exec python3 - "$@" <<'PY'
import argparse
import importlib.machinery
import importlib.util
import os
import tempfile

loader = importlib.machinery.SourceFileLoader("bench_run", "bench/run")
spec = importlib.util.spec_from_loader("bench_run", loader)
bench = importlib.util.module_from_spec(spec)
bench.__dict__["__file__"] = os.path.abspath("bench/run")
loader.exec_module(bench)

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=9)
parser.add_argument("--revisions", type=int, default=1000)
args = parser.parse_args()


def history(tmp, name, make):
    directory = os.path.join(tmp, name)
    names = bench.write_history(directory, args.revisions, make)
    bench.pushed_template("bench_pushed", directory)
    library = bench.build_spi_alone(tmp)
    bench.create_db("bench_empty")
    bench.create_db("bench_spi")
    bench.psql("bench_spi", "CREATE FUNCTION spi_alone(text[]) RETURNS int "
               "LANGUAGE c STRICT AS '%s', 'spi_alone'; "
               "CREATE TABLE script (n serial, s text)" % library)
    fill = os.path.join(tmp, "scripts.sql")
    with open(fill, "w") as f:
        for i in range(args.revisions):
            for s in make(i):
                f.write("INSERT INTO script (s) VALUES ($bench$%s$bench$);\n"
                        % s)
    bench.psql("bench_spi", file=fill, args=["-1"])
    one = os.path.join(tmp, "all.sql")
    with open(one, "w") as out:
        out.write("BEGIN;\n")
        for path in names:
            with open(path) as f:
                out.write(f.read())
        out.write("ROLLBACK;\n" + bench.CPU + ";\n")
    return one


def part(tmp, title, name, make):
    one = history(tmp, name, make)
    quiet = "SET client_min_messages = warning; "

    def run_psql(db):
        with open(one) as f:
            return bench.psql(db, stdin=f)

    bench.compare(title, {
        "sl_dry_run": ("bench_pushed", lambda db: bench.psql(db, args=[
            "-c", quiet + "SELECT count(*) FROM sl_dry_run(NULL, "
            "'{\"dry_run_hold\": 0}')", "-c", bench.CPU])),
        "psql -q, BEGIN ... ROLLBACK": ("bench_empty", run_psql),
        "SPI alone, rolled back": ("bench_spi", lambda db: bench.psql(
            db, args=["-c", quiet, "-c", "BEGIN",
                      "-c", "SELECT spi_alone(array_agg(s ORDER BY n)) "
                      "FROM script", "-c", "ROLLBACK", "-c", bench.CPU])),
    }, args.rounds, [
        ("sl_dry_run", "psql -q, BEGIN ... ROLLBACK", 1.3),
        ("sl_dry_run", "SPI alone, rolled back", 1.3)])


def rows(i):
    """A table of ten thousand rows now and then, and what is done to it."""
    t = "bench_%d" % (i // 10)
    if i % 10 == 0:
        return ["CREATE TABLE %s AS SELECT i AS id, i::text AS name "
                "FROM generate_series(1, 10000) i" % t]
    if i % 10 == 1:
        return ["ALTER TABLE %s ADD PRIMARY KEY (id)" % t]
    if i % 10 == 2:
        return ["ALTER TABLE %s ALTER name TYPE varchar(64)" % t]
    return ["CREATE INDEX ON %s (name, (id + %d))" % (t, i % 10)]


bench.start_server()
bench.machine()
with tempfile.TemporaryDirectory(prefix="slbench.", dir="/tmp") as tmp:
    os.chmod(tmp, 0o755)
    part(tmp, "%d revisions, empty tables" % args.revisions, "growing",
         bench.growing)
    args.revisions //= 10
    part(tmp, "%d revisions, tables of 10,000 rows" % args.revisions, "rows",
         rows)
for db in ("pushed", "empty", "spi"):
    bench.psql("postgres", "DROP DATABASE IF EXISTS bench_%s" % db)
PY
