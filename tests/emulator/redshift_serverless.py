"""The API of Redshift Serverless for the emulator, with which Terraform creates a warehouse.

Requests are validated with botocore's model of the API. A namespace has a real secret and a
role that trusts Redshift; a workgroup has subnets in three zones. The statements run
elsewhere, through redshift_data.py.
"""

import json
import os
import secrets
import uuid

from botocore.session import get_session
from botocore.validate import ParamValidator
from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2, iam, secretsmanager, sts

TARGET = "RedshiftServerless."
SERVICE = "redshift-serverless.amazonaws.com"
ZONES = 3

namespaces, workgroups, limits, tags = {}, {}, {}, {}
model = get_session().get_service_model("redshift-serverless")


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


async def answer(operation, body):
    """Answers a call with JSON; raises `Refused` for errors of the API."""
    if operation not in OPERATIONS:
        raise Refused("UnknownOperationException", f"this stand-in does not implement {operation}")
    asked = json.loads(body or b"{}")
    wrong = ParamValidator().validate(asked, model.operation_model(operation).input_shape)
    if wrong.has_errors():
        raise Refused("ValidationException", wrong.generate_report())
    return await OPERATIONS[operation](asked)


def arn(kind, number):
    return f"arn:aws:redshift-serverless:{get_region()}:{get_account_id()}:{kind}/{number}"


def found(known, name, kind):
    if name not in known:
        raise Refused("ResourceNotFoundException", f"The {kind} {name} was not found.")
    return known[name]


def absent(known, name, kind):
    if name in known:
        raise Refused("ConflictException", f"The {kind} {name} already exists.")


# --- namespaces

async def create_namespace(asked):
    name = asked["namespaceName"]
    absent(namespaces, name, "namespace")
    if not asked.get("manageAdminPassword"):
        raise Refused("ValidationException", "this stand-in supports managed admin passwords only")
    for role in asked.get("iamRoles", []):
        check_trust(role)
    number = str(uuid.uuid4())
    kept = ("namespaceName", "dbName", "iamRoles", "kmsKeyId", "logExports", "defaultIamRoleArn",
            "adminPasswordSecretKmsKeyId")
    namespaces[name] = {
        **{key: asked[key] for key in kept if key in asked},
        "adminUsername": asked.get("adminUsername", "admin"),
        "adminPasswordSecretArn": await secret(f"redshift!{name}-admin", asked.get("adminPasswordSecretKmsKeyId")),
        "namespaceArn": arn("namespace", number),
        "namespaceId": number,
        "status": "AVAILABLE",
    }
    tags[namespaces[name]["namespaceArn"]] = asked.get("tags", [])
    for role in asked.get("iamRoles", []):
        register_copy_session(role)
    return {"namespace": namespaces[name]}


def check_trust(role):
    """Raises `Refused` unless the role trusts Redshift."""
    known = iam._roles.get(role.rsplit("/", 1)[-1])
    document = known and known["AssumeRolePolicyDocument"]
    document = json.loads(document) if isinstance(document, str) else document
    trusted = [service for statement in (document or {}).get("Statement", [])
               for service in statement.get("Principal", {}).get("Service", [])]
    if SERVICE not in trusted:
        raise Refused("ValidationException", f"The IAM role {role} is not valid: it does not trust {SERVICE}.")


def register_copy_session(role):
    """Registers the keys of the run as a session of the role, so that COPY reads with it."""
    name = role.rsplit("/", 1)[-1]
    sts.register_session(os.environ["COPY_ACCESS_KEY_ID"], {
        "Arn": f"arn:aws:sts::{get_account_id()}:assumed-role/{name}/redshift",
        "UserId": f"{name}:redshift",
        "SecretAccessKey": os.environ["COPY_SECRET_ACCESS_KEY"],
        "SessionToken": os.environ["COPY_SESSION_TOKEN"],
    })


async def secret(name, key):
    made = {"Name": name, "SecretString": json.dumps({"username": "admin", "password": secrets.token_urlsafe(24)})}
    status, _, body = await secretsmanager.handle_request(
        "POST", "/", {"x-amz-target": "secretsmanager.CreateSecret"},
        json.dumps(made | ({"KmsKeyId": key} if key else {})).encode(), {})
    if status != 200:
        raise Refused("ConflictException", body.decode())
    return json.loads(body)["ARN"]


async def get_namespace(asked):
    return {"namespace": found(namespaces, asked["namespaceName"], "namespace")}


async def delete_namespace(asked):
    gone = found(namespaces, asked["namespaceName"], "namespace")
    if any(workgroup["namespaceName"] == gone["namespaceName"] for workgroup in workgroups.values()):
        raise Refused("ConflictException", "There is a workgroup in this namespace.")
    del namespaces[gone["namespaceName"]]
    wanted = {"SecretId": gone["adminPasswordSecretArn"], "ForceDeleteWithoutRecovery": True}
    await secretsmanager.handle_request(
        "POST", "/", {"x-amz-target": "secretsmanager.DeleteSecret"}, json.dumps(wanted).encode(), {})
    return {"namespace": gone | {"status": "DELETING"}}


# --- workgroups

async def create_workgroup(asked):
    name = asked["workgroupName"]
    absent(workgroups, name, "workgroup")
    found(namespaces, asked["namespaceName"], "namespace")
    subnets, groups = asked.get("subnetIds", []), asked.get("securityGroupIds", [])
    unknown = [each for each in subnets if each not in ec2._subnets]
    unknown += [each for each in groups if each not in ec2._security_groups]
    if unknown:
        raise Refused("ValidationException", f"There is no {', '.join(unknown)}.")
    zones = {ec2._subnets[each]["AvailabilityZone"] for each in subnets}
    if len(zones) < ZONES:
        raise Refused("ValidationException", f"Subnets must be in {ZONES} Availability Zones, these are in {sorted(zones)}.")
    number = str(uuid.uuid4())
    workgroups[name] = {
        **{key: value for key, value in asked.items() if key != "tags"},
        "configParameters": asked.get("configParameters", []),
        "endpoint": {"address": f"{name}.{get_account_id()}.{get_region()}.redshift-serverless.amazonaws.com", "port": 5439},
        "port": asked.get("port", 5439),
        "workgroupArn": arn("workgroup", number),
        "workgroupId": number,
        "status": "AVAILABLE",
    }
    tags[workgroups[name]["workgroupArn"]] = asked.get("tags", [])
    return {"workgroup": workgroups[name]}


async def get_workgroup(asked):
    return {"workgroup": found(workgroups, asked["workgroupName"], "workgroup")}


async def delete_workgroup(asked):
    gone = found(workgroups, asked["workgroupName"], "workgroup")
    del workgroups[gone["workgroupName"]]
    return {"workgroup": gone | {"status": "DELETING"}}


# --- usage limits, tags

async def create_usage_limit(asked):
    if asked["resourceArn"] not in [workgroup["workgroupArn"] for workgroup in workgroups.values()]:
        raise Refused("ResourceNotFoundException", f"There is no workgroup {asked['resourceArn']}.")
    number = str(uuid.uuid4())
    limits[number] = {**asked, "usageLimitId": number, "usageLimitArn": arn("usagelimit", number)}
    return {"usageLimit": limits[number]}


async def get_usage_limit(asked):
    return {"usageLimit": found(limits, asked["usageLimitId"], "usage limit")}


async def delete_usage_limit(asked):
    gone = found(limits, asked["usageLimitId"], "usage limit")
    del limits[gone["usageLimitId"]]
    return {"usageLimit": gone}


async def list_tags_for_resource(asked):
    return {"tags": tags.get(asked["resourceArn"], [])}


OPERATIONS = {
    "CreateNamespace": create_namespace, "GetNamespace": get_namespace, "DeleteNamespace": delete_namespace,
    "CreateWorkgroup": create_workgroup, "GetWorkgroup": get_workgroup, "DeleteWorkgroup": delete_workgroup,
    "CreateUsageLimit": create_usage_limit, "GetUsageLimit": get_usage_limit, "DeleteUsageLimit": delete_usage_limit,
    "ListTagsForResource": list_tags_for_resource,
}
