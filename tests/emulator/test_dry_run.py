"""The daily, backfill and replay machines run by the emulator over stand-ins of the
functions, which answer as docs/adr/0006-on-aws.md says.

Needs the packages of requirements.txt.
"""

import json
import unittest

from stand_ins import DAYS, GONE, LOADED, NOTHING, WELL, OverStandIns, plan, unloaded, work


class DryRun(OverStandIns):
    def plans(self):
        """What `plan` was asked by now, also by the execution in which one went on."""
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

    def test_nothing_due_is_no_failure(self):
        done, calls = self.run_machine("daily", {}, plan=[NOTHING])
        self.assertEqual(self.succeeds(done)["published"], [])
        self.assertEqual(calls, [("publish", {}), ("plan", {"which": "due"}), ("sweep", {})])

    def test_parts_are_divided_and_buckets_compacted_however_many(self):
        # Late events of many buckets have few parts; none where there are no inputs but titles.
        for parts, buckets in ((1, 2), (8, 16), (9, 4), (1, 17), (0, 2)):
            with self.subTest(parts=parts, buckets=buckets):
                done, calls = self.run_machine("daily", {}, plan=[plan(DAYS[0], buckets=buckets, parts=parts)])
                self.succeeds(done)
                steps = self.of(calls, DAYS[0])
                # Every part is there before a bucket is made, and every bucket before they are put together.
                self.assertEqual(steps[:parts + buckets + 1], ["split"] * parts + ["compact"] * buckets + ["gather"])
                divided = [event for name, event in calls if name == "split"]
                self.assertEqual(sorted(event["part"] for event in divided), list(range(parts)))
                self.assertEqual({tuple(event) for event in divided}, {("work", "part")} if parts else set())
                compacted = [event["bucket"] for name, event in calls if name == "compact"]
                self.assertEqual(sorted(compacted), list(range(buckets)))

    def test_facts_that_are_kept_are_not_compacted(self):
        done, calls = self.run_machine("daily", {}, plan=[plan(DAYS[0], compact=False, buckets=0)])
        self.succeeds(done)
        self.assertEqual(self.of(calls, DAYS[0])[:2], ["gather", "check"])

    def test_what_is_unchanged_is_left_alone(self):
        done, calls = self.run_machine("daily", {}, prepare={"*": {"is_unchanged": True}})
        self.assertEqual(self.succeeds(done)["published"], [])
        self.assertNotIn("marts", [name for name, _ in calls])

    def test_a_held_date_alerts_and_the_next_go_on(self):
        held = {work(DAYS[1]): {"outcome": "held", "cause": "1 row has no user"}, **WELL["book"]}
        done, calls = self.run_machine("daily", {}, plan=[plan(*DAYS)], book=held)
        self.fails(done, "Marquee.Incomplete", f"held: {DAYS[1]}")
        self.assertEqual([event["work"] for name, event in calls if name == "publish" and event],
                         [work(DAYS[0]), work(DAYS[2])])
        (alert,) = self.alerts(calls)
        self.assertEqual((alert["step"], alert["event_date"]), ("book", DAYS[1]))
        self.assertEqual(alert["cause"], {"Error": "Marquee.Held", "Cause": "1 row has no user"})
        self.assertEqual(calls[-1][0], "sweep")

    def test_a_date_whose_facts_break_a_rule_is_held_without_its_tables(self):
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

    def test_what_a_run_met_is_kept_when_it_plans_again(self):
        """Two dates that are held, two that fail, two whose books do not balance, and one that is lost."""
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

    def test_what_is_made_anew_is_so_once(self):
        publish = [{}, {"outcome": "published"}, {"outcome": "lost"}, {"outcome": "published"}]
        done, calls = self.run_machine("daily", {"which": "anew", "from": DAYS[0], "to": DAYS[2]},
                                       plan=[plan(*DAYS), plan(DAYS[1])],
                                       publish=[{"generation": 1, **answer} for answer in publish])
        self.succeeds(done)
        self.assertEqual([event for name, event in calls if name == "plan"][1],
                         {"which": "anew", "from": DAYS[1], "to": DAYS[1]})

    def test_a_date_that_is_lost_each_time_is_given_up_aloud(self):
        done, calls = self.run_machine("daily", {}, plan=[plan(DAYS[0])],
                                       publish={"*": {"outcome": "lost", "generation": 1}})
        self.fails(done, "Marquee.Incomplete", "lost", DAYS[0])
        self.assertEqual([name for name, _ in calls].count("plan"), 6)

    def test_books_that_do_not_balance_fail_the_execution(self):
        audit = {DAYS[0]: {"balanced": False, "status": "provisional", "problems": ["1 event is missing"]}, **WELL["audit"]}
        done, calls = self.run_machine("daily", {}, audit=audit)
        self.fails(done, "Marquee.Incomplete", f"not balanced: {DAYS[0]}")
        (alert,) = self.alerts(calls)
        self.assertEqual((alert["step"], alert["cause"]), ("audit", {"balanced": False, "problems": ["1 event is missing"]}))

    def test_what_is_published_and_not_audited_is_so_by_the_next_run(self):
        caught_up = {"outcome": "caught_up", "dates": 1, "unaudited": [DAYS[0], DAYS[1]]}
        publish = [caught_up, {"outcome": "published"}]
        for planned, audited, published in ((NOTHING, DAYS[:2], []), (plan(DAYS[1]), DAYS[:2], [DAYS[1]])):
            with self.subTest(due=planned["count"]):
                done, calls = self.run_machine("daily", {}, plan=[planned], publish=publish)
                self.assertEqual(self.succeeds(done)["published"], published)
                self.assertEqual([event["event_date"] for name, event in calls if name == "audit"], list(audited))
                self.assertEqual(self.of(calls, DAYS[0]), ["audit"])
        # Nor is it passed over where its facts cannot be made now.
        done, calls = self.run_machine("daily", {}, plan=[plan(*DAYS[1:])], publish=publish,
                                       gather={work(DAYS[1]): GONE, "*": {}})
        self.fails(done, "Marquee.Incomplete", f"failed: {DAYS[1]}")
        self.assertEqual([event["event_date"] for name, event in calls if name == "audit"], list(DAYS))
        # What it finds is said, and what fails stops no other.
        bad = {"balanced": False, "problems": ["x"]}
        done, calls = self.run_machine("daily", {}, plan=[NOTHING], publish=publish,
                                       audit={**WELL["audit"], DAYS[0]: GONE, DAYS[1]: bad})
        self.fails(done, "Marquee.Incomplete", f"failed: {DAYS[0]} (audit with Gone", f"not balanced: {DAYS[1]}")
        self.assertEqual([alert["step"] for alert in self.alerts(calls)], ["audit", "audit"])

    def test_what_is_only_audited_is_so_once(self):
        caught_up = {"outcome": "caught_up", "dates": 0, "unaudited": [DAYS[0]]}
        publish = [caught_up, {"outcome": "lost"}, {"outcome": "published"}]
        done, calls = self.run_machine("daily", {}, plan=[plan(DAYS[1])], publish=publish)
        self.assertEqual(self.succeeds(done), {"published": [DAYS[1]], "replans": 1})
        self.assertEqual([event["event_date"] for name, event in calls if name == "audit"], list(DAYS[:2]))

    def test_a_step_of_no_date_that_fails_alerts_with_its_name_and_ends_the_execution(self):
        for step in ("plan", "publish", "sweep"):
            with self.subTest(step=step):
                done, calls = self.run_machine("daily", {}, **{step: [GONE] if step == "plan" else {"*": GONE}})
                self.fails(done, "Marquee.StepFailed", step, "Gone", "processed/x is gone")
                (alert,) = self.alerts(calls)
                self.tells(alert, done, step, None)

    def test_a_date_that_fails_at_whatever_step_stops_no_other(self):
        before = ["split", "compact", "gather", "check"]
        after = ["prepare", "marts", "check", "book", "publish", "audit"]
        failing = [(step, {work(DAYS[1]): GONE}) for step in before + after[:2] + after[3:5]]
        failing += [("check", None), ("audit", {DAYS[1]: GONE})]
        for step, answers in failing:
            with self.subTest(step=step, window=answers is None):
                facts = step in before and answers is not None
                if answers is None:
                    # Of the second phase: each date's first check is of the first.
                    well = WELL["check"]["*"]
                    answers = [well, well, well, well, GONE, well]
                else:
                    answers = {**(WELL[step] or {"*": {}}), **answers}
                done, calls = self.run_machine("daily", {}, plan=[plan(*DAYS, buckets=2)], **{step: answers})
                self.fails(done, "Marquee.Incomplete", f"failed: {DAYS[1]} ({step} with Gone: ", "processed/x is gone")
                self.assertNotIn(DAYS[0], done["cause"])
                self.assertNotIn(DAYS[2], done["cause"])
                (alert,) = self.alerts(calls)
                self.tells(alert, done, step, DAYS[1])
                # The others are made whole, in their order, and the execution goes on to its end.
                self.assertEqual([event["event_date"] for name, event in calls
                                  if name == "audit" and event["event_date"] != DAYS[1]], [DAYS[0], DAYS[2]])
                self.assertEqual(calls[-1], ("sweep", {}))
                # Nothing more is done for the one that failed.
                steps = self.of(calls, DAYS[1])
                self.assertEqual(steps[-2:], [step, "alert"])
                self.assertEqual("prepare" in steps, not facts)

    def test_where_every_date_fails_nothing_is_published_and_each_is_told(self):
        for step in ("gather", "book"):
            with self.subTest(step=step):
                done, calls = self.run_machine("daily", {}, plan=[plan(*DAYS)], **{step: {"*": GONE}})
                self.fails(done, "Marquee.Incomplete", *(f"{date} ({step} with Gone" for date in DAYS))
                self.assertEqual(sorted(alert["event_date"] for alert in self.alerts(calls)), list(DAYS))
                self.assertEqual([event for name, event in calls if name == "publish"], [{}])
                self.assertEqual(calls[-1], ("sweep", {}))

    def test_a_date_that_failed_and_is_made_when_planned_again_is_well(self):
        for step in ("gather", "marts"):
            with self.subTest(step=step):
                # The second of two fails, then the first is lost, so both come again.
                made = {"outcome": "published"}
                publish = [{}, {"outcome": "lost"}, made, made]
                done, calls = self.run_machine("one by one", {}, plan=[plan(*DAYS[:2])],
                                               publish=publish, **{step: [{}, GONE, {}]})
                self.assertEqual(self.succeeds(done), {"published": list(DAYS[:2]), "replans": 1})
                (alert,) = self.alerts(calls)
                self.tells(alert, done, step, DAYS[1])

    def test_what_is_said_of_a_failure_is_bounded(self):
        long = {"errorType": "Failed", "errorMessage": "x" * 20_000}
        done, calls = self.run_machine("daily", {}, plan=[plan(*DAYS)], gather={"*": long})
        self.fails(done, "Marquee.Incomplete", *DAYS)
        self.assertLess(len(done["cause"]), 1_000)
        self.assertEqual(len(self.alerts(calls)), len(DAYS))

    def test_of_many_the_one_that_fails_says_why(self):
        for step, many in (("split", {"parts": 9}), ("compact", {"buckets": 17})):
            with self.subTest(step=step):
                answers = {work(DAYS[0]): GONE, "*": {}}
                planned = plan(*DAYS[:2], **{"buckets": 2, **many})
                done, calls = self.run_machine("daily", {}, plan=[planned], **{step: answers})
                self.fails(done, "Marquee.Incomplete", f"failed: {DAYS[0]} ({step} with ")
                self.assertNotIn(DAYS[1], done["cause"])
                first = self.alerts(calls)[0]
                self.tells(first, done, step, DAYS[0])
                # Whatever is told besides is of the same step and date, which is one message.
                self.assertEqual({(alert["step"], alert["event_date"]) for alert in self.alerts(calls)},
                                 {(step, DAYS[0])})
                self.assertEqual([event["event_date"] for name, event in calls if name == "audit"], [DAYS[1]])

    def test_what_a_run_with_a_failed_date_published_is_loaded(self):
        done, calls = self.run_machine("warehouse", {}, plan=[plan(*DAYS)], unloaded=[unloaded(DAYS[0], DAYS[2])],
                                       gather={work(DAYS[1]): GONE, "*": {}}, load=[LOADED])
        self.fails(done, "Marquee.Incomplete", f"failed: {DAYS[1]}")
        self.assertNotIn("not loaded", done["cause"])
        self.assertEqual(self.starts(calls), [DAYS[0], DAYS[2]])

    def test_what_can_pass_is_tried_again(self):
        flaky = [{"errorType": "Store", "errorMessage": "slow down"}, {"objects": 0, "bytes": 0}]
        done, calls = self.run_machine("daily", {}, sweep=flaky)
        self.succeeds(done)
        self.assertEqual([name for name, _ in calls].count("sweep"), 2)

    def test_an_alert_that_cannot_be_sent_hides_nothing(self):
        broken = {"errorType": "Gone", "errorMessage": "gone"}
        done, _ = self.run_machine("daily", {}, sweep={"*": broken}, alert={"*": broken})
        self.fails(done, "Marquee.StepFailed", "sweep")

    def test_what_no_alert_could_be_sent_of_the_end_of_the_execution_tells(self):
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
                # One was told, which would settle an execution that is incomplete.
                self.assertIn(DAYS[0], [alert["event_date"] for alert in self.alerts(calls)])
                self.fails(done, "Marquee.Untold", DAYS[0], f"alert not delivered: {DAYS[1]}")
                self.assertEqual(calls[-1], ("sweep", {}))
                # The same where a step fails afterwards, and is told.
                done, _ = self.run_machine("daily", {}, **request, alert=alert, sweep={"*": GONE})
                self.fails(done, "Marquee.Untold", "sweep failed with Gone", f"alert not delivered: {DAYS[1]}")
                done, _ = self.run_machine("daily", {}, **request)
                self.fails(done, "Marquee.Incomplete", DAYS[1])
                self.assertNotIn("alert not delivered", done["cause"])

    def test_loads_that_no_alert_could_be_sent_of_the_end_of_the_execution_tells(self):
        broken = {"errorType": "Damaged", "errorMessage": "no topic"}
        failed = {"load": "l", "status": "failed", "cause": "x"}
        done, _ = self.run_machine("warehouse", {}, plan=[plan(*DAYS)], unloaded=[unloaded(*DAYS[1:])], load=[failed],
                                   gather={work(DAYS[0]): GONE, "*": {}},
                                   alert={DAYS[0]: {"sent": True}, "*": broken})
        self.fails(done, "Marquee.Untold", f"not loaded: {DAYS[1]}, {DAYS[2]}",
                   f"alert not delivered: {DAYS[1]}, {DAYS[2]}")

    def test_a_date_that_is_made_in_the_end_needs_no_message(self):
        broken = {"errorType": "Damaged", "errorMessage": "no topic"}
        for step in ("gather", "marts"):
            with self.subTest(step=step):
                made = {"outcome": "published"}
                publish = [{}, {"outcome": "lost"}, made, made]
                done, _ = self.run_machine("one by one", {}, plan=[plan(*DAYS[:2])], publish=publish,
                                           alert={"*": broken}, **{step: [{}, GONE, {}]})
                self.succeeds(done)

    def test_the_warehouse_is_waited_for(self):
        done, calls = self.run_machine("warehouse", {}, plan=[plan(DAYS[0])])
        self.succeeds(done)
        self.assertEqual(self.loads(calls), [
            {"step": "start", "event_date": DAYS[0], "generation": 1},
            {"step": "poll", "load": "l"}, {"step": "poll", "load": "l"}])

    def test_what_is_published_is_loaded_once_it_all_is_and_dates_ascending(self):
        # The first was published before there was a warehouse.
        done, calls = self.run_machine("warehouse", {}, plan=[plan(*DAYS[1:])], unloaded=[unloaded(*DAYS)],
                                       load=[LOADED])
        self.assertEqual(self.succeeds(done), {"published": list(DAYS[1:]), "replans": 0})
        self.assertEqual([name for name, _ in calls[-6:]], ["audit", "plan", "load", "load", "load", "sweep"])
        self.assertEqual(calls[-5][1], {"which": "unloaded"})
        self.assertEqual(self.starts(calls), list(DAYS))

    def test_what_is_not_loaded_is_so_though_nothing_is_due(self):
        done, calls = self.run_machine("warehouse", {}, plan=[NOTHING], unloaded=[unloaded(DAYS[0])])
        self.succeeds(done)
        self.assertEqual(self.starts(calls), [DAYS[0]])
        self.assertEqual(self.alerts(calls), [])

    def test_without_a_warehouse_nobody_asks_what_it_has(self):
        done, calls = self.run_machine("daily", {"which": "unloaded"}, unloaded=[unloaded(*DAYS)])
        self.succeeds(done)
        self.assertEqual(calls, [("sweep", {})])

    def test_a_load_that_fails_says_why_and_keeps_nothing_back(self):
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

    def test_a_warehouse_that_is_out_is_one_alert(self):
        broken = {"errorType": "Damaged", "errorMessage": "no workgroup"}
        done, calls = self.run_machine("warehouse", {}, plan=[plan(DAYS[2])], unloaded=[unloaded(*DAYS)],
                                       load={"*": broken})
        self.fails(done, "Marquee.Incomplete", f"not loaded: {', '.join(DAYS)}")
        (alert,) = self.alerts(calls)
        for date in DAYS:
            self.assertIn(f"{date}: Damaged: ", alert["cause"]["Cause"])
        self.assertIn("no workgroup", alert["cause"]["Cause"])

    def test_a_load_without_an_end_ends_the_loads_of_an_execution(self):
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
        # What was to be made anew is so once.
        self.assertEqual([event["which"] for name, event in calls if name == "plan"], ["anew", "unloaded", "unloaded"])

    def test_loads_that_come_no_further_are_not_gone_on_with(self):
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

    def test_many_dates_that_fail_for_good_keep_no_later_one_from_being_made(self):
        more = {**plan(*DAYS[:2]), "count": 3}
        for step in ("gather", "book"):
            with self.subTest(step=step):
                gone = {**(WELL[step] or {"*": {}}), **{work(day): GONE for day in DAYS[:2]}}
                done, _ = self.run_machine("daily", {}, plan=[more, plan(DAYS[2])], **{step: gone})
                self.fails(done, "Marquee.Incomplete", *DAYS[:2])
                self.assertEqual(self.output_of_next(done)["published"], [DAYS[2]])
                self.assertEqual(self.plans(), [{"which": "due"}, {"which": "due", "after": DAYS[1]}])

    def test_a_lost_date_takes_nothing_from_what_is_after_the_first(self):
        publish = [{}, {"outcome": "published"}, {"outcome": "lost"}, {"outcome": "published"}]
        more = {**plan(*DAYS[:2]), "count": 3}
        span = {"from": DAYS[0], "to": DAYS[2]}
        anew = {"which": "anew", **span}
        done, _ = self.run_machine("daily", anew, plan=[more, plan(DAYS[1]), plan(DAYS[2])], publish=publish)
        self.succeeds(done)
        self.assertEqual(self.output_of_next(done)["published"], [DAYS[2]])
        self.assertEqual(self.plans(), [anew, {"which": "anew", "from": DAYS[1], "to": DAYS[1]},
                                        {**anew, "after": DAYS[1]}])
        # The second plan of what is due lists what is after the first, too.
        done, _ = self.run_machine("daily", {}, plan=[more, plan(*DAYS[1:])], publish=publish)
        self.assertEqual(self.succeeds(done)["published"], [DAYS[0], DAYS[1], DAYS[2]])
        self.assertEqual(self.plans(), [{"which": "due"}] * 2)

    def test_a_backfill_goes_by_months_and_past_a_held_date(self):
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

    def test_a_backfill_goes_past_a_month_with_a_failed_date(self):
        spans = {"spans": [{"from": "2026-01-20", "to": "2026-01-31"}, {"from": "2026-02-01", "to": "2026-02-10"}]}
        done, calls = self.run_machine("backfill", {"from": "2026-01-20", "to": "2026-02-10"},
                                       plan=[spans, plan(DAYS[0]), plan(DAYS[1])],
                                       marts={work(DAYS[0]): GONE, "*": {}})
        self.fails(done, "Marquee.Incomplete", "2026-01-20")
        self.assertNotIn("2026-02", done["cause"])
        self.assertEqual([(alert["step"], alert["event_date"]) for alert in self.alerts(calls)], [("marts", DAYS[0])])

    def test_a_backfill_goes_past_a_month_that_could_not_tell_all(self):
        spans = {"spans": [{"from": "2026-01-20", "to": "2026-01-31"}, {"from": "2026-02-01", "to": "2026-02-10"}]}
        done, calls = self.run_machine("backfill", {"from": "2026-01-20", "to": "2026-02-10"},
                                       plan=[spans, plan(DAYS[0]), plan(DAYS[1])],
                                       marts={work(DAYS[0]): GONE, "*": {}}, alert={"*": GONE})
        self.fails(done, "Marquee.Incomplete", "2026-01-20")
        self.assertEqual([event["event_date"] for name, event in calls if name == "audit"], [DAYS[1]])

    def test_a_backfill_fails_with_a_month_that_does(self):
        spans = {"spans": [{"from": "2026-01-20", "to": "2026-01-31"}, {"from": "2026-02-01", "to": "2026-02-10"}]}
        done, calls = self.run_machine("backfill", {"from": "2026-01-20", "to": "2026-02-10"},
                                       plan=[spans, plan(DAYS[0])], sweep={"*": GONE})
        self.fails(done, "Marquee.StepFailed", "2026-01-20")
        # The emulator's map goes on to the next month nevertheless.
        self.assertEqual([alert["step"] for alert in self.alerts(calls)][:2], ["sweep", "daily"])

    def test_a_replay_publishes_what_has_become_due(self):
        done, calls = self.run_machine("replay", {"date": DAYS[0], "reason": "too_long"})
        self.succeeds(done)
        self.assertEqual(calls[0], ("replay", {"date": DAYS[0], "reason": "too_long"}))
        self.assertEqual(calls[2], ("plan", {"which": "due"}))
        done, calls = self.run_machine("replay", {"dry_run": True})
        self.succeeds(done)
        self.assertEqual([name for name, _ in calls], ["replay"])


if __name__ == "__main__":
    unittest.main()
