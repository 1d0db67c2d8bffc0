"""Runs every peer over one small input and compares the results with the expected totals."""

import base64
import json
import random
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PEERS = ["json_pyarrow.py", "orjson_pyarrow.py", "polars_peer.py", "duckdb_peer.py"]
HERE = Path(__file__).parent
SHARD = "shardId-000000000001"
BEGIN = 1_772_323_200  # 2026-03-01T00:00:00Z
TITLES = [
    {"title_id": "t0", "name": "A", "kind": "movie", "genres": ["drama", "crime"], "runtime_ms": 90_000},
    {"title_id": "t1", "name": "B", "kind": "episode", "series_id": "s1", "season": 1, "episode": 2},
]
REFUSED = [
    {"event_type": "dance"},
    {"event_type": "seek", "title_id": "t0", "position_ms": 1},
    {"event_type": "rate", "title_id": "t0"},
    {"event_type": "search"},
]


def kinds(chance: random.Random) -> dict:
    position = chance.randrange(120_000)
    title = f"t{chance.randrange(3)}"
    return chance.choice(
        [
            {"event_type": "play", "title_id": title, "position_ms": position},
            {"event_type": "seek", "title_id": title, "position_ms": position, "from_position_ms": 7},
            {"event_type": "search", "query": "naïve “quotes”", "results": 3},
            {"event_type": "browse", "row": 4},
            {"event_type": "rate", "title_id": title, "rating": chance.randrange(1, 11) / 2},
        ]
    )


def event(number: int, kind: dict, time_us: int) -> dict:
    seconds, fraction = divmod(time_us, 1_000_000)
    hours, rest = divmod(seconds - BEGIN, 3600)
    return {
        "event_id": f"018f0000-0000-7000-8000-{number:012}",
        "event_time": f"2026-03-01T{hours:02}:{rest // 60:02}:{rest % 60:02}.{fraction:06}Z",
        "user_id": f"u{number % 7}é",
        "session_id": "s",
        "country": "DE",
        "device": {"type": "tv", "os": "os"},
        "producer": {"id": "p", "seq": number + 1},
        **kind,
    }


def payload(events: list[dict], first: int) -> str:
    records = [
        {
            "eventID": f"{SHARD}:{first + index:056}",
            "kinesis": {
                "partitionKey": "k",
                "sequenceNumber": f"{first + index:056}",
                "data": base64.b64encode(json.dumps(event).encode()).decode(),
                "approximateArrivalTimestamp": BEGIN + index + 0.123,
            },
        }
        for index, event in enumerate(events)
    ]
    return json.dumps({"Records": records})


class Peers(unittest.TestCase):
    def test_all_agree(self) -> None:
        chance = random.Random(7)
        payloads, kept, times = [], [], []
        for batch in range(3):
            events = []
            for index in range(200):
                number = 200 * batch + index
                time_us = (BEGIN + number) * 1_000_000 + chance.randrange(1_000_000)
                kept.append(event(number, kinds(chance), time_us))
                times.append(time_us)
                events.append(kept[-1])
            events += [event(index, kind, BEGIN * 1_000_000) for index, kind in enumerate(REFUSED)]
            payloads.append(payload(events, 1000 * batch))
        expected = {
            "events": 600,
            "refused": 12,
            "sum_event_time_us": sum(times),
            "sum_position_ms": sum(event.get("position_ms", 0) for event in kept),
            "sum_rating_halves": int(sum(2 * event.get("rating", 0) for event in kept)),
            "user_id_bytes": sum(len(event["user_id"].encode()) for event in kept),
        }
        with tempfile.TemporaryDirectory() as directory:
            inputs = [Path(directory, name) for name in ("payloads.ndjson", "titles.ndjson")]
            inputs[0].write_text("\n".join(payloads) + "\n")
            inputs[1].write_text("".join(json.dumps(title) + "\n" for title in TITLES))
            for peer in PEERS:
                with self.subTest(peer):
                    command = [sys.executable, HERE / peer, *inputs]
                    run = subprocess.run(command, check=True, capture_output=True, text=True)
                    result = json.loads(run.stdout)
                    self.assertEqual({field: result[field] for field in expected}, expected)
                    self.assertGreater(result["output_bytes"], 0)
                    self.assertGreater(result["cpu_s"], 0)


if __name__ == "__main__":
    unittest.main()
