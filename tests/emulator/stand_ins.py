"""A stand-in for the functions of the state machines. It returns prepared answers and records
its calls, so that a test sees which step was called with which input and in which order.
"""

import io
import json
import tempfile
import time
import unittest
import zipfile
from pathlib import Path

try:
    import boto3
    import ministack  # noqa: F401
except ImportError:
    boto3 = None

from emulator import ACCOUNT, REGION, Emulator
from test_state_machines import FUNCTIONS, filled

# A custom runtime, like that of the functions. It records every call in a file.
STAND_IN = '''#!/usr/bin/env python3
import json, os, urllib.request

API = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
NAME, DIRECTORY = os.environ["NAME"], os.environ["DIRECTORY"]


def answer(event):
    # A plan of unloaded dates has a list of answers of its own.
    asked = "unloaded" if event.get("which") == "unloaded" else NAME
    with open(DIRECTORY + "/answers.json") as file:
        answers = json.load(file)[asked]
    with open(DIRECTORY + "/calls.ndjson", "a+") as file:
        file.seek(0)
        count = sum(json.loads(line)["asked"] == asked for line in file)
        file.write(json.dumps({"name": NAME, "asked": asked, "event": event}) + "\\n")
    if isinstance(answers, list):
        return answers[min(count, len(answers) - 1)]
    return answers.get(event.get("work") or event.get("event_date"), answers.get("*", {}))


while True:
    with urllib.request.urlopen(API + "next") as response:
        request, event = response.headers["Lambda-Runtime-Aws-Request-Id"], json.load(response)
    said = answer(event)
    kind = "error" if "errorType" in said else "response"
    urllib.request.urlopen(API + request + "/" + kind, data=json.dumps(said).encode()).close()
'''

DAYS = ("2026-01-05", "2026-01-06", "2026-01-07")
SECONDS = 60


def work(date):
    return f"staging/plans/p/event_date={date}"


def plan(*dates, buckets=1, parts=None, **more):
    """Returns a plan of dates with `buckets` buckets; several buckets have two parts by default."""
    parts = (2 if buckets > 1 else 0) if parts is None else parts
    return {"plan": "p", "count": len(dates), "dates": [
        {"event_date": date, "work": work(date), "generation": 1, "why": "new", "compact": True,
         "parts": list(range(parts)), "buckets": list(range(buckets)), **more} for date in dates]}


def unloaded(*dates, count=None):
    return {"count": count or len(dates), "unloaded": [{"event_date": date, "generation": 1} for date in dates]}


GONE = {"errorType": "Gone", "errorMessage": "processed/x is missing"}
NOTHING = {"plan": "none", "count": 0, "dates": []}
LOADED = {"load": "l", "status": "loaded"}
WELL = {
    "plan": [plan(DAYS[0]), NOTHING],
    "unloaded": [unloaded(DAYS[0]), unloaded()],
    "split": {}, "compact": {}, "gather": {}, "marts": {}, "sweep": {"*": {"objects": 0, "bytes": 0}},
    "alert": {"*": {"sent": True}},
    "check": {"*": {"stops": False, "broken": []}},
    "prepare": {"*": {"is_unchanged": False, "run": "1-r"}},
    "book": {"*": {"outcome": "balanced", "cause": None}},
    "publish": {"*": {"outcome": "published", "generation": 1, "rows": 3}},
    "audit": {"*": {"balanced": True, "status": "provisional", "problems": []}},
    "load": [{"load": "l", "status": "running"}, {"load": "l", "status": "running"}, LOADED],
    "replay": {"*": {"replayed": 2}},
}


@unittest.skipIf(boto3 is None, "boto3 and ministack are not installed")
class OverStandIns(unittest.TestCase):
    """Runs the state machines in an emulator, with stand-ins for the functions."""

    @classmethod
    def setUpClass(cls):
        directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.directory = Path(directory) / "stand-ins"
        cls.directory.mkdir()
        cls.emulator = cls.enterClassContext(Emulator(directory, wait_scale="0.001"))
        session = boto3.Session(ACCOUNT, "test", region_name=REGION)
        cls.states = session.client("stepfunctions", endpoint_url=cls.emulator.endpoint)
        functions = session.client("lambda", endpoint_url=cls.emulator.endpoint)
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("bootstrap", STAND_IN)
        arns = {}
        for name in FUNCTIONS:
            made = functions.create_function(
                FunctionName=f"m-{name}", Runtime="provided.al2023", Handler="bootstrap", Timeout=30,
                Role=f"arn:aws:iam::{ACCOUNT}:role/m", Code={"ZipFile": code.getvalue()},
                Environment={"Variables": {"NAME": name, "DIRECTORY": str(cls.directory)}})
            arns[f"{name}_arn"] = made["FunctionArn"]
        cls.supplied = {**arns, "warehouse": "false", "dates_side_by_side": "2", "buckets_side_by_side": "2",
                        "daily_machine_arn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:daily-false"}
        cls.machines = {}
        for name in ("daily", "backfill", "replay"):
            cls.machines[name] = cls.create(f"{name}-false", filled(name, cls.supplied))
        cls.machines["warehouse"] = cls.create("daily-true", filled("daily", {**cls.supplied, "warehouse": "true"}))
        one_by_one = {**cls.supplied, "dates_side_by_side": "1"}
        cls.machines["one by one"] = cls.create("daily-one-by-one", filled("daily", one_by_one))

    @classmethod
    def create(cls, name, machine):
        # The emulator's distributed map does not evaluate JSONata. test_state_machines checks
        # that both maps do the same.
        machine = json.loads(json.dumps(machine).replace('"DISTRIBUTED"', '"INLINE"'))
        made = cls.states.create_state_machine(
            name=name, definition=json.dumps(machine), roleArn=f"arn:aws:iam::{ACCOUNT}:role/m")
        return made["stateMachineArn"]

    def run_machine(self, machine, request, **answers):
        """Runs an execution; returns its description at its end and the calls of the functions."""
        (self.directory / "answers.json").write_text(json.dumps({**WELL, **answers}))
        (self.directory / "calls.ndjson").write_text("")
        arn = self.states.start_execution(
            stateMachineArn=self.machines[machine], input=json.dumps(request))["executionArn"]
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            done = self.states.describe_execution(executionArn=arn)
            if done["status"] != "RUNNING":
                calls = [json.loads(line) for line in (self.directory / "calls.ndjson").read_text().splitlines()]
                return done, [(call["name"], call["event"]) for call in calls]
            time.sleep(0.05)
        self.fail(f"the execution did not end within {SECONDS} s:\n{self.emulator.tail()}")

    def succeeds(self, done):
        self.assertEqual(done["status"], "SUCCEEDED", done.get("cause"))
        return json.loads(done["output"])

    def fails(self, done, error, *words):
        self.assertEqual((done["status"], done.get("error")), ("FAILED", error), done.get("cause"))
        for word in words:
            self.assertIn(word, done["cause"])

    def alerts(self, calls):
        return [event for name, event in calls if name == "alert"]

    def of(self, calls, date):
        return [name for name, event in calls if event.get("work") == work(date) or event.get("event_date") == date]

    def loads(self, calls):
        return [event for name, event in calls if name == "load"]

    def starts(self, calls):
        return [event["event_date"] for event in self.loads(calls) if event["step"] == "start"]

    def reports(self, alert, done, step, date):
        """Checks that the alert is that of a catch for the step and date."""
        self.assertEqual((alert["source"], alert["step"], alert["event_date"]), ("marquee.state_machine", step, date))
        self.assertEqual(alert["cause"]["Error"], "Gone")
        self.assertIn("processed/x is missing", alert["cause"]["Cause"])
        self.assertEqual(alert["execution"], done["executionArn"])
        self.assertEqual(alert["state_machine"], done["stateMachineArn"])
        self.assertTrue(alert["started_at"].startswith("20"))

    def output_of_next(self, done):
        """Returns the output of the execution in which this one continued."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            listed = self.states.list_executions(stateMachineArn=done["stateMachineArn"])["executions"]
            next_ones = [each for each in listed if each["name"] == f"{done['name']}-2"]
            if next_ones and next_ones[0]["status"] != "RUNNING":
                break
            time.sleep(0.05)
        self.assertEqual([each["status"] for each in next_ones], ["SUCCEEDED"])
        return json.loads(self.states.describe_execution(executionArn=next_ones[0]["executionArn"])["output"])
