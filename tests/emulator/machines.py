"""Executions of the state machines, and what the functions logged."""

import json
import time
import uuid

from report import Failure, until

EXECUTION_SECONDS = 180
# Where a second of a Wait is one, and a warehouse takes its time.
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
        """The execution when it has ended."""
        def ended():
            found = self._states.describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        return until(f"the end of {execution.rsplit(':', 1)[-1]}", self._seconds, ended)

    def run(self, machine, request):
        """What the execution answers, which has to succeed."""
        found = self.end(self.start(machine, request))
        if found["status"] != "SUCCEEDED":
            raise Failure(f"{machine} ended with {found['status']}, {found.get('error')}: {found.get('cause')}")
        return json.loads(found["output"])

    def run_to_failure(self, machine, request):
        found = self.end(self.start(machine, request))
        if found["status"] != "FAILED":
            raise Failure(f"{machine} was to fail, and ended with {found['status']}")
        return found


def logs_of(place, functions, since, lines=12):
    """What functions logged as warnings or errors since then, or last; by function."""
    logs = place.client("logs")
    told = []
    for name in sorted(functions):
        try:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", startTime=int(since * 1000))
        except logs.exceptions.ResourceNotFoundException:
            continue
        said = [event["message"].rstrip() for event in found.get("events", [])]
        wrong = [line for line in said if any(word in line for word in ("ERROR", "WARN", "panicked", "errorType"))]
        if wrong:
            told += [f"--- {name}", *(line[:1500] for line in wrong[-lines:])]
    return "\n".join(told) or f"--- no function logged an error since {time.strftime('%H:%M:%S', time.gmtime(since))}"
