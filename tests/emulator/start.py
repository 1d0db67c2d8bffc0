"""Starts the emulator and adds what it lacks: Glue's UpdatePartition (through
BatchUpdatePartition, which it has), prefix lists in the rules of security groups, and
Redshift.

When its standard input is closed, for example because the parent process died, it ends with
all its child processes.
"""

import json
import os
import signal
import sys
import threading
import time

import redshift_data
import redshift_serverless
from ministack import app
from ministack.services import ec2, glue

STOP_SECONDS = 5

answer = glue.handle_request
parse_rules, show_rule = ec2._parse_ip_permissions, ec2._sg_rule_xml
dispatch = app._dispatch_service_request


def target_of(headers):
    return next((value for name, value in headers.items() if name.lower() == "x-amz-target"), "")


async def with_update_partition(method, path, headers, body, query):
    if not target_of(headers).endswith(".UpdatePartition"):
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


def with_prefix_lists(params, prefix):
    rules = parse_rules(params, prefix)
    for number, rule in enumerate(rules, 1):
        place = f"{prefix}.{number}.PrefixListIds"
        for each in range(1, 100):
            listed = ec2._p(params, f"{place}.{each}.PrefixListId")
            if not listed:
                break
            rule["PrefixListIds"].append(
                {"PrefixListId": listed, "Description": ec2._p(params, f"{place}.{each}.Description") or ""})
    return rules


def with_prefix_list(group, rule, is_egress=False):
    """Adds the prefix list to the XML of a rule."""
    shown = show_rule(group, rule, is_egress)
    named = "".join(f"<prefixListId>{each['PrefixListId']}</prefixListId>" for each in rule.get("PrefixListIds", [])[:1])
    return shown.replace("</item>", f"{named}</item>")


async def with_redshift(method, path, headers, body, query, request):
    target = target_of(headers)
    try:
        if target.startswith(redshift_serverless.TARGET):
            answered = await redshift_serverless.answer(target.removeprefix(redshift_serverless.TARGET), body)
            status, response = 200, json.dumps(answered).encode()
        elif target.startswith(redshift_data.TARGET):
            status, response = await redshift_data.answer(target.removeprefix(redshift_data.TARGET), headers, body)
        else:
            return await dispatch(method, path, headers, body, query, request)
    except redshift_serverless.Refused as refused:
        status = 500 if refused.code == "InternalServerException" else 400
        response = json.dumps({"__type": refused.code, "message": str(refused)}).encode()
    return status, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-requestid": request}, response


def end_with_input():
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.killpg(0, signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os.killpg(0, signal.SIGKILL)


threading.Thread(target=end_with_input, daemon=True).start()
glue.handle_request = with_update_partition
ec2._parse_ip_permissions, ec2._sg_rule_xml = with_prefix_lists, with_prefix_list
app._dispatch_service_request = with_redshift
app.main()
