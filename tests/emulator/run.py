"""The whole pipeline on an emulator of AWS, or on AWS: `cargo xtask integration`.

The real Terraform configuration, the real functions, the real state machines and
the real producer; what is checked is in pipeline.py, step by step.
"""

import argparse
import contextlib
import signal
import sys
import time
from pathlib import Path

import place
from emulator import Emulator
from packages import BINARIES, zip_all
from pipeline import Pipeline
from report import Failure, Report
from terraform import Terraform
from warehouse import StandIn, missing

REPOSITORY = Path(__file__).resolve().parents[2]
# Terraform's variables, here and everywhere: a small stream, dates of several parts and
# buckets, and nothing that waits or that would outlive the run.
VARIABLES = {
    "stream_mode": "PROVISIONED",
    "stream_shards": "2",
    "batch_window_seconds": "1",
    "bucket_rows": "400",
    "part_rows": "300",
    "api_refresh_seconds": "1",
    "daily_schedule_enabled": "false",
    "force_destroy": "true",
    "key_deletion_days": "7",
}
# How long a second of a state machine's waits is: those for the warehouse are long.
WAIT_SCALE = "0.05"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where the run keeps its files")
    parser.add_argument("--built", type=Path, required=True, help="where the binaries of the tests lie")
    parser.add_argument("--packages", type=Path, help="zipped functions, instead of the binaries of the tests")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--endpoint", help="another emulator, instead of one of its own")
    where.add_argument("--aws", action="store_true", help="the account of the credentials in the environment")
    parser.add_argument("--warehouse", action="store_true",
                        help="with --aws, Redshift Serverless as well, which takes ten minutes more and some dollars")
    given = parser.parse_args()
    if given.warehouse and not given.aws:
        parser.error("--warehouse goes with --aws: an emulator of one's own has a warehouse where there is PostgreSQL")
    return given


def main():
    given = arguments()
    given.directory.mkdir(parents=True, exist_ok=True)
    # Whoever ends this ends what it started as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with contextlib.ExitStack() as stack:
        if given.aws:
            here, name = place.account(), "aws"
            return run(stack, given, here, name, has_warehouse=given.warehouse)
        if given.endpoint:
            print("without the warehouse: nothing stands in for Redshift behind another's endpoint", flush=True)
            return run(stack, given, place.emulated(given.endpoint), "endpoint")
        emulator = stack.enter_context(Emulator(given.directory, wait_scale=WAIT_SCALE, holds_rights=True))
        here = place.emulated(emulator.endpoint)
        try:
            why = missing(given.built)
        except Failure as failure:
            sys.exit(str(failure))
        if why:
            print(f"without the warehouse: {why}", flush=True)
            return run(stack, given, here, "emulator")

        def stand_in(function):
            return StandIn(here, given.built.resolve(), function, emulator.copy_keys, emulator.warehouse)

        return run(stack, given, here, "emulator", stand_in, has_warehouse=True)


def run(stack, given, here, name, stand_in=None, has_warehouse=False):
    packages = (given.packages or given.directory / "lambda").resolve()
    variables = {**VARIABLES, "environment": here.name, "packages_dir": packages, "repository_dir": REPOSITORY,
                 "warehouse_enabled": str(has_warehouse).lower()}
    if here.endpoint:
        variables["aws_endpoint_url"] = here.endpoint
    terraform = Terraform(here, REPOSITORY, (given.directory / "infra").resolve(), variables)
    pipeline = Pipeline(here, terraform, given.built.resolve(), given.directory.resolve(), stand_in, has_warehouse)
    stack.callback(pipeline.close)
    report = Report(name, lambda: pipeline.evidence(began))
    began = time.time()
    if not given.packages:
        report.step("packages", lambda: zip_all(given.built, packages, BINARIES + ("load",) * has_warehouse))
    for words, action in pipeline.steps():
        report.step(words, action)
    for words, action in pipeline.last_steps():
        report.step(words, action, always=True)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
