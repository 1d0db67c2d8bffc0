"""Redshift's Data API for the emulator. This module evaluates the policies of the caller's
role and forwards the call to the stand-in, whose endpoint is in a file.
"""

import asyncio
import json
import os
import urllib.error
import urllib.request
from pathlib import Path

import redshift_serverless
from ministack.core.iam_evaluator import AuthError, enforce, resolve_principal
from ministack.core.responses import get_account_id, get_region
from ministack.core.router import extract_access_key_id
from redshift_serverless import Refused

TARGET = "RedshiftData."
SECONDS = 60
TAKES = ("ExecuteStatement", "BatchExecuteStatement")
OF_ONE = ("DescribeStatement", "GetStatementResult", "CancelStatement")
# Operations without a particular statement.
OTHERS = ("ListStatements",)
OWNER = "redshift-data:statement-owner-iam-userid"
# The emulator does not substitute policy variables: this one stands for the caller.
CALLER = "${aws:userid}"

owners = {}


async def answer(operation, headers, body):
    """Answers a call; returns the status and the JSON."""
    asked = json.loads(body or b"{}")
    key = extract_access_key_id(headers)
    if operation in TAKES:
        workgroup = redshift_serverless.found(
            redshift_serverless.workgroups, asked.get("WorkgroupName"), "workgroup")
        authorize(key, f"redshift-data:{operation}", workgroup["workgroupArn"])
        # Redshift reads the secret with the caller's permissions.
        authorize(key, "secretsmanager:GetSecretValue", asked.get("SecretArn", "*"))
    elif operation in OF_ONE:
        owner = owners.get(asked.get("Id", "").split(":")[0])
        authorize(key, f"redshift-data:{operation}", "*", {OWNER: CALLER if owner == user(key) else owner})
    elif operation in OTHERS:
        authorize(key, f"redshift-data:{operation}", "*", {OWNER: CALLER})
    status, response = await asyncio.to_thread(forward, headers, body)
    if operation in TAKES and status == 200:
        owners[json.loads(response)["Id"]] = user(key)
    return status, response


def user(key):
    principal = resolve_principal(key, get_account_id())
    return principal.keys.get("aws:userid", "") if hasattr(principal, "keys") else ""


def authorize(key, action, resource, context=None):
    """Raises `Refused` unless the caller's policies allow the action."""
    denied = enforce(key, action, action.split(":")[0], get_region(), resource_arn=resource, service_context=context)
    if isinstance(denied, AuthError):
        raise Refused(denied.code, denied.message)
    if denied:
        raise Refused("AccessDeniedException", f"User: {denied.principal_arn} is not authorized to perform: "
                                               f"{action} on resource: {resource}")


def forward(headers, body):
    endpoint = Path(os.environ["WAREHOUSE_ENDPOINT_FILE"])
    if not endpoint.is_file():
        raise Refused("InternalServerException", "this emulator has no warehouse")
    wanted = {name: headers[name] for name in ("x-amz-target", "content-type", "authorization") if name in headers}
    request = urllib.request.Request(endpoint.read_text().strip(), data=body, headers=wanted, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError as error:
        raise Refused("InternalServerException", f"the warehouse does not answer: {error}") from None
