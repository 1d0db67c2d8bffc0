"""Run the whole pipeline on an AWS emulator or on AWS: `cargo xtask integration`.

Uses the real Terraform configuration, functions, state machines and producer. pipeline.py
has the steps and their checks.
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
# Terraform variables for every target: a small stream, dates with several parts and buckets,
# short waits, and no resource that outlives the run.
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
# The scale of the waits of state machines: those for the warehouse grow to a minute.
WAIT_SCALE = "0.05"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="directory for the files of the run")
    parser.add_argument("--built", type=Path, required=True, help="directory of the binaries that cargo built for the tests")
    parser.add_argument("--packages", type=Path, help="directory of zipped functions to use instead of these binaries")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--endpoint", help="run on this emulator instead of a private one")
    where.add_argument("--aws", action="store_true", help="run in the AWS account of the credentials in the environment")
    parser.add_argument("--warehouse", action="store_true",
                        help="with --aws: include Redshift Serverless, which takes ten minutes more and costs some dollars")
    given = parser.parse_args()
    if given.warehouse and not given.aws:
        parser.error("--warehouse needs --aws: a private emulator includes a warehouse if PostgreSQL is installed")
    return given


def main():
    given = arguments()
    given.directory.mkdir(parents=True, exist_ok=True)
    # On SIGTERM, exit normally, so that all child processes end too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with contextlib.ExitStack() as stack:
        if given.aws:
            here, name = place.account(), "aws"
            return run(stack, given, here, name, has_warehouse=given.warehouse)
        if given.endpoint:
            print("without the warehouse: another emulator's endpoint has no stand-in for Redshift", flush=True)
            return run(stack, given, place.emulated(given.endpoint), "endpoint")
        emulator = stack.enter_context(Emulator(given.directory, wait_scale=WAIT_SCALE, enforces_policies=True))
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
        report.step("packages", lambda: zip_all(given.built, packages, BINARIES))
    for words, action in pipeline.steps():
        report.step(words, action)
    for words, action in pipeline.last_steps():
        report.step(words, action, always=True)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
