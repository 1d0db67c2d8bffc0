"""The target of a run: a private emulator, another endpoint, or AWS."""

import os
import secrets

import boto3
from botocore.config import Config

from emulator import ACCOUNT, REGION


class Place:
    """A target: its endpoint (None for AWS), and the environment and clients to reach it."""

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
        """Returns the credentials of the target."""
        return self._session.get_credentials().get_frozen_credentials()

    def client(self, service):
        if service not in self._clients:
            style = None if self.is_aws else {"addressing_style": "path"}
            self._clients[service] = self._session.client(
                service, endpoint_url=self.endpoint, config=Config(s3=style, retries={"mode": "standard"}))
        return self._clients[service]


def emulated(endpoint):
    """Returns an emulator at that endpoint as the target, without credentials of this machine."""
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
    """Returns the AWS account of the session as the target, with a random part in all names."""
    environment = dict(os.environ)
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if not region:
        raise SystemExit("set AWS_REGION to the region of the run")
    environment["AWS_REGION"] = region
    if profile := environment.get("AWS_PROFILE"):
        found = boto3.Session(profile_name=profile).get_credentials().get_frozen_credentials()
        environment |= {"AWS_ACCESS_KEY_ID": found.access_key, "AWS_SECRET_ACCESS_KEY": found.secret_key}
        if found.token:
            environment["AWS_SESSION_TOKEN"] = found.token
    return Place(None, environment, f"it{secrets.token_hex(3)}")
