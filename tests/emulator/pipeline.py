"""The steps of the run and their checks. Each step depends on the steps before it."""

import datetime
import json
import shutil
import time

import drift
import producer
from alerts import Alerts
from api import Api
from athena import Athena
from lake import Lake, table_keys, table_rows
from machines import Machines, logs_of
from report import Failure, expect, until
from warehouse import Warehouse, book

RECEIPT_SECONDS = 90
LOAD_SECONDS = 900
REFRESH_SECONDS = 30
DAYS = 3
EVENTS = 4000
LATE_EVENTS = 600
# Tables whose rows depend on the time and the shard of the arrival of events.
BY_ARRIVAL = {"audit"}
# Features of Athena that the emulator's DuckDB lacks, besides views.
BEYOND_THE_EMULATOR = ("approx_percentile", "from_utf8", '"$path"')


class Pipeline:
    def __init__(self, place, terraform, built, directory, stand_in=None, has_warehouse=False):
        """`stand_in` starts the stand-in for the warehouse; its argument is the name of `load`."""
        self._place, self._terraform, self._built, self._directory = place, terraform, built, directory
        # The days before today, because the daily machine processes dates up to yesterday.
        first = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=DAYS + 1)
        self._start = first.isoformat()
        self._sent = 0
        self._functions = {}
        self._alerts = None
        self._start_stand_in, self._stand_in, self._has_warehouse = stand_in, None, has_warehouse
        self._is_applied = False

    def steps(self):
        yield "terraform init", self._terraform.init
        yield "terraform apply", self.apply
        yield "the API without data", self.unpublished
        yield "title catalog", self.title_catalog
        yield "events of three days", self.events
        yield "receipts of every event", self.receipts
        yield "the daily machine", self.daily
        yield "generations and partitions", self.published
        yield "rows of the curated tables", self.rows
        yield "both books", self.books
        yield "the API", self.recommended
        yield "authorization of the API", self.callers
        if self._has_warehouse:
            yield "the warehouse", self.loaded
            yield "loading by hand again", self.load_again
        yield "a query of Athena", self.query
        yield "the saved queries", self.saved_queries
        yield "late events", self.late
        yield "two concurrent runs", self.race
        yield "rows with the late events", self.rows
        yield "the API with the late events", self.recommended
        yield "nothing is due", self.nothing_due
        if self._has_warehouse:
            yield "the warehouse with the late events", self.loaded
        yield "a failing step sends an alert", self.failing
        if self._has_warehouse and not self._place.is_aws:
            yield "a failing load sends an alert", self.load_failing
            yield "the next run loads the date", self.load_repaired
        else:
            yield "the next run continues", self.repaired
        yield "the backfill machine", self.backfill
        yield "terraform plan", self.drift
        yield "the replay machine", self.replay
        yield "the books at the end", self.books
        if self._has_warehouse:
            yield "the warehouse at the end", self.loaded

    def last_steps(self):
        yield "terraform destroy", self.destroy

    def close(self):
        """Ends the stand-in, if it still runs."""
        if self._stand_in:
            self._stand_in.close()
            self._stand_in = None

    # --- the deployment

    def apply(self):
        self._is_applied = True
        outputs = {name: each["value"] for name, each in self._terraform.apply().items()}
        self._stream, self._database = outputs["stream_name"], outputs["database"]
        self._functions = outputs["function_names"]
        self._bucket = outputs["lake_bucket"]
        self._lake = Lake(self._place, self._bucket)
        self._machines = Machines(self._place, outputs["state_machine_arns"])
        self._athena = Athena(self._place, outputs["workgroup"], self._database)
        self._alerts = Alerts(self._place, outputs["topic_arn"])
        self._api = Api(self._place, outputs["api_url"])
        self._policies = {name: outputs[f"{name}_policy_arn"] for name in ("caller", "producer")}
        if self._has_warehouse:
            if self._start_stand_in:
                self._stand_in = self._start_stand_in(self._functions["load"])
            self._warehouse = Warehouse(self._place, outputs["warehouse_workgroup"])
        return f"{len(self._functions)} functions"

    def drift(self):
        return drift.judge(self._terraform.changes(), self._place.is_aws)

    def destroy(self):
        if self._alerts:
            self._alerts.close()
        if self._is_applied:
            self._terraform.destroy()
        self.close()
        left = [name for name in self._functions.values() if self._exists(name)]
        expect(not left, f"these functions still exist: {left}")

    def _exists(self, function):
        functions = self._place.client("lambda")
        try:
            functions.get_function(FunctionName=function)
        except functions.exceptions.ResourceNotFoundException:
            return False
        return True

    def evidence(self, since):
        return logs_of(self._place, self._functions.values(), since)

    # --- the hot path

    def title_catalog(self):
        """Uploads the title catalog that the embedded pipeline writes from the producer's titles."""
        here = self._directory / "embedded"
        shutil.rmtree(here, ignore_errors=True)
        here.mkdir()
        self._embedded = here
        producer.simulate(self._place, self._built, f"local:{here}/stream", self._start, DAYS, EVENTS, seed=7)
        producer.embedded(self._place, self._built, here, "run", "--drain")
        self._lake.upload_below(here / "lake", "reference")
        pointer = self._lake.json("reference/titles/current.json")
        return f"{pointer['titles']} titles, version {pointer['version'][:8]}"

    def events(self):
        self._sent += producer.simulate(
            self._place, self._built, f"kinesis:{self._stream}", self._start, DAYS, EVENTS, seed=7)
        return f"{self._sent} acknowledged"

    def receipts(self):
        def complete():
            receipts = self._lake.receipts()
            counted = sum(receipt["received"] for receipt in receipts)
            expect(counted >= self._sent, f"{len(receipts)} receipts have {counted} of {self._sent} units")
            return receipts

        receipts = until("the receipts of every unit", RECEIPT_SECONDS, complete)
        counts = {name: sum(receipt[name] for receipt in receipts)
                  for name in ("received", "processed", "quarantined", "records")}
        expect(counts["received"] == self._sent, f"{self._sent} units were sent, but receipts have {counts['received']}")
        expect(counts["processed"] + counts["quarantined"] == counts["received"], f"receipts do not balance: {counts}")
        expect(counts["quarantined"] > 0, "no invalid event was sent")
        return f"{len(receipts)} batches, {counts['processed']} processed, {counts['quarantined']} quarantined"

    # --- the daily pipeline

    def daily(self):
        answer = self._machines.run("daily", {"which": "due"})
        self._dates = sorted(self._processed_by_date())
        expect(answer["published"] == self._dates,
               f"there are events of {self._dates}, but {answer['published']} were published")
        return f"{', '.join(answer['published'])} in {self._check_split()}"

    def _check_split(self):
        """Checks that dates were split into parts and buckets, like large dates."""
        keys = self._lake.keys("staging/plans/")
        expect(any(key.endswith("/split-0001.json") for key in keys), f"no date was split into parts: {keys}")
        counts = {name: sum(f"/{name}-0" in key for key in keys) for name in ("split", "bucket")}
        expect(counts["bucket"] > len(self._dates), f"no date has several buckets: {keys}")
        return f"{counts['split']} parts and {counts['bucket']} buckets"

    def _processed_by_date(self):
        """Returns the number of distinct events by date, counted from the processed objects."""
        keys = self._lake.keys("processed/events/")
        counted = self._lake.rows(keys, "SELECT CAST(event_date AS VARCHAR), count(DISTINCT (user_id, event_id)) "
                                        "FROM files GROUP BY ALL")
        return dict(counted)

    def published(self):
        glue = self._place.client("glue")
        current = self._lake.current()
        registered = 0
        for date, generation in current.items():
            for table in generation["tables"]:
                directories = {key.rsplit("/", 1)[0] for key in table_keys(generation, table)}
                if not any(f"/event_date={date}/" in each for each in directories):
                    continue
                partition = glue.get_partition(DatabaseName=self._database, TableName=table, PartitionValues=[date])
                location = partition["Partition"]["StorageDescriptor"]["Location"].rstrip("/")
                expect(location in {f"s3://{self._bucket}/{each}" for each in directories},
                       f"the partition of {table} of {date} is {location}, but its files are in {directories}")
                registered += 1
        expect(registered > 0, "no table has a partition")
        numbers = {date: generation["generation"] for date, generation in current.items()}
        return f"generations {numbers}, {registered} partitions"

    def rows(self):
        current, events = self._lake.current(), self._processed_by_date()
        expect(set(current) == set(events), f"there are events of {sorted(events)}, but {sorted(current)} are published")
        for date, generation in current.items():
            keys = table_keys(generation, "events")
            ((rows, distinct),) = self._lake.rows(keys, "SELECT count(*), count(DISTINCT (user_id, event_id)) FROM files")
            expect(rows == distinct == events[date],
                   f"{date} has {events[date]} distinct events, but its table has {rows} rows with {distinct} distinct")
            for table, count in table_rows(generation).items():
                if count:
                    ((found,),) = self._lake.rows(table_keys(generation, table), "SELECT count(*) FROM files")
                    expect(found == count, f"{table} of {date} has {found} rows, but its generation states {count}")
        self._equal_the_embedded(current)
        return f"{sum(events.values())} events, {len(next(iter(current.values()))['tables'])} tables equal to the embedded pipeline"

    def _equal_the_embedded(self, current):
        """Checks that the embedded pipeline publishes the same rows from the same events."""
        producer.embedded(self._place, self._built, self._embedded, "run", "--drain")
        producer.embedded(self._place, self._built, self._embedded, "day")
        for date, generation in current.items():
            ours = without_arrivals(generation)
            newest = max((self._embedded / f"lake/ledger/days/event_date={date}").glob("*.json"))
            theirs = without_arrivals(json.loads(newest.read_text()))
            expect(ours == theirs, f"rows of {date} are {ours}, but the embedded pipeline has {theirs}")

    def books(self):
        """Checks the audits of the event dates, which the machine wrote, and audits the ingest dates."""
        dates = sorted(self._lake.current())
        for date in dates:
            books = self._lake.json(f"ledger/days/event_date={date}/audit/books.json")
            expect(books["balanced"] is True, f"the audit of {date} does not balance: {books['problems']}")
        arrivals = sorted({receipt["ingest_date"] for receipt in self._lake.receipts()})
        for date in arrivals:
            answer = self._invoke("audit", {"event_date": date})
            expect(answer["balanced"] is True, f"the audit of the ingest date {date} does not balance: {answer}")
        return f"{len(dates)} event dates and {len(arrivals)} ingest dates balance"

    def _invoke(self, function, request):
        answer = self._place.client("lambda").invoke(
            FunctionName=self._functions[function], Payload=json.dumps(request).encode())
        payload = json.loads(answer["Payload"].read())
        expect("FunctionError" not in answer, f"{function} failed on {request}: {payload}")
        return payload

    def query(self):
        date = self._dates[0]
        found = self._athena.ask(
            f"SELECT event_type, count(*) FROM events WHERE event_date = DATE '{date}' GROUP BY event_type ORDER BY event_type")
        keys = table_keys(self._lake.current()[date], "events")
        wanted = self._lake.rows(keys, "SELECT event_type, count(*) FROM files GROUP BY ALL ORDER BY 1")
        expect([(kind, int(count)) for kind, count in found] == wanted, f"Athena returns {found}, but the files have {wanted}")
        return f"{len(found)} event types"

    def saved_queries(self):
        """Runs each saved query; on AWS it creates the views first, in the order of their dependencies."""
        saved = self._athena.saved()
        views = {name: query for name, query in saved.items() if name.startswith("views/")}
        names = [name.removeprefix("views/") for name in views]
        others = {name: query for name, query in saved.items() if name not in views}
        if self._place.is_aws:
            dependencies = {name: sum(f".{other}" in query for other in names) for name, query in views.items()}
            for name in sorted(views, key=dependencies.get):
                self._athena.ask(views[name])
        else:
            unsupported = [f".{view}" for view in names] + list(BEYOND_THE_EMULATOR)
            others = {name: query for name, query in others.items() if not any(each in query for each in unsupported)}
        failed = {}
        for name, query in others.items():
            try:
                self._athena.ask(query)
            except Failure as failure:
                failed[name] = str(failure).splitlines()[0]
        expect(others and not failed, f"{len(failed)} of {len(others)} failed: {failed}")
        return f"{len(others)} of {len(saved) - len(views)} ran"

    # --- the API

    def unpublished(self):
        self._api.has_nothing()

    def recommended(self):
        """The API answers from the newest date, and its answers equal that date's tables."""
        current = self._lake.current()
        newest = current[max(current)]
        self._api.is_of(newest, REFRESH_SECONDS)
        titles = self._api.popular_equal(self._lake, newest)
        users, going_on = self._api.recommends_to_all(self._lake, newest)
        self._api.recommends_to_nobody(newest)
        self._api.refuses_nonsense()
        return (f"generation {newest['generation']} of {newest['event_date']}: {titles} popular titles; "
                f"{users} viewers with {going_on} titles to continue; an unknown viewer")

    def callers(self):
        self._api.refuses_strangers()
        self._api.answers_by_permission(f"{self._functions['api']}-asks", self._policies["caller"], self._policies["producer"])
        return "only users with the caller policy"

    # --- the warehouse

    def loaded(self):
        """Checks that published rows are loaded, and that the warehouse's line of the book balances."""
        current = self._lake.current()
        rows = self._warehouse.equals(self._lake, current)
        for date, generation in current.items():
            line = book(self._lake, date)
            expect(line["balanced"] is True, f"the warehouse's line of {date} does not balance: {line}")
            expect(line["generation"] == generation["generation"],
                   f"the warehouse's line of {date} is for generation {line['generation']}, "
                   f"but {generation['generation']} is published")
        return f"{rows} rows of {len(current)} dates"

    def load_again(self):
        before = self._warehouse.loads()
        for date, generation in self._lake.current().items():
            self._load(date, generation["generation"])
        expect(self._warehouse.loads() == before, f"the load log was {before} and is now {self._warehouse.loads()}")
        return self.loaded()

    def _load(self, date, generation):
        """Loads a generation like a person: starts the load and polls it."""
        answer = self._invoke("load", {"step": "start", "event_date": date, "generation": generation})
        end = time.monotonic() + LOAD_SECONDS
        while answer["status"] == "running":
            expect(time.monotonic() < end, f"the load of {date} did not end within {LOAD_SECONDS} s")
            time.sleep(0.1)
            answer = self._invoke("load", {"step": "poll", "load": answer["load"]})
        expect(answer["status"] == "loaded", f"generation {generation} of {date} was not loaded: {answer}")

    # --- late events, concurrent runs

    def late(self):
        """Sends events of each date that is already published."""
        # A simulation of a few events over several days can leave a day without events.
        first = datetime.date.fromisoformat(self._start)
        sent = sum(self._send_to_both(1, LATE_EVENTS // DAYS, seed=20 + day,
                                      start=(first + datetime.timedelta(days=day)).isoformat())
                   for day in range(DAYS))
        return f"{sent} acknowledged; {self.receipts()}"

    def _send_to_both(self, days, events, seed, start=None):
        """Sends the same events to the stream and to the embedded stream, and keeps its title catalog."""
        start = start or self._start
        for target in (f"local:{self._embedded}/stream", f"kinesis:{self._stream}"):
            sent = producer.simulate(self._place, self._built, target, start, days, events, seed,
                                     "--catalogue", f"{self._directory}/other-titles.ndjson")
        self._sent += sent
        return sent

    def race(self):
        before = self._lake.current()
        executions = [self._machines.start("daily", {"which": "due"}) for _ in range(2)]
        ended = [self._machines.end(execution) for execution in executions]
        for found in ended:
            expect(found["status"] == "SUCCEEDED", f"a run ended with {found['status']}: {found.get('cause')}")
        after = self._lake.current()
        grown = {date: after[date]["generation"] - before[date]["generation"] for date in before}
        expect(all(count >= 1 for count in grown.values()), f"not every date has a new generation: {grown}")
        expect(all(count == 1 for count in grown.values()), f"a date was published twice: {grown}")
        self.published()
        return "each date has one new generation"

    def nothing_due(self):
        answer = self._machines.run("daily", {"which": "due"})
        expect(answer["published"] == [], f"{answer['published']} was published again without new events")
        return ""

    # --- failures

    def failing(self):
        """Damages an object of one date: that date must fail, and another must be published."""
        before = set(self._lake.keys("processed/events/"))
        expect(self._send_to_both(1, 400, seed=9) > 0, "the producer sent no events")
        self.receipts()
        self._damaged = sorted(set(self._lake.keys("processed/events/")) - before)[0]
        self._original = self._lake.bytes(self._damaged)
        self._lake.put(self._damaged, bytes(len(self._original)))
        self._before = self._lake.current()
        other = max(self._before)
        expect(self._send_to_both(1, 400, seed=10, start=other) > 0, "the producer sent no events")
        self.receipts()
        failed = self._machines.run_to_failure("daily", {"which": "due"})
        expect(failed["error"] == "Marquee.Incomplete" and f"failed: {self._start} (split with " in failed["cause"],
               f"the machine failed with {failed['error']}: {failed['cause']}")
        alert = self._alerts.wait_for("split", self._start)
        expect(self._lake.current()[self._start] == self._before[self._start],
               f"{self._start} was published although it failed")
        numbers = [generations[other]["generation"] for generations in (self._before, self._lake.current())]
        expect(numbers[1] == numbers[0] + 1, f"{other} was not published; its generation is {numbers[1]}")
        return f'{alert["Subject"]}; {other} is published'

    def repaired(self):
        self._lake.put(self._damaged, self._original)
        answer = self._machines.run("daily", {"which": "due"})
        expect(self._start in answer["published"], f"{self._start} was not published; published: {answer['published']}")
        self.rows()
        return ", ".join(answer["published"])

    def load_failing(self):
        """Removes the permissions of COPY: the date is published, and the warehouse is unchanged."""
        self._lake.put(self._damaged, self._original)
        before = self._warehouse.loads(), self._warehouse.counts()
        self._removed = self._warehouse.remove_permissions()
        failed = self._machines.run_to_failure("daily", {"which": "due"})
        expect(failed["error"] == "Marquee.Incomplete" and f"not loaded: {self._start}" in failed["cause"],
               f"the machine failed with {failed['error']}: {failed['cause']}")
        alert = self._alerts.wait_for("load failed", self._start)
        numbers = [generations[self._start]["generation"] for generations in (self._before, self._lake.current())]
        expect(numbers[1] == numbers[0] + 1, f"{self._start} was not published; its generation is {numbers[1]}")
        self.rows()
        after = self._warehouse.loads(), self._warehouse.counts()
        expect(after == before, f"the warehouse has changed: {before}, {after}")
        return alert["Subject"]

    def load_repaired(self):
        """The next run publishes nothing and loads the date."""
        self._warehouse.restore_permissions(self._removed)
        self.nothing_due()
        return self.loaded()

    # --- backfill and replay

    def backfill(self):
        """A date computed from scratch, from its processed objects alone, has the same facts."""
        before = self._lake.current()
        last = max(before)
        self._machines.run("backfill", {"from": min(before), "to": last, "anew": True})
        after = self._lake.current()
        for date in before:
            expect(after[date]["facts"] == before[date]["facts"], f"the facts of {date} differ when computed from scratch")
        self.published()
        return f"{len(before)} dates, the same facts"

    def replay(self):
        """Replays units that were too old, after it raises the limit of `replay`."""
        old = (datetime.date.fromisoformat(self._start) - datetime.timedelta(days=450)).isoformat()
        lines = [json.dumps({
            "event_id": f"01890000-0000-7000-8000-{number:012x}", "event_type": "play", "event_time": f"{old}T10:00:{number:02}Z",
            "user_id": "user-old", "session_id": "session-old", "title_id": "no-such-title", "position_ms": number * 1000,
        }) for number in range(5)]
        file = self._directory / "old.ndjson"
        file.write_text("\n".join(lines) + "\n")
        self._sent += producer.send_file(self._place, self._built, f"kinesis:{self._stream}", file, "old")
        self.receipts()
        dry = self._machines.run("replay", {"reason": "time_too_old", "dry_run": True})["replay"]
        expect(dry["replayed"] == {} and dry["still"]["time_too_old"] >= 5, f"the dry run reports {dry}")
        self._allow_days(600)
        self._machines.run("replay", {"reason": "time_too_old"})
        current = self._lake.current()
        expect(old in current, f"{old} was not published; published: {sorted(current)}")
        rows = table_rows(current[old])["events"]
        expect(rows == 5, f"{old} has {rows} events, but 5 were replayed")
        again = self._machines.run("replay", {"reason": "time_too_old"})["replay"]
        expect(again["replayed"] == {}, f"the second replay did {again}")
        return f"5 events of {old}, once"

    def _allow_days(self, days):
        functions = self._place.client("lambda")
        name = self._functions["replay"]
        found = functions.get_function_configuration(FunctionName=name)
        variables = {**found["Environment"]["Variables"], "MARQUEE_MAX_AGE_DAYS": str(days)}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def without_arrivals(generation):
    return {name: count for name, count in table_rows(generation).items() if name not in BY_ARRIVAL}
