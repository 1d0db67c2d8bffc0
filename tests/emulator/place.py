"""Where the run takes place: an emulator of one's own, another's endpoint, or AWS."""

import os
import secrets

import boto3
from botocore.config import Config

from emulator import ACCOUNT, REGION


class Place:
    """An endpoint (None for AWS), and how programs and this one reach it."""

    def __init__(self, endpoint, environment, name):
        self.endpoint = endpoint
        self.environment = environment
        # Part of every resource's name.
        self.name = name
        self._session = boto3.Session(
            aws_access_key_id=environment.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=environment.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=environment.get("AWS_SESSION_TOKEN"),
            region_name=environment["AWS_REGION"],
        )
        self._clients = {}

    @property
    def is_aws(self):
        return self.endpoint is None

    def keys(self):
        """The credentials that it is reached with."""
        return self._session.get_credentials().get_frozen_credentials()

    def client(self, service):
        if service not in self._clients:
            style = None if self.is_aws else {"addressing_style": "path"}
            self._clients[service] = self._session.client(
                service, endpoint_url=self.endpoint, config=Config(s3=style, retries={"mode": "standard"}))
        return self._clients[service]


def emulated(endpoint):
    """An emulator at that endpoint. No credentials of the machine's reach it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_"))}
    environment |= {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return Place(endpoint, environment, "it")


def account():
    """The account of the session's credentials, in which every name is a new one."""
    environment = dict(os.environ)
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if not region:
        raise SystemExit("AWS_REGION names no region to run in")
    environment["AWS_REGION"] = region
    if profile := environment.get("AWS_PROFILE"):
        found = boto3.Session(profile_name=profile).get_credentials().get_frozen_credentials()
        environment |= {"AWS_ACCESS_KEY_ID": found.access_key, "AWS_SECRET_ACCESS_KEY": found.secret_key}
        if found.token:
            environment["AWS_SESSION_TOKEN"] = found.token
    return Place(None, environment, f"it{secrets.token_hex(3)}")
