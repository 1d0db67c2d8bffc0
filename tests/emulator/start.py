"""Starts the emulator with the one call that it lacks: Glue's UpdatePartition.

It knows BatchUpdatePartition, which does the same to several.
"""

import json

from ministack.app import main
from ministack.services import glue

answer = glue.handle_request


async def with_update_partition(method, path, headers, body, query):
    target = next((value for name, value in headers.items() if name.lower() == "x-amz-target"), "")
    if not target.endswith(".UpdatePartition"):
        return await answer(method, path, headers, body, query)
    asked = json.loads(body)
    entry = {name: asked[name] for name in ("PartitionValueList", "PartitionInput")}
    batch = {"DatabaseName": asked["DatabaseName"], "TableName": asked["TableName"], "Entries": [entry]}
    status, given, found = glue._batch_update_partition(batch)
    errors = json.loads(found).get("Errors") if status == 200 else None
    if errors:
        detail = errors[0]["ErrorDetail"]
        return glue.error_response_json(detail["ErrorCode"], detail["ErrorMessage"], 400)
    return (status, given, found) if status != 200 else glue.json_response({})


glue.handle_request = with_update_partition
main()
