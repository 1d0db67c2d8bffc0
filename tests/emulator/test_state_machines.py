"""Static checks of the state machines as Terraform renders them: every state is reachable, and
every failure raises an alert.

Needs only Python. If `ASL_VALIDATOR` names the program asl-validator (npm), it runs too.
"""

import functools
import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

MACHINES = Path(__file__).resolve().parents[2] / "state_machines"
NAMES = ("daily", "backfill", "replay")
FUNCTIONS = (
    "plan split compact gather check prepare marts book publish audit sweep "
    "replay alert load"
).split()
NUMBERS = {"dates_side_by_side": "4", "buckets_side_by_side": "8"}
# The template variables of Terraform.
SUPPLIED = {
    **NUMBERS,
    **{f"{name}_arn": f"arn:aws:lambda:eu-central-1:123456789012:function:m-{name}" for name in FUNCTIONS},
    "warehouse": "true",
    "daily_machine_arn": "arn:aws:states:eu-central-1:123456789012:stateMachine:m-daily",
}
# The maps over dates.
DATES = ("Facts", "Dates")
INVOKE = "arn:aws:states:::lambda:invoke"
START = "arn:aws:states:::states:startExecution"


def text_of(name):
    return (MACHINES / f"{name}.asl.json").read_text(encoding="utf-8")


def filled(name, supplied=SUPPLIED):
    """Renders a machine like templatefile; an unknown placeholder raises KeyError."""
    return json.loads(re.sub(r"\$\{(\w+)\}", lambda found: supplied[found[1]], text_of(name)))


def scopes(machine, path="", mode="INLINE"):
    """Yields every scope of states: its path, the mode of its Map, and the scope."""
    yield path, mode, machine
    for name, state in machine["States"].items():
        if state["Type"] == "Map":
            processor = state["ItemProcessor"]
            yield from scopes(processor, f"{path}{name} / ", processor["ProcessorConfig"]["Mode"])


def states(machine):
    for path, _, scope in scopes(machine):
        for name, state in scope["States"].items():
            yield path + name, state, scope


def successors(state):
    if "Next" in state:
        yield state["Next"]
    if "Default" in state:
        yield state["Default"]
    for rule in state.get("Choices", []) + state.get("Catch", []):
        yield rule["Next"]


def reached(scope, start):
    seen, ahead = set(), [start]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead.extend(successors(scope["States"][name]))
    return seen


def calls(state, function):
    return state.get("Arguments", {}).get("FunctionName") == SUPPLIED[f"{function}_arn"]


def caught_by(machine, path):
    """Returns the state that catches an error at `path` (itself or a map around it) and its scope."""
    *maps, name = path.split(" / ")
    scopes_of = [machine]
    for each in maps:
        scopes_of.append(scopes_of[-1]["States"][each]["ItemProcessor"])
    for name, scope in zip((name, *reversed(maps)), reversed(scopes_of)):
        if "Catch" in scope["States"][name]:
            return name, scope
    return None, None


def own_text(scope):
    """Returns the text of the scope and of its inline maps."""
    copy = json.loads(json.dumps(scope))
    for state in copy["States"].values():
        if state["Type"] == "Map" and state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED":
            del state["ItemProcessor"]
    return json.dumps(copy)


def of_each_machine(test):
    @functools.wraps(test)
    def of_all(self):
        for name in NAMES:
            with self.subTest(machine=name):
                test(self, filled(name))

    return of_all


class StateMachines(unittest.TestCase):
    def test_no_machine_is_left_out(self):
        found = {path.name for path in MACHINES.iterdir()}
        self.assertEqual(found, {f"{name}.asl.json" for name in NAMES})

    def test_placeholders_equal_the_template_variables(self):
        used = set()
        for name in NAMES:
            text = text_of(name)
            self.assertNotIn("%{", text, "Terraform would parse it as a directive")
            for placeholder in re.findall(r"\$\{([^}]*)\}", text):
                self.assertIn(placeholder, SUPPLIED, f"{name} has an unknown placeholder")
                used.add(placeholder)
        self.assertEqual(set(SUPPLIED) - used, set(), "unused variables")

    def test_only_numbers_are_outside_of_strings(self):
        for name in NAMES:
            json.loads(re.sub(r"(?<=: )\$\{(\w+)\}", lambda found: NUMBERS[found[1]], text_of(name)))

    @of_each_machine
    def test_names_are_unique_and_short(self, machine):
        names = [path.split(" / ")[-1] for path, _, _ in states(machine)]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual(max(map(len, names)), 80)

    @of_each_machine
    def test_every_state_is_reached_and_leads_on(self, machine):
        for path, _, scope in scopes(machine):
            self.assertEqual(reached(scope, scope["StartAt"]), set(scope["States"]), path)
        for path, state, _ in states(machine):
            ends = state["Type"] in ("Succeed", "Fail", "Choice") or state.get("End") is True
            self.assertEqual(ends, "Next" not in state, path)
            if state["Type"] == "Choice":
                self.assertIn("Default", state, path)

    @of_each_machine
    def test_machines_end_in_time(self, machine):
        self.assertEqual(machine["QueryLanguage"], "JSONata")
        self.assertGreater(machine["TimeoutSeconds"], 0)

    @of_each_machine
    def test_every_task_has_a_timeout_and_retries_temporary_errors(self, machine):
        for path, state, _ in states(machine):
            if state["Type"] != "Task":
                continue
            self.assertIn(state["Resource"], (INVOKE, START, f"{START}.sync:2"), path)
            self.assertGreater(state["TimeoutSeconds"], 0, path)
            needed = {"Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException",
                      "Lambda.TooManyRequestsException", "States.Timeout"}
            if state["Resource"] != INVOKE:
                needed = {"StepFunctions.ExecutionLimitExceededException"}
            self.assertLessEqual(needed, {error for retry in state["Retry"] for error in retry["ErrorEquals"]}, path)
            for retry in state["Retry"]:
                self.assertEqual(retry["JitterStrategy"], "FULL", path)
                self.assertGreater(retry["MaxDelaySeconds"], retry["IntervalSeconds"], path)
                self.assertGreater(retry["MaxAttempts"], 0, path)

    @of_each_machine
    def test_every_failed_task_raises_an_alert_and_a_failure(self, machine):
        for path, state, scope in states(machine):
            if state["Type"] != "Task" or calls(state, "alert"):
                continue
            # An error without a catch is caught by the map around the state.
            name, around = caught_by(machine, path)
            self.assertTrue(around, path)
            (caught,) = around["States"][name]["Catch"]
            self.assertEqual(caught["ErrorEquals"], ["States.ALL"], path)
            self.assertEqual(set(caught["Output"]) & {"step", "event_date", "cause"},
                             {"step", "event_date", "cause"}, path)
            if calls(state, "load"):
                continue
            ahead = reached(around, caught["Next"])
            alerts = [each for each in ahead if calls(around["States"][each], "alert")]
            self.assertEqual(len(alerts), 1, path)
            after = around["States"][around["States"][alerts[0]]["Next"]]
            if path.split(" / ")[0] in DATES and path.count(" / ") == 1 or "Catch" not in state:
                # A failed date is recorded, and its map continues.
                self.assertEqual((after["Type"], after.get("End")), ("Pass", True), path)
                self.assertEqual(after["Output"]["outcome"], "failed", path)
            else:
                self.assertEqual(after["Type"], "Fail", path)

    def test_a_failed_date_is_skipped_and_fails_the_execution_at_its_end(self):
        top = filled("daily")["States"]
        for name in DATES:
            ends = [state for state in top[name]["ItemProcessor"]["States"].values() if state["Type"] == "Fail"]
            self.assertEqual(ends, [], f"one failed date would end {name}")
        self.assertIn("[$not(outcome = 'failed')]", top["Facts"]["Output"]["dates"])
        for name in ("Facts", "Take stock"):
            self.assertIn("[outcome = 'failed']", top[name]["Assign"]["failed"])
        self.assertIn("$count($failed)", top["Is all well?"]["Choices"][0]["Condition"])
        self.assertIn("$failed.(event_date", top[top["Is all well?"]["Default"]]["Cause"])

    def test_the_record_of_failures_fits_a_state(self):
        """60 dates fail, and each character of their causes has four bytes."""
        top = filled("daily")["States"]
        for name, noted in zip(DATES, ("Facts failed", "Date failed")):
            note = top[name]["ItemProcessor"]["States"][noted]["Output"]
            letters = int(re.search(r"\$substring\(\$states.input.cause.Cause, 0, (\d+)\)", note["cause"])[1])
            self.assertLess(60 * (4 * letters + 300), 256 * 1024)
        said = re.search(r"\$substring\(cause, 0, (\d+)\)", top["Incomplete"]["Cause"])
        self.assertLess(60 * (int(said[1]) + 100), 32_768)

    def test_a_load_delays_no_date_and_its_failure_raises_an_alert_and_fails_the_execution(self):
        machine = filled("daily")
        top = machine["States"]
        loads = [path for path, state, _ in states(machine) if calls(state, "load")]
        self.assertEqual(set(loads), {"Load", "Ask the warehouse"}, "a load inside the map over dates would delay the next date")
        for name in loads:
            self.assertEqual(top[name]["Catch"][0]["Next"], "Not loaded")
        self.assertEqual(top["Is it loaded?"]["Default"], "Not loaded")
        # A failed load is recorded and the next one starts; the record raises an alert and fails
        # the execution.
        noted = top["Not loaded"]
        self.assertEqual((noted["Type"], noted["Next"]), ("Pass", "Is one to be loaded?"))
        self.assertEqual(set(noted["Assign"]), {"not_loaded", "turn"})
        self.assertEqual(top["Is one to be loaded?"]["Default"], "Is all loaded?")
        (well,) = top["Is all loaded?"]["Choices"]
        self.assertEqual(well["Condition"], "{% $count($not_loaded) = 0 %}")
        self.assertTrue(calls(top[top["Is all loaded?"]["Default"]], "alert"))
        self.assertIn("$count($not_loaded)", top["Is all well?"]["Choices"][0]["Condition"])
        self.assertIn("$not_loaded.event_date", top[top["Is all well?"]["Default"]]["Cause"])

    def test_the_history_of_an_execution_is_bounded(self):
        """60 dates with the maximum of inline parts and buckets, 60 audits and 60 loads, with the
        events that each state writes, use at most four fifths of the limit. Retries write more
        events."""
        events = {"Task": 5, "Choice": 2, "Pass": 2, "Wait": 2, "Map": 4}
        dates, iteration = 60, 2

        def of(scope):
            """Counts the events of a scope, which ends in one of its final states."""
            counted = [(events.get(state["Type"], 0), state.get("End") is True and state["Type"] == "Pass")
                       for state in scope["States"].values() if not calls(state, "alert")]
            ends = [count for count, is_end in counted if is_end]
            return sum(count for count, is_end in counted if not is_end) + max(ends, default=0)

        top = filled("daily")["States"]
        facts, one_by_one = (top[name]["ItemProcessor"] for name in DATES)
        item = events["Task"] + iteration
        inline = 0
        for kind, many in (("parts", "Many parts"), ("buckets", "Many buckets")):
            (limit,) = [int(re.search(rf"count\(\$states.input.{kind}\) > (\d+)", choice["Condition"])[1])
                        for state in facts["States"].values() for choice in state.get("Choices", [])
                        if choice["Next"] == many]
            # A date uses one of the two kinds of map.
            inline += limit * item - events["Map"]
        of_a_date = of(facts) + inline + of(one_by_one) + 2 * iteration
        limit = re.search(r"\$polls_in_all < (\d+)", top["Is one to be loaded?"]["Choices"][0]["Condition"])
        of_a_load = re.search(r"\$polls < (\d+)", top["Is it loaded?"]["Choices"][1]["Condition"])
        poll = events["Wait"] + events["Task"] + events["Choice"]
        polls = (int(limit[1]) - 1 + int(of_a_load[1])) * poll
        load = 2 * events["Choice"] + events["Task"] + events["Pass"]
        audit = load + iteration
        self.assertLess(of({"States": top}) + dates * (of_a_date + audit + load) + polls, 25_000 * 4 // 5)

    @of_each_machine
    def test_an_alert_has_the_fields_of_the_contract(self, machine):
        fields = {"source", "step", "event_date", "cause", "execution", "state_machine", "started_at"}
        for path, state, _ in states(machine):
            if calls(state, "alert"):
                payload = state["Arguments"]["Payload"]
                self.assertEqual(set(payload), fields, path)
                self.assertEqual(payload["source"], "marquee.state_machine", path)
                # An alert that cannot be delivered does not hide its incident.
                self.assertEqual(state["Catch"][0]["Next"], state["Next"], path)

    def test_an_undelivered_alert_is_recorded_and_changes_the_error_name(self):
        machine = filled("daily")
        top = machine["States"]
        for path, state, scope in states(machine):
            after = scope["States"].get(state.get("Next"), {})
            # The end of the execution, or of an item of a distributed map, is reported anyway.
            if not calls(state, "alert") or after["Type"] == "Fail":
                continue
            (caught,) = state["Catch"]
            if scope is machine:
                self.assertIn("untold", caught["Assign"], path)
            else:
                self.assertIn("'untold': true", caught["Output"], path)
                self.assertEqual(after["Output"]["untold"], "{% $states.input.untold = true %}", path)
        for name in ("Facts", "Take stock"):
            self.assertIn("[untold].event_date", top[name]["Assign"]["untold"])
        for name, otherwise in (("Incomplete", "Incomplete"), ("Failed", "StepFailed")):
            self.assertEqual(top[name]["Error"],
                             f"{{% $count($untold) > 0 ? 'Marquee.Untold' : 'Marquee.{otherwise}' %}}")

    @of_each_machine
    def test_a_distributed_map_reads_no_variables_of_its_surroundings(self, machine):
        for path, mode, scope in scopes(machine):
            text = own_text(scope)
            assigned = {"states"}
            for _, state, _ in states(scope):
                for each in [state, *state.get("Catch", []), *state.get("Choices", [])]:
                    assigned |= set(each.get("Assign", {}))
            read = set(re.findall(r"\$([a-z_]+)\b(?![\w(])", text))
            if path == "" or mode == "DISTRIBUTED":
                self.assertLessEqual(read, assigned, path)

    def test_distributed_maps_do_the_same_as_inline_maps(self):
        facts = filled("daily")["States"]["Facts"]["ItemProcessor"]["States"]
        for few, many in (("Parts", "Many parts"), ("Buckets", "Many buckets")):
            with self.subTest(map=few):
                few, many = facts[few], facts[many]
                self.assertLess(few["ItemSelector"].items(), many["ItemSelector"].items())
                for field in ("Items", "MaxConcurrency", "Output", "Catch", "Next"):
                    self.assertEqual(few[field], many[field])
                self.assertEqual(many["ItemProcessor"]["ProcessorConfig"],
                                 {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"})
                one, one_of_many = (each["ItemProcessor"]["States"][each["ItemProcessor"]["StartAt"]]
                                    for each in (few, many))
                # The item of the distributed map sends the alert itself, because the map does not
                # report why an item failed.
                self.assertEqual(one, {name: value for name, value in one_of_many.items() if name != "Catch"})

    def test_the_validator_agrees(self):
        validator = os.environ.get("ASL_VALIDATOR")
        if not validator:
            self.skipTest("ASL_VALIDATOR does not name asl-validator")
        with tempfile.TemporaryDirectory() as directory:
            command = [validator]
            for name in NAMES:
                path = Path(directory) / f"{name}.json"
                path.write_text(json.dumps(filled(name)), encoding="utf-8")
                command += ["--json-path", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
