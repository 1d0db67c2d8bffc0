"""The whole pipeline on an emulator of AWS, or on AWS: `cargo xtask integration`.

The real Terraform configuration, the real functions, the real state machines and
the real producer; what is checked is in pipeline.py, step by step.
"""

import argparse
import contextlib
import sys
import time
from pathlib import Path

import place
from emulator import Emulator
from packages import zip_all
from pipeline import Pipeline
from report import Report
from terraform import Terraform

REPOSITORY = Path(__file__).resolve().parents[2]
# Terraform's variables, here and everywhere: a small stream, and nothing that waits
# or that would outlive the run.
VARIABLES = {
    "stream_mode": "PROVISIONED",
    "stream_shards": "2",
    "batch_window_seconds": "1",
    "daily_schedule_enabled": "false",
    "force_destroy": "true",
    "key_deletion_days": "7",
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where the run keeps its files")
    parser.add_argument("--built", type=Path, required=True, help="where the binaries of the tests lie")
    parser.add_argument("--packages", type=Path, help="zipped functions, instead of the binaries of the tests")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--endpoint", help="another emulator, instead of one of its own")
    where.add_argument("--aws", action="store_true", help="the account of the credentials in the environment")
    return parser.parse_args()


def main():
    given = arguments()
    given.directory.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        if given.aws:
            here, name = place.account(), "aws"
        elif given.endpoint:
            here, name = place.emulated(given.endpoint), "endpoint"
        else:
            emulator = stack.enter_context(Emulator(given.directory, holds_rights=True))
            here, name = place.emulated(emulator.endpoint), "emulator"
        return run(given, here, name)


def run(given, here, name):
    packages = (given.packages or given.directory / "lambda").resolve()
    variables = {**VARIABLES, "environment": here.name, "packages_dir": packages, "repository_dir": REPOSITORY}
    if here.endpoint:
        variables["aws_endpoint_url"] = here.endpoint
    terraform = Terraform(here, REPOSITORY, (given.directory / "infra").resolve(), variables)
    pipeline = Pipeline(here, terraform, given.built.resolve(), given.directory.resolve())
    report = Report(name, lambda: pipeline.evidence(began))
    began = time.time()
    if not given.packages:
        report.step("packages", lambda: zip_all(given.built, packages))
    for words, action in pipeline.steps():
        report.step(words, action)
    for words, action in pipeline.last_steps():
        report.step(words, action, always=True)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
