"""`./run bench accuracy [options]`: how often detectors are right.

Scores every series of ../shared/data by every detector and rival. Results are stored in .bench/ under the
version of the code: an interrupted run continues, and only what changed is scored again. A run over everything writes
the tables of docs/explanation/accuracy.md and docs/experiments/accuracy.md.
"""

import argparse
import sys

from benchmarks.accuracy import data, left_out, pictures, proof
from benchmarks.accuracy.figures import summary
from benchmarks.accuracy.methods import ROOT, methods
from benchmarks.accuracy.report import PAGES, merged, tables, write
from benchmarks.accuracy.results import LIMIT, load_result, run_missing

QUICK = 3_000
"""Points of the longest series of a quick run."""


def arguments(options: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench accuracy", description=__doc__)
    parser.add_argument("--only", default="", metavar="NAME,...", help="methods, by name; all without it")
    parser.add_argument("--quick", action="store_true", help=f"only series of at most {QUICK:,} points")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds for one series (default %(default)g)")
    parser.add_argument("--again", action="store_true", help="try what failed or took too long before once more")
    parser.add_argument(
        "--pictures", action="store_true", help=f"draw the series that {pictures.METHOD} judges worst into docs/images"
    )
    parser.add_argument(
        "--left-out", action="store_true", help="make the choices again without each data set, and measure them there"
    )
    parser.add_argument(
        "--merge", action="store_true", help="with --only: put their figures into the accuracy pages, the others' stay"
    )
    parser.add_argument("--write", action="store_true", help="write the pages from stored results; measure nothing")
    return parser.parse_args(options)


def main() -> int:
    options = arguments(sys.argv[1:])
    known = methods()
    chosen = [name.strip() for name in options.only.split(",") if name.strip()] or list(known)
    if unknown := set(chosen) - set(known):
        print(f"there is no method {', '.join(sorted(unknown))}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    series = [one for one in data.labelled_series() if not options.quick or len(one.series) <= QUICK]
    if not series:
        return 1
    pages = [ROOT / page for page in PAGES]
    if options.pictures:
        method = known[pictures.METHOD]
        run_missing(method, series, options.limit, options.again)
        summarized = summary(method.name, method.kind, series, lambda file: load_result(method, file))
        drawn = pictures.draw(method, summarized, series, ROOT / "docs/images/worst")
        write(pages, {"worst": drawn})
        return 0
    if options.left_out:
        table = left_out.table(series)
        print(table, flush=True)
        if not options.quick:
            write(pages, {"left_out": table})
        return 0
    proof.main()
    for name in () if options.write else chosen:
        run_missing(known[name], series, options.limit, options.again)
    summaries = [
        summary(name, known[name].kind, series, lambda file, name=name: load_result(known[name], file))  # type: ignore[misc]  # mypy knows no default in a lambda
        for name in chosen
    ]
    made = tables(summaries)
    for name, table in made.items():
        print(f"\n{name}\n\n{table}", flush=True)
    if options.merge and not options.quick:
        made = merged(pages, made, summaries)
    if not options.quick and (options.merge or not options.only):
        write(pages, made)
        print(f"\nwritten: {', '.join(PAGES)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
