"""Runs the daily, backfill and replay machines in the emulator with stand-ins for the
functions, which answer as docs/adr/0006-on-aws.md specifies.

Needs the packages of requirements.txt.
"""

import json
import unittest

from stand_ins import DAYS, GONE, LOADED, NOTHING, WELL, OverStandIns, plan, unloaded, work


class DryRun(OverStandIns):
    def plans(self):
        """Returns all inputs of `plan` so far, including those of further executions."""
        calls = [json.loads(line) for line in (self.directory / "calls.ndjson").read_text().splitlines()]
        return [call["event"] for call in calls if call["asked"] == "plan"]

    def test_dates_are_published_in_order(self):
        done, calls = self.run_machine("daily", {"which": "due", "time": "2026-01-08T02:00:00Z"}, plan=[plan(*DAYS)])
        self.assertEqual(self.succeeds(done), {"published": list(DAYS), "replans": 0})
        self.assertEqual(calls[0], ("publish", {}))
        self.assertEqual(calls[1], ("plan", {"which": "due", "time": "2026-01-08T02:00:00Z"}))
        self.assertEqual(calls[-1], ("sweep", {}))
        later = "prepare marts check book publish audit".split()
        for date in DAYS:
            self.assertEqual(self.of(calls, date), ["compact", "gather", "check", *later])
        sequence = [(name, event.get("work", "")[-10:] or event.get("event_date"))
                    for name, event in calls[2:-1]]
        self.assertEqual(sequence[9:], [(name, date) for date in DAYS for name in later])
        self.assertIn(("check", {"work": work(DAYS[0]), "phase": "date"}), calls)
        run = {"work": work(DAYS[0]), "run": "1-r"}
        self.assertIn(("check", {**run, "phase": "window"}), calls)
        for step in ("marts", "book", "publish"):
            self.assertIn((step, run), calls)
        self.assertIn(("compact", {"work": work(DAYS[0]), "bucket": 0}), calls)
        self.assertEqual(self.alerts(calls), [])

    def test_a_run_without_due_dates_succeeds(self):
        done, calls = self.run_machine("daily", {}, plan=[NOTHING])
        self.assertEqual(self.succeeds(done)["published"], [])
        self.assertEqual(calls, [("publish", {}), ("plan", {"which": "due"}), ("sweep", {})])

    def test_any_number_of_parts_and_buckets(self):
        # Late events of many buckets have few parts. A date without new inputs has none.
        for parts, buckets in ((1, 2), (8, 16), (9, 4), (1, 17), (0, 2)):
            with self.subTest(parts=parts, buckets=buckets):
                done, calls = self.run_machine("daily", {}, plan=[plan(DAYS[0], buckets=buckets, parts=parts)])
                self.succeeds(done)
                steps = self.of(calls, DAYS[0])
                # All parts are split before a bucket is compacted, and all buckets before gather.
                self.assertEqual(steps[:parts + buckets + 1], ["split"] * parts + ["compact"] * buckets + ["gather"])
                divided = [event for name, event in calls if name == "split"]
                self.assertEqual(sorted(event["part"] for event in divided), list(range(parts)))
                self.assertEqual({tuple(event) for event in divided}, {("work", "part")} if parts else set())
                compacted = [event["bucket"] for name, event in calls if name == "compact"]
                self.assertEqual(sorted(compacted), list(range(buckets)))

    def test_reused_facts_are_not_compacted(self):
        done, calls = self.run_machine("daily", {}, plan=[plan(DAYS[0], compact=False, buckets=0)])
        self.succeeds(done)
        self.assertEqual(self.of(calls, DAYS[0])[:2], ["gather", "check"])

    def test_an_unchanged_date_is_skipped(self):
        done, calls = self.run_machine("daily", {}, prepare={"*": {"is_unchanged": True}})
        self.assertEqual(self.succeeds(done)["published"], [])
        self.assertNotIn("marts", [name for name, _ in calls])

    def test_a_held_date_raises_an_alert_and_the_next_dates_continue(self):
        held = {work(DAYS[1]): {"outcome": "held", "cause": "1 row has no user"}, **WELL["book"]}
        done, calls = self.run_machine("daily", {}, plan=[plan(*DAYS)], book=held)
        self.fails(done, "Marquee.Incomplete", f"held: {DAYS[1]}")
        self.assertEqual([event["work"] for name, event in calls if name == "publish" and event],
                         [work(DAYS[0]), work(DAYS[2])])
        (alert,) = self.alerts(calls)
        self.assertEqual((alert["step"], alert["event_date"]), ("book", DAYS[1]))
        self.assertEqual(alert["cause"], {"Error": "Marquee.Held", "Cause": "1 row has no user"})
        self.assertEqual(calls[-1][0], "sweep")

    def test_a_date_whose_facts_break_a_check_is_held_without_marts(self):
        stops = {work(DAYS[0]): {"stops": True, "broken": ["x"]}, **WELL["check"]}
        held = {work(DAYS[0]): {"outcome": "held", "cause": "x"}, **WELL["book"]}
        done, calls = self.run_machine("daily", {}, check=stops, book=held)
        self.fails(done, "Marquee.Incomplete", DAYS[0])
        self.assertEqual(self.of(calls, DAYS[0]), ["compact", "gather", "check", "prepare", "book", "alert"])

    def test_a_lost_date_is_planned_again(self):
        publish = [{}, {"outcome": "published", "generation": 1}, {"outcome": "lost", "generation": 1},
                   {"outcome": "published", "generation": 2}]
        done, calls = self.run_machine("daily", {"which": "within", "from": DAYS[0], "to": DAYS[2]},
                                       plan=[plan(*DAYS), plan(DAYS[1])], publish=publish)
        self.assertEqual(self.succeeds(done), {"published": [DAYS[0], DAYS[2], DAYS[1]], "replans": 1})
        self.assertEqual([event for name, event in calls if name == "plan"],
                         [{"which": "within", "from": DAYS[0], "to": DAYS[2]}] * 2)

    def test_findings_are_kept_when_a_run_plans_again(self):
        """Two held dates, two failed dates, two unbalanced dates, and one lost date."""
        days = [f"2026-01-{day:02}" for day in range(1, 8)]
        held = {**WELL["book"], **{work(day): {"outcome": "held", "cause": "x"} for day in days[:2]}}
        gone = {"*": {}, **{work(day): GONE for day in days[2:4]}}
        audit = {**WELL["audit"], **{day: {"balanced": False, "problems": ["x"]} for day in days[4:6]}}
        made = {"outcome": "published"}
        publish = [{}, made, made, {"outcome": "lost"}, made]
        done, _ = self.run_machine("daily", {}, plan=[plan(*days), plan(days[6])], gather=gone, book=held,
                                   publish=publish, audit=audit)
        self.fails(done, "Marquee.Incomplete", f"held: {days[0]}, {days[1]}",
                   f"not balanced: {days[4]}, {days[5]}", f"failed: {days[2]} (", f", {days[3]} (")
        self.assertNotIn(days[6], done["cause"])

    def test_a_date_is_computed_from_scratch_once(self):
        publish = [{}, {"outcome": "published"}, {"outcome": "lost"}, {"outcome": "published"}]
        done, calls = self.run_machine("daily", {"which": "anew", "from": DAYS[0], "to": DAYS[2]},
                                       plan=[plan(*DAYS), plan(DAYS[1])],
                                       publish=[{"generation": 1, **answer} for answer in publish])
        self.succeeds(done)
        self.assertEqual([event for name, event in calls if name == "plan"][1],
                         {"which": "anew", "from": DAYS[1], "to": DAYS[1]})

    def test_a_date_that_is_lost_on_each_attempt_fails_the_execution(self):
        done, calls = self.run_machine("daily", {}, plan=[plan(DAYS[0])],
                                       publish={"*": {"outcome": "lost", "generation": 1}})
        self.fails(done, "Marquee.Incomplete", "lost", DAYS[0])
        self.assertEqual([name for name, _ in calls].count("plan"), 6)

    def test_an_unbalanced_audit_fails_the_execution(self):
        audit = {DAYS[0]: {"balanced": False, "status": "provisional", "problems": ["1 event is missing"]}, **WELL["audit"]}
        done, calls = self.run_machine("daily", {}, audit=audit)
        self.fails(done, "Marquee.Incomplete", f"not balanced: {DAYS[0]}")
        (alert,) = self.alerts(calls)
        self.assertEqual((alert["step"], alert["cause"]), ("audit", {"balanced": False, "problems": ["1 event is missing"]}))

    def test_anomalies_raise_an_alert_and_the_execution_succeeds(self):
        found = [{"subject": "volume", "sentence": "3 events, 99 % fewer than the usual 5000"}]
        well = WELL["audit"]["*"]
        for anomalies, alerts in ((found, [{"anomalies": found}]), ([], [])):
            with self.subTest(anomalies=anomalies):
                done, calls = self.run_machine("daily", {}, audit={"*": {**well, "anomalies": anomalies}})
                self.assertEqual(self.succeeds(done)["published"], [DAYS[0]])
                self.assertEqual([alert["cause"] for alert in self.alerts(calls)], alerts)

    def test_the_next_run_audits_published_dates_without_an_audit(self):
        caught_up = {"outcome": "caught_up", "dates": 1, "unaudited": [DAYS[0], DAYS[1]]}
        publish = [caught_up, {"outcome": "published"}]
        for planned, audited, published in ((NOTHING, DAYS[:2], []), (plan(DAYS[1]), DAYS[:2], [DAYS[1]])):
            with self.subTest(due=planned["count"]):
                done, calls = self.run_machine("daily", {}, plan=[planned], publish=publish)
                self.assertEqual(self.succeeds(done)["published"], published)
                self.assertEqual([event["event_date"] for name, event in calls if name == "audit"], list(audited))
                self.assertEqual(self.of(calls, DAYS[0]), ["audit"])
        # The audit also runs if the facts of the date cannot be computed now.
        done, calls = self.run_machine("daily", {}, plan=[plan(*DAYS[1:])], publish=publish,
                                       gather={work(DAYS[1]): GONE, "*": {}})
        self.fails(done, "Marquee.Incomplete", f"failed: {DAYS[1]}")
        self.assertEqual([event["event_date"] for name, event in calls if name == "audit"], list(DAYS))
        # Findings are reported, and a failed audit stops no other date.
        bad = {"balanced": False, "problems": ["x"]}
        done, calls = self.run_machine("daily", {}, plan=[NOTHING], publish=publish,
                                       audit={**WELL["audit"], DAYS[0]: GONE, DAYS[1]: bad})
        self.fails(done, "Marquee.Incomplete", f"failed: {DAYS[0]} (audit with Gone", f"not balanced: {DAYS[1]}")
        self.assertEqual([alert["step"] for alert in self.alerts(calls)], ["audit", "audit"])

    def test_a_date_that_is_only_audited_is_audited_once(self):
        caught_up = {"outcome": "caught_up", "dates": 0, "unaudited": [DAYS[0]]}
        publish = [caught_up, {"outcome": "lost"}, {"outcome": "published"}]
        done, calls = self.run_machine("daily", {}, plan=[plan(DAYS[1])], publish=publish)
        self.assertEqual(self.succeeds(done), {"published": [DAYS[1]], "replans": 1})
        self.assertEqual([event["event_date"] for name, event in calls if name == "audit"], list(DAYS[:2]))

    def test_a_failed_step_without_a_date_raises_an_alert_and_ends_the_execution(self):
        for step in ("plan", "publish", "sweep"):
            with self.subTest(step=step):
                done, calls = self.run_machine("daily", {}, **{step: [GONE] if step == "plan" else {"*": GONE}})
                self.fails(done, "Marquee.StepFailed", step, "Gone", "processed/x is missing")
                (alert,) = self.alerts(calls)
                self.reports(alert, done, step, None)

    def test_a_date_that_fails_at_any_step_stops_no_other(self):
        before = ["split", "compact", "gather", "check"]
        after = ["prepare", "marts", "check", "book", "publish", "audit"]
        failing = [(step, {work(DAYS[1]): GONE}) for step in before + after[:2] + after[3:5]]
        failing += [("check", None), ("audit", {DAYS[1]: GONE})]
        for step, answers in failing:
            with self.subTest(step=step, window=answers is None):
                facts = step in before and answers is not None
                if answers is None:
                    # The second phase fails: the first check of each date is the first phase.
                    well = WELL["check"]["*"]
                    answers = [well, well, well, well, GONE, well]
                else:
                    answers = {**(WELL[step] or {"*": {}}), **answers}
                done, calls = self.run_machine("daily", {}, plan=[plan(*DAYS, buckets=2)], **{step: answers})
                self.fails(done, "Marquee.Incomplete", f"failed: {DAYS[1]} ({step} with Gone: ", "processed/x is missing")
                self.assertNotIn(DAYS[0], done["cause"])
                self.assertNotIn(DAYS[2], done["cause"])
                (alert,) = self.alerts(calls)
                self.reports(alert, done, step, DAYS[1])
                # The others are processed completely and in order, and the execution reaches its end.
                self.assertEqual([event["event_date"] for name, event in calls
                                  if name == "audit" and event["event_date"] != DAYS[1]], [DAYS[0], DAYS[2]])
                self.assertEqual(calls[-1], ("sweep", {}))
                # No further step runs for the failed date.
                steps = self.of(calls, DAYS[1])
                self.assertEqual(steps[-2:], [step, "alert"])
                self.assertEqual("prepare" in steps, not facts)

    def test_if_every_date_fails_nothing_is_published_and_each_raises_an_alert(self):
        for step in ("gather", "book"):
            with self.subTest(step=step):
                done, calls = self.run_machine("daily", {}, plan=[plan(*DAYS)], **{step: {"*": GONE}})
                self.fails(done, "Marquee.Incomplete", *(f"{date} ({step} with Gone" for date in DAYS))
                self.assertEqual(sorted(alert["event_date"] for alert in self.alerts(calls)), list(DAYS))
                self.assertEqual([event for name, event in calls if name == "publish"], [{}])
                self.assertEqual(calls[-1], ("sweep", {}))

    def test_a_failed_date_that_succeeds_when_planned_again_is_no_failure(self):
        for step in ("gather", "marts"):
            with self.subTest(step=step):
                # The second of two dates fails and the first is lost, so both are planned again.
                made = {"outcome": "published"}
                publish = [{}, {"outcome": "lost"}, made, made]
                done, calls = self.run_machine("one by one", {}, plan=[plan(*DAYS[:2])],
                                               publish=publish, **{step: [{}, GONE, {}]})
                self.assertEqual(self.succeeds(done), {"published": list(DAYS[:2]), "replans": 1})
                (alert,) = self.alerts(calls)
                self.reports(alert, done, step, DAYS[1])

    def test_the_cause_of_a_failure_is_truncated(self):
        long = {"errorType": "Failed", "errorMessage": "x" * 20_000}
        done, calls = self.run_machine("daily", {}, plan=[plan(*DAYS)], gather={"*": long})
        self.fails(done, "Marquee.Incomplete", *DAYS)
        self.assertLess(len(done["cause"]), 1_000)
        self.assertEqual(len(self.alerts(calls)), len(DAYS))

    def test_a_failed_item_of_a_distributed_map_reports_its_error(self):
        for step, many in (("split", {"parts": 9}), ("compact", {"buckets": 17})):
            with self.subTest(step=step):
                answers = {work(DAYS[0]): GONE, "*": {}}
                planned = plan(*DAYS[:2], **{"buckets": 2, **many})
                done, calls = self.run_machine("daily", {}, plan=[planned], **{step: answers})
                self.fails(done, "Marquee.Incomplete", f"failed: {DAYS[0]} ({step} with ")
                self.assertNotIn(DAYS[1], done["cause"])
                first = self.alerts(calls)[0]
                self.reports(first, done, step, DAYS[0])
                # All further alerts have the same step and date, which the alert function deduplicates.
                self.assertEqual({(alert["step"], alert["event_date"]) for alert in self.alerts(calls)},
                                 {(step, DAYS[0])})
                self.assertEqual([event["event_date"] for name, event in calls if name == "audit"], [DAYS[1]])

    def test_published_dates_are_loaded_although_another_date_failed(self):
        done, calls = self.run_machine("warehouse", {}, plan=[plan(*DAYS)], unloaded=[unloaded(DAYS[0], DAYS[2])],
                                       gather={work(DAYS[1]): GONE, "*": {}}, load=[LOADED])
        self.fails(done, "Marquee.Incomplete", f"failed: {DAYS[1]}")
        self.assertNotIn("not loaded", done["cause"])
        self.assertEqual(self.starts(calls), [DAYS[0], DAYS[2]])

    def test_temporary_errors_are_retried(self):
        flaky = [{"errorType": "Store", "errorMessage": "slow down"}, {"objects": 0, "bytes": 0}]
        done, calls = self.run_machine("daily", {}, sweep=flaky)
        self.succeeds(done)
        self.assertEqual([name for name, _ in calls].count("sweep"), 2)

    def test_an_undelivered_alert_hides_no_failure(self):
        broken = {"errorType": "Gone", "errorMessage": "gone"}
        done, _ = self.run_machine("daily", {}, sweep={"*": broken}, alert={"*": broken})
        self.fails(done, "Marquee.StepFailed", "sweep")

    def test_the_end_of_the_execution_names_dates_without_a_delivered_alert(self):
        broken = {"errorType": "Damaged", "errorMessage": "no topic"}
        alert = {DAYS[1]: broken, "*": {"sent": True}}
        bad = {"balanced": False, "problems": ["x"]}
        for name, answers in (
            ("facts", {"gather": {"*": GONE}}),
            ("date", {"marts": {"*": GONE}}),
            ("held", {"book": {"*": {"outcome": "held", "cause": "x"}}}),
            ("books", {"audit": {"*": bad}}),
        ):
            with self.subTest(alert=name):
                request = dict(plan=[plan(*DAYS[:2])], **answers)
                done, calls = self.run_machine("daily", {}, **request, alert=alert)
                # One alert was sent, which would suppress the end of an incomplete execution.
                self.assertIn(DAYS[0], [alert["event_date"] for alert in self.alerts(calls)])
                self.fails(done, "Marquee.Untold", DAYS[0], f"alert not delivered: {DAYS[1]}")
                self.assertEqual(calls[-1], ("sweep", {}))
                # The same holds if another step fails afterwards and its alert is sent.
                done, _ = self.run_machine("daily", {}, **request, alert=alert, sweep={"*": GONE})
                self.fails(done, "Marquee.Untold", "sweep failed with Gone", f"alert not delivered: {DAYS[1]}")
                done, _ = self.run_machine("daily", {}, **request)
                self.fails(done, "Marquee.Incomplete", DAYS[1])
                self.assertNotIn("alert not delivered", done["cause"])

    def test_the_end_of_the_execution_names_loads_without_a_delivered_alert(self):
        broken = {"errorType": "Damaged", "errorMessage": "no topic"}
        failed = {"load": "l", "status": "failed", "cause": "x"}
        done, _ = self.run_machine("warehouse", {}, plan=[plan(*DAYS)], unloaded=[unloaded(*DAYS[1:])], load=[failed],
                                   gather={work(DAYS[0]): GONE, "*": {}},
                                   alert={DAYS[0]: {"sent": True}, "*": broken})
        self.fails(done, "Marquee.Untold", f"not loaded: {DAYS[1]}, {DAYS[2]}",
                   f"alert not delivered: {DAYS[1]}, {DAYS[2]}")

    def test_a_date_that_succeeds_in_the_end_needs_no_alert(self):
        broken = {"errorType": "Damaged", "errorMessage": "no topic"}
        for step in ("gather", "marts"):
            with self.subTest(step=step):
                made = {"outcome": "published"}
                publish = [{}, {"outcome": "lost"}, made, made]
                done, _ = self.run_machine("one by one", {}, plan=[plan(*DAYS[:2])], publish=publish,
                                           alert={"*": broken}, **{step: [{}, GONE, {}]})
                self.succeeds(done)

    def test_the_machine_waits_for_the_warehouse(self):
        done, calls = self.run_machine("warehouse", {}, plan=[plan(DAYS[0])])
        self.succeeds(done)
        self.assertEqual(self.loads(calls), [
            {"step": "start", "event_date": DAYS[0], "generation": 1},
            {"step": "poll", "load": "l"}, {"step": "poll", "load": "l"}])

    def test_dates_are_loaded_ascending_after_all_are_published(self):
        # The first date was published before the warehouse existed.
        done, calls = self.run_machine("warehouse", {}, plan=[plan(*DAYS[1:])], unloaded=[unloaded(*DAYS)],
                                       load=[LOADED])
        self.assertEqual(self.succeeds(done), {"published": list(DAYS[1:]), "replans": 0})
        self.assertEqual([name for name, _ in calls[-6:]], ["audit", "plan", "load", "load", "load", "sweep"])
        self.assertEqual(calls[-5][1], {"which": "unloaded"})
        self.assertEqual(self.starts(calls), list(DAYS))

    def test_unloaded_dates_are_loaded_although_nothing_is_due(self):
        done, calls = self.run_machine("warehouse", {}, plan=[NOTHING], unloaded=[unloaded(DAYS[0])])
        self.succeeds(done)
        self.assertEqual(self.starts(calls), [DAYS[0]])
        self.assertEqual(self.alerts(calls), [])

    def test_without_a_warehouse_no_unloaded_dates_are_planned(self):
        done, calls = self.run_machine("daily", {"which": "unloaded"}, unloaded=[unloaded(*DAYS)])
        self.succeeds(done)
        self.assertEqual(calls, [("sweep", {})])

    def test_a_failed_load_reports_its_cause_and_delays_no_date(self):
        done, calls = self.run_machine("warehouse", {}, plan=[plan(*DAYS)], unloaded=[unloaded(*DAYS)], load=[
            {"load": "l", "status": "running"}, {"load": "l", "status": "failed", "cause": "no such column"}, LOADED])
        self.fails(done, "Marquee.Incomplete", f"not loaded: {DAYS[0]}")
        self.assertNotIn(DAYS[1], done["cause"])
        self.assertEqual(self.starts(calls), list(DAYS))
        (alert,) = self.alerts(calls)
        self.assertEqual((alert["step"], alert["event_date"]), ("load", DAYS[0]))
        self.assertEqual(alert["cause"], {"Error": "Marquee.NotLoaded", "Cause": f"{DAYS[0]}: no such column"})
        self.assertEqual([event["event_date"] for name, event in calls if name == "audit"], list(DAYS))
        self.assertEqual(calls[-1][0], "sweep")

    def test_an_unavailable_warehouse_raises_one_alert(self):
        broken = {"errorType": "Damaged", "errorMessage": "no workgroup"}
        done, calls = self.run_machine("warehouse", {}, plan=[plan(DAYS[2])], unloaded=[unloaded(*DAYS)],
                                       load={"*": broken})
        self.fails(done, "Marquee.Incomplete", f"not loaded: {', '.join(DAYS)}")
        (alert,) = self.alerts(calls)
        for date in DAYS:
            self.assertIn(f"{date}: Damaged: ", alert["cause"]["Cause"])
        self.assertIn("no workgroup", alert["cause"]["Cause"])

    def test_after_a_load_that_does_not_end_no_further_load_starts(self):
        done, calls = self.run_machine("warehouse", {}, plan=[plan(*DAYS)], unloaded=[unloaded(*DAYS)],
                                       load=[{"load": "l", "status": "running"}])
        self.fails(done, "Marquee.Incomplete", f"not loaded: {DAYS[0]}")
        self.assertEqual(len(self.loads(calls)), 151)
        self.assertEqual(self.starts(calls), [DAYS[0]])
        self.assertIn("still running", self.alerts(calls)[0]["cause"]["Cause"])

    def test_very_many_loads_are_several_executions(self):
        request = {"which": "anew", "from": DAYS[0], "to": DAYS[0]}
        done, calls = self.run_machine("warehouse", request, unloaded=[
            unloaded(*DAYS[:2], count=3), unloaded(DAYS[2])], load=[LOADED])
        self.succeeds(done)
        self.assertEqual(self.output_of_next(done)["published"], [])
        calls = [json.loads(line) for line in (self.directory / "calls.ndjson").read_text().splitlines()]
        calls = [(call["name"], call["event"]) for call in calls]
        self.assertEqual(self.starts(calls), list(DAYS))
        # The dates are computed from scratch once.
        self.assertEqual([event["which"] for name, event in calls if name == "plan"], ["anew", "unloaded", "unloaded"])

    def test_loads_without_progress_start_no_further_execution(self):
        done, calls = self.run_machine("warehouse", {}, plan=[NOTHING], unloaded=[unloaded(DAYS[0], count=9)],
                                       load=[{"load": "l", "status": "failed", "cause": "x"}])
        self.fails(done, "Marquee.Incomplete", DAYS[0])
        self.assertEqual([name for name, _ in calls].count("plan"), 2)

    def test_very_many_dates_are_several_executions(self):
        more = {**plan(*DAYS[:2]), "count": 3}
        span = {"from": DAYS[0], "to": DAYS[2]}
        for request in ({"which": "due", "time": "2026-01-08T02:00:00Z"}, {"which": "within", **span},
                        {"which": "anew", **span}):
            with self.subTest(which=request["which"]):
                done, _ = self.run_machine("daily", request, plan=[more, plan(DAYS[2]), NOTHING])
                self.assertEqual(self.succeeds(done)["published"], list(DAYS[:2]))
                self.assertEqual(self.output_of_next(done)["published"], [DAYS[2]])
                self.assertEqual(self.plans(), [request, {**request, "after": DAYS[1]}])

    def test_many_failing_dates_do_not_block_later_dates(self):
        more = {**plan(*DAYS[:2]), "count": 3}
        for step in ("gather", "book"):
            with self.subTest(step=step):
                gone = {**(WELL[step] or {"*": {}}), **{work(day): GONE for day in DAYS[:2]}}
                done, _ = self.run_machine("daily", {}, plan=[more, plan(DAYS[2])], **{step: gone})
                self.fails(done, "Marquee.Incomplete", *DAYS[:2])
                self.assertEqual(self.output_of_next(done)["published"], [DAYS[2]])
                self.assertEqual(self.plans(), [{"which": "due"}, {"which": "due", "after": DAYS[1]}])

    def test_a_lost_date_does_not_drop_the_dates_after_the_first_plan(self):
        publish = [{}, {"outcome": "published"}, {"outcome": "lost"}, {"outcome": "published"}]
        more = {**plan(*DAYS[:2]), "count": 3}
        span = {"from": DAYS[0], "to": DAYS[2]}
        anew = {"which": "anew", **span}
        done, _ = self.run_machine("daily", anew, plan=[more, plan(DAYS[1]), plan(DAYS[2])], publish=publish)
        self.succeeds(done)
        self.assertEqual(self.output_of_next(done)["published"], [DAYS[2]])
        self.assertEqual(self.plans(), [anew, {"which": "anew", "from": DAYS[1], "to": DAYS[1]},
                                        {**anew, "after": DAYS[1]}])
        # The second plan of due dates also lists the dates after those of the first.
        done, _ = self.run_machine("daily", {}, plan=[more, plan(*DAYS[1:])], publish=publish)
        self.assertEqual(self.succeeds(done)["published"], [DAYS[0], DAYS[1], DAYS[2]])
        self.assertEqual(self.plans(), [{"which": "due"}] * 2)

    def test_a_backfill_proceeds_by_months_despite_a_held_date(self):
        spans = {"spans": [{"from": "2026-01-20", "to": "2026-01-31"}, {"from": "2026-02-01", "to": "2026-02-10"}]}
        held = {work(DAYS[0]): {"outcome": "held", "cause": "x"}, **WELL["book"]}
        request = {"from": "2026-01-20", "to": "2026-02-10", "anew": True}
        done, calls = self.run_machine("backfill", request, plan=[spans, plan(DAYS[0]), plan(DAYS[1])], book=held)
        self.fails(done, "Marquee.Incomplete", "2026-01-20")
        self.assertNotIn("2026-02", done["cause"])
        self.assertEqual([event for name, event in calls if name == "plan"], [
            {"which": "spans", "from": "2026-01-20", "to": "2026-02-10"},
            {"which": "anew", "from": "2026-01-20", "to": "2026-01-31"},
            {"which": "anew", "from": "2026-02-01", "to": "2026-02-10"}])

    def test_a_backfill_continues_after_a_month_with_a_failed_date(self):
        spans = {"spans": [{"from": "2026-01-20", "to": "2026-01-31"}, {"from": "2026-02-01", "to": "2026-02-10"}]}
        done, calls = self.run_machine("backfill", {"from": "2026-01-20", "to": "2026-02-10"},
                                       plan=[spans, plan(DAYS[0]), plan(DAYS[1])],
                                       marts={work(DAYS[0]): GONE, "*": {}})
        self.fails(done, "Marquee.Incomplete", "2026-01-20")
        self.assertNotIn("2026-02", done["cause"])
        self.assertEqual([(alert["step"], alert["event_date"]) for alert in self.alerts(calls)], [("marts", DAYS[0])])

    def test_a_backfill_continues_after_a_month_with_an_undelivered_alert(self):
        spans = {"spans": [{"from": "2026-01-20", "to": "2026-01-31"}, {"from": "2026-02-01", "to": "2026-02-10"}]}
        done, calls = self.run_machine("backfill", {"from": "2026-01-20", "to": "2026-02-10"},
                                       plan=[spans, plan(DAYS[0]), plan(DAYS[1])],
                                       marts={work(DAYS[0]): GONE, "*": {}}, alert={"*": GONE})
        self.fails(done, "Marquee.Incomplete", "2026-01-20")
        self.assertEqual([event["event_date"] for name, event in calls if name == "audit"], [DAYS[1]])

    def test_a_failed_month_fails_the_backfill(self):
        spans = {"spans": [{"from": "2026-01-20", "to": "2026-01-31"}, {"from": "2026-02-01", "to": "2026-02-10"}]}
        done, calls = self.run_machine("backfill", {"from": "2026-01-20", "to": "2026-02-10"},
                                       plan=[spans, plan(DAYS[0])], sweep={"*": GONE})
        self.fails(done, "Marquee.StepFailed", "2026-01-20")
        # The emulator's map continues with the next month nevertheless.
        self.assertEqual([alert["step"] for alert in self.alerts(calls)][:2], ["sweep", "daily"])

    def test_a_replay_publishes_the_dates_that_became_due(self):
        done, calls = self.run_machine("replay", {"date": DAYS[0], "reason": "too_long"})
        self.succeeds(done)
        self.assertEqual(calls[0], ("replay", {"date": DAYS[0], "reason": "too_long"}))
        self.assertEqual(calls[2], ("plan", {"which": "due"}))
        done, calls = self.run_machine("replay", {"dry_run": True})
        self.succeeds(done)
        self.assertEqual([name for name, _ in calls], ["replay"])


if __name__ == "__main__":
    unittest.main()
