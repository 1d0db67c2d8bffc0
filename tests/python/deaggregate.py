"""Reads one base64-encoded aggregate per line; writes its user records as one line of JSON."""

import base64
import json
import sys

from aws_kinesis_agg.deaggregator import deaggregate_records


def record(data: str) -> dict:
    """Returns an aggregate in the form in which Lambda delivers it."""
    return {
        "eventVersion": "1.0",
        "eventID": "shardId-000000000000:1",
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "a",
            "sequenceNumber": "1",
            "approximateArrivalTimestamp": 1_700_000_000.5,
            "data": data,
        },
    }


def user_record(record: dict) -> list:
    kinesis = record["kinesis"]
    data = base64.b64encode(base64.b64decode(kinesis["data"])).decode()
    place = kinesis["subSequenceNumber"]
    return [kinesis["partitionKey"], kinesis.get("explicitHashKey"), place, data]


for line in sys.stdin:
    print(json.dumps([user_record(user) for user in deaggregate_records([record(line.strip())])]))
