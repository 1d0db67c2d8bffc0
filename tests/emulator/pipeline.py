"""What has to hold of the deployed pipeline, step by step; each stands on those before."""

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
# Tables whose rows depend on when and in which shard events arrived.
BY_ARRIVAL = {"audit"}
# What Athena has and the emulator's DuckDB has not, besides views.
BEYOND_THE_EMULATOR = ("approx_percentile", "from_utf8", '"$path"')


class Pipeline:
    def __init__(self, place, terraform, built, directory, stand_in=None, has_warehouse=False):
        """`stand_in` starts what stands in for the warehouse, given the name of `load`."""
        self._place, self._terraform, self._built, self._directory = place, terraform, built, directory
        # The days before today: what is due is due up to yesterday.
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
        yield "the API has nothing to say", self.unpublished
        yield "catalogue of titles", self.catalogue
        yield "events of three days", self.events
        yield "receipts of every event", self.receipts
        yield "the daily machine", self.daily
        yield "generations and partitions", self.published
        yield "rows of the curated tables", self.rows
        yield "both books", self.books
        yield "the API", self.recommended
        yield "who may ask it", self.callers
        if self._has_warehouse:
            yield "the warehouse", self.loaded
            yield "loading again by hand", self.load_again
        yield "a query of Athena", self.query
        yield "the saved queries", self.saved_queries
        yield "late events", self.late
        yield "two runs at once", self.race
        yield "rows with the late events", self.rows
        yield "the API with the late events", self.recommended
        yield "nothing is due", self.nothing_due
        if self._has_warehouse:
            yield "the warehouse with the late events", self.loaded
        yield "a step that fails is told", self.failing
        if self._has_warehouse and not self._place.is_aws:
            yield "a load that fails is told", self.load_failing
            yield "and is made up for", self.load_mended
        else:
            yield "and goes on when it can", self.mended
        yield "the backfill machine", self.backfill
        yield "terraform plan", self.drift
        yield "the replay machine", self.replay
        yield "the books at the end", self.books
        if self._has_warehouse:
            yield "the warehouse at the end", self.loaded

    def last_steps(self):
        yield "terraform destroy", self.destroy

    def close(self):
        """Ends what this started, if it still runs."""
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
        self._rights = {name: outputs[f"{name}_policy_arn"] for name in ("caller", "producer")}
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
        left = [name for name in self._functions.values() if self._is_there(name)]
        expect(not left, f"these functions are still there: {left}")

    def _is_there(self, function):
        functions = self._place.client("lambda")
        try:
            functions.get_function(FunctionName=function)
        except functions.exceptions.ResourceNotFoundException:
            return False
        return True

    def evidence(self, since):
        return logs_of(self._place, self._functions.values(), since)

    # --- the hot path

    def catalogue(self):
        """The embedded pipeline makes it of the producer's, and here it is the same."""
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
            expect(counted >= self._sent, f"{len(receipts)} receipts count {counted} of {self._sent} units")
            return receipts

        receipts = until("the receipts of every unit", RECEIPT_SECONDS, complete)
        counts = {name: sum(receipt[name] for receipt in receipts)
                  for name in ("received", "processed", "quarantined", "records")}
        expect(counts["received"] == self._sent, f"{self._sent} units were sent, receipts count {counts['received']}")
        expect(counts["processed"] + counts["quarantined"] == counts["received"], f"receipts do not add up: {counts}")
        expect(counts["quarantined"] > 0, "no broken event was sent")
        return f"{len(receipts)} batches, {counts['processed']} processed, {counts['quarantined']} quarantined"

    # --- the day

    def daily(self):
        answer = self._machines.run("daily", {"which": "due"})
        self._dates = sorted(self._processed_by_date())
        expect(answer["published"] == self._dates,
               f"events are of {self._dates}, published were {answer['published']}")
        return f"{', '.join(answer['published'])} in {self._divided()}"

    def _divided(self):
        """That dates were divided, as large ones are."""
        keys = self._lake.keys("staging/plans/")
        expect(any(key.endswith("/split-0001.json") for key in keys), f"no date was divided in parts: {keys}")
        counts = {name: sum(f"/{name}-0" in key for key in keys) for name in ("split", "bucket")}
        expect(counts["bucket"] > len(self._dates), f"no date has several buckets: {keys}")
        return f"{counts['split']} parts and {counts['bucket']} buckets"

    def _processed_by_date(self):
        """Distinct events by their date, counted from the processed objects themselves."""
        keys = self._lake.keys("processed/events/")
        counted = self._lake.rows(keys, "SELECT CAST(event_date AS VARCHAR), count(DISTINCT (user_id, event_id)) "
                                        "FROM files GROUP BY ALL")
        return dict(counted)

    def published(self):
        glue = self._place.client("glue")
        current = self._lake.current()
        shown = 0
        for date, generation in current.items():
            for table in generation["tables"]:
                directories = {key.rsplit("/", 1)[0] for key in table_keys(generation, table)}
                if not any(f"/event_date={date}/" in each for each in directories):
                    continue
                partition = glue.get_partition(DatabaseName=self._database, TableName=table, PartitionValues=[date])
                location = partition["Partition"]["StorageDescriptor"]["Location"].rstrip("/")
                expect(location in {f"s3://{self._bucket}/{each}" for each in directories},
                       f"{table} of {date} is shown at {location}, its files are in {directories}")
                shown += 1
        expect(shown > 0, "no table has a partition")
        numbers = {date: generation["generation"] for date, generation in current.items()}
        return f"generations {numbers}, {shown} partitions"

    def rows(self):
        current, events = self._lake.current(), self._processed_by_date()
        expect(set(current) == set(events), f"events are of {sorted(events)}, published are {sorted(current)}")
        for date, generation in current.items():
            keys = table_keys(generation, "events")
            ((rows, distinct),) = self._lake.rows(keys, "SELECT count(*), count(DISTINCT (user_id, event_id)) FROM files")
            expect(rows == distinct == events[date],
                   f"{date} has {events[date]} distinct events, its table {rows} rows with {distinct} distinct")
            for table, count in table_rows(generation).items():
                if count:
                    ((found,),) = self._lake.rows(table_keys(generation, table), "SELECT count(*) FROM files")
                    expect(found == count, f"{table} of {date} has {found} rows, its generation says {count}")
        self._equal_the_embedded(current)
        return f"{sum(events.values())} events, {len(next(iter(current.values()))['tables'])} tables as the embedded day has them"

    def _equal_the_embedded(self, current):
        """The embedded day of the same events publishes the same rows."""
        producer.embedded(self._place, self._built, self._embedded, "run", "--drain")
        producer.embedded(self._place, self._built, self._embedded, "day")
        for date, generation in current.items():
            ours = without_arrivals(generation)
            newest = max((self._embedded / f"lake/ledger/days/event_date={date}").glob("*.json"))
            theirs = without_arrivals(json.loads(newest.read_text()))
            expect(ours == theirs, f"rows of {date} are {ours}, those of the embedded day {theirs}")

    def books(self):
        """Those of the dates of events, as the machine left them; and of arrivals, now."""
        dates = sorted(self._lake.current())
        for date in dates:
            books = self._lake.json(f"ledger/days/event_date={date}/audit/books.json")
            expect(books["balanced"] is True, f"the books of {date} do not balance: {books['problems']}")
        arrivals = sorted({receipt["ingest_date"] for receipt in self._lake.receipts()})
        for date in arrivals:
            answer = self._invoke("audit", {"event_date": date})
            expect(answer["balanced"] is True, f"the books of {date}, when events arrived, do not balance: {answer}")
        return f"those of {len(dates)} dates of events and {len(arrivals)} of arrivals balance"

    def _invoke(self, function, request):
        answer = self._place.client("lambda").invoke(
            FunctionName=self._functions[function], Payload=json.dumps(request).encode())
        payload = json.loads(answer["Payload"].read())
        expect("FunctionError" not in answer, f"{function} of {request} failed: {payload}")
        return payload

    def query(self):
        date = self._dates[0]
        found = self._athena.ask(
            f"SELECT event_type, count(*) FROM events WHERE event_date = DATE '{date}' GROUP BY event_type ORDER BY event_type")
        keys = table_keys(self._lake.current()[date], "events")
        wanted = self._lake.rows(keys, "SELECT event_type, count(*) FROM files GROUP BY ALL ORDER BY 1")
        expect([(kind, int(count)) for kind, count in found] == wanted, f"Athena says {found}, the files hold {wanted}")
        return f"{len(found)} event types"

    def saved_queries(self):
        """Each is answered; on AWS the views are made first, in the order of their need."""
        saved = self._athena.saved()
        views = {name: query for name, query in saved.items() if name.startswith("views/")}
        names = [name.removeprefix("views/") for name in views]
        others = {name: query for name, query in saved.items() if name not in views}
        if self._place.is_aws:
            needs = {name: sum(f".{other}" in query for other in names) for name, query in views.items()}
            for name in sorted(views, key=needs.get):
                self._athena.ask(views[name])
        else:
            left_out = [f".{view}" for view in names] + list(BEYOND_THE_EMULATOR)
            others = {name: query for name, query in others.items() if not any(each in query for each in left_out)}
        refused = {}
        for name, query in others.items():
            try:
                self._athena.ask(query)
            except Failure as failure:
                refused[name] = str(failure).splitlines()[0]
        expect(others and not refused, f"{len(refused)} of {len(others)} were refused: {refused}")
        return f"{len(others)} of {len(saved) - len(views)} answered"

    # --- the API

    def unpublished(self):
        self._api.has_nothing()

    def recommended(self):
        """It answers from the newest date, and what it says is in that date's tables."""
        current = self._lake.current()
        newest = current[max(current)]
        self._api.is_of(newest, REFRESH_SECONDS)
        titles = self._api.popular_equal(self._lake, newest)
        users, going_on = self._api.recommends_to_all(self._lake, newest)
        self._api.recommends_to_nobody(newest)
        self._api.refuses_nonsense()
        return (f"generation {newest['generation']} of {newest['event_date']}: {titles} popular titles; "
                f"{users} viewers, who have {going_on} to go on with; and somebody whom nobody knows")

    def callers(self):
        self._api.refuses_strangers()
        self._api.answers_by_right(f"{self._functions['api']}-asks", self._rights["caller"], self._rights["producer"])
        return "whoever has the right of a caller, and nobody else"

    # --- the warehouse

    def loaded(self):
        """What is published is loaded, row for row, and its line in the book says so."""
        current = self._lake.current()
        rows = self._warehouse.equals(self._lake, current)
        for date, generation in current.items():
            line = book(self._lake, date)
            expect(line["balanced"] is True, f"the warehouse's line of {date} does not balance: {line}")
            expect(line["generation"] == generation["generation"],
                   f"the warehouse's line of {date} is of generation {line['generation']}, "
                   f"{generation['generation']} is published")
        return f"{rows} rows of {len(current)} dates"

    def load_again(self):
        before = self._warehouse.loads()
        for date, generation in self._lake.current().items():
            self._load(date, generation["generation"])
        expect(self._warehouse.loads() == before, f"the load log was {before}, and is {self._warehouse.loads()}")
        return self.loaded()

    def _load(self, date, generation):
        """Loads a generation as people do: started, and asked after."""
        answer = self._invoke("load", {"step": "start", "event_date": date, "generation": generation})
        end = time.monotonic() + LOAD_SECONDS
        while answer["status"] == "running":
            expect(time.monotonic() < end, f"the load of {date} comes to no end within {LOAD_SECONDS} s")
            time.sleep(0.1)
            answer = self._invoke("load", {"step": "poll", "load": answer["load"]})
        expect(answer["status"] == "loaded", f"generation {generation} of {date} was not loaded: {answer}")

    # --- late events, races

    def late(self):
        """Events of the same days come after these were published."""
        sent = self._send_to_both(DAYS, LATE_EVENTS, seed=8)
        return f"{sent} acknowledged; {self.receipts()}"

    def _send_to_both(self, days, events, seed, start=None):
        """To the stream and to the embedded one, whose catalogue stays as it is."""
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
        expect(all(count >= 1 for count in grown.values()), f"generations went on by {grown}")
        expect(all(count == 1 for count in grown.values()), f"one of two runs was to be first, generations went on by {grown}")
        self.published()
        return "each date has one more generation"

    def nothing_due(self):
        answer = self._machines.run("daily", {"which": "due"})
        expect(answer["published"] == [], f"{answer['published']} was published again, though nothing came")
        return ""

    # --- failures

    def failing(self):
        """An object of one date is damaged: that date fails, and another is published."""
        before = set(self._lake.keys("processed/events/"))
        expect(self._send_to_both(1, 400, seed=9) > 0, "the producer sent nothing")
        self.receipts()
        self._damaged = sorted(set(self._lake.keys("processed/events/")) - before)[0]
        self._kept = self._lake.bytes(self._damaged)
        self._lake.put(self._damaged, bytes(len(self._kept)))
        self._before = self._lake.current()
        other = max(self._before)
        expect(self._send_to_both(1, 400, seed=10, start=other) > 0, "the producer sent nothing")
        self.receipts()
        failed = self._machines.run_to_failure("daily", {"which": "due"})
        expect(failed["error"] == "Marquee.Incomplete" and f"failed: {self._start} (split with " in failed["cause"],
               f"the machine failed with {failed['error']}: {failed['cause']}")
        alert = self._alerts.wait_for("split", self._start)
        expect(self._lake.current()[self._start] == self._before[self._start],
               f"{self._start} was published, though it failed")
        numbers = [generations[other]["generation"] for generations in (self._before, self._lake.current())]
        expect(numbers[1] == numbers[0] + 1, f"{other} was not published, its generation is {numbers[1]}")
        return f'{alert["Subject"]}; {other} is published'

    def mended(self):
        self._lake.put(self._damaged, self._kept)
        answer = self._machines.run("daily", {"which": "due"})
        expect(self._start in answer["published"], f"{self._start} was not published, only {answer['published']}")
        self.rows()
        return ", ".join(answer["published"])

    def load_failing(self):
        """COPY may not read the lake: what is published stands, what was loaded stays."""
        self._lake.put(self._damaged, self._kept)
        before = self._warehouse.loads(), self._warehouse.counts()
        self._taken = self._warehouse.take_rights()
        failed = self._machines.run_to_failure("daily", {"which": "due"})
        expect(failed["error"] == "Marquee.Incomplete" and f"not loaded: {self._start}" in failed["cause"],
               f"the machine failed with {failed['error']}: {failed['cause']}")
        alert = self._alerts.wait_for("load failed", self._start)
        numbers = [generations[self._start]["generation"] for generations in (self._before, self._lake.current())]
        expect(numbers[1] == numbers[0] + 1, f"{self._start} was not published, its generation is {numbers[1]}")
        self.rows()
        after = self._warehouse.loads(), self._warehouse.counts()
        expect(after == before, f"the warehouse is not as it was: {before}, {after}")
        return alert["Subject"]

    def load_mended(self):
        """The next run has nothing to publish, and loads what was not."""
        self._warehouse.give_rights(self._taken)
        self.nothing_due()
        return self.loaded()

    # --- backfill and replay

    def backfill(self):
        """A date made anew, from nothing but its processed objects, has the same facts;
        what comes out as it was is not published again."""
        before = self._lake.current()
        last = max(before)
        self._machines.run("backfill", {"from": min(before), "to": last, "anew": True})
        after = self._lake.current()
        for date in before:
            expect(after[date]["facts"] == before[date]["facts"], f"the facts of {date} are others when made anew")
        self.published()
        return f"{len(before)} dates, the same facts"

    def replay(self):
        """What was too old comes back when the functions are told to take it."""
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
        expect(dry["replayed"] == {} and dry["still"]["time_too_old"] >= 5, f"replay would do {dry}")
        self._allow_days(600)
        self._machines.run("replay", {"reason": "time_too_old"})
        current = self._lake.current()
        expect(old in current, f"{old} was not published, only {sorted(current)}")
        rows = table_rows(current[old])["events"]
        expect(rows == 5, f"{old} has {rows} events, 5 were replayed")
        again = self._machines.run("replay", {"reason": "time_too_old"})["replay"]
        expect(again["replayed"] == {}, f"replaying again did {again}")
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
