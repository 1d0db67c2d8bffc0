"""The real producer, for the stream of the target and for an embedded stream."""

import re
import subprocess

from packages import binary
from report import Failure, expect

SEND_SECONDS = 120
# Small enough for a debug build, large enough for every kind of event and error.
SERVICE = ("--users", "60", "--titles", "80", "--bad", "0.01", "--duplicates", "0.02")


def simulate(place, built, target, start, days, events, seed, *more):
    """Sends simulated events to `kinesis:STREAM` or `local:DIR`; returns the number acknowledged."""
    return send(place, built, ["simulate", "--to", target, "--start", start, "--days", str(days), "--arrive", "now",
                               "--events", str(events), "--seed", str(seed), *SERVICE, *more])


def send_file(place, built, target, file, name):
    return send(place, built, ["send", str(file), "--to", target, "--producer-id", name])


def send(place, built, arguments):
    done = subprocess.run([binary(built, "marquee-producer"), *arguments], env=place.environment, text=True,
                          capture_output=True, timeout=SEND_SECONDS, check=False)
    if "without the feature `kinesis`" in done.stderr:
        raise Failure("the producer was built without Kinesis; `cargo xtask integration` builds it with Kinesis")
    expect(done.returncode == 0, f"the producer exited with {done.returncode}:\n{done.stdout}{done.stderr}")
    counts = dict(re.findall(r"^(events [a-z ]+?) +([\d,]+)$", done.stdout, re.MULTILINE))
    accepted, acknowledged = (int(counts[f"events {each}"].replace(",", "")) for each in ("accepted", "acknowledged"))
    expect(accepted == acknowledged, f"the producer accepted {accepted} events, but {acknowledged} were acknowledged")
    return acknowledged


def embedded(place, built, directory, *command):
    """Runs a command of the embedded pipeline on the lake and the stream in `directory`."""
    done = subprocess.run([binary(built, "marquee"), *command], cwd=directory, env=place.environment, text=True,
                          capture_output=True, timeout=SEND_SECONDS, check=False)
    expect(done.returncode == 0, f"marquee {command[0]} exited with {done.returncode}:\n{done.stdout}{done.stderr}")
