"""Executions of the state machines, and the logs of the functions."""

import json
import time
import uuid

from report import Failure, until

EXECUTION_SECONDS = 180
# On AWS, waits are not shortened and a real warehouse is slow.
ON_AWS = 3600


class Machines:
    def __init__(self, place, arns):
        self._states = place.client("stepfunctions")
        self._seconds = ON_AWS if place.is_aws else EXECUTION_SECONDS
        self._arns = arns

    def start(self, machine, request):
        return self._states.start_execution(
            stateMachineArn=self._arns[machine], name=f"{machine}-{uuid.uuid4().hex[:12]}", input=json.dumps(request)
        )["executionArn"]

    def end(self, execution):
        """Waits for the end of an execution and returns its description."""
        def ended():
            found = self._states.describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        return until(f"the end of {execution.rsplit(':', 1)[-1]}", self._seconds, ended)

    def run(self, machine, request):
        """Runs an execution that must succeed; returns its output."""
        found = self.end(self.start(machine, request))
        if found["status"] != "SUCCEEDED":
            raise Failure(f"{machine} ended with {found['status']}, {found.get('error')}: {found.get('cause')}")
        return json.loads(found["output"])

    def run_to_failure(self, machine, request):
        found = self.end(self.start(machine, request))
        if found["status"] != "FAILED":
            raise Failure(f"{machine} should fail, but ended with {found['status']}")
        return found


def logs_of(place, functions, since, lines=12):
    """Returns the last warnings and errors that functions logged since a time, by function."""
    logs = place.client("logs")
    collected = []
    for name in sorted(functions):
        try:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", startTime=int(since * 1000))
        except logs.exceptions.ResourceNotFoundException:
            continue
        said = [event["message"].rstrip() for event in found.get("events", [])]
        wrong = [line for line in said if any(word in line for word in ("ERROR", "WARN", "panicked", "errorType"))]
        if wrong:
            collected += [f"--- {name}", *(line[:1500] for line in wrong[-lines:])]
    return "\n".join(collected) or f"--- no function logged an error since {time.strftime('%H:%M:%S', time.gmtime(since))}"
