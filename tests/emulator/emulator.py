"""A private AWS emulator on the loopback interface."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

REGION = "eu-central-1"
ACCOUNT = "123456789012"
START_SECONDS = 60
STOP_SECONDS = 10
COPY_KEYS = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")


class Emulator:
    """ministack, with its log and its files in a directory of the caller.

    It ignores the environment of the caller, so that it behaves the same everywhere and
    cannot reach an AWS account.
    """

    def __init__(self, directory, wait_scale="1", enforces_policies=False):
        self.directory = Path(directory)
        self.log = self.directory / "emulator.log"
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        # The file in which the warehouse writes its endpoint, and the keys of the role that
        # its COPY uses: see start.py.
        self.warehouse = (self.directory / "warehouse.endpoint").resolve()
        self.copy_keys = {name: f"ASIA{secrets.token_hex(8).upper()}" for name in COPY_KEYS}
        self._wait_scale = wait_scale
        # True if the emulator enforces the policies of the functions' roles.
        self._enforces_policies = enforces_policies
        self._process = None

    def __enter__(self):
        home = self.directory / "home"
        home.mkdir(parents=True, exist_ok=True)
        self.warehouse.unlink(missing_ok=True)
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(home),
            "TMPDIR": str(home),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            # The endpoint that the functions get.
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "test",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "PERSIST_STATE": "0",
            "AUTH": "true" if self._enforces_policies else "false",
            "S3_DATA_DIR": str(home / "s3"),
            # The scale of waits and retries of state machines.
            "SFN_WAIT_SCALE": self._wait_scale,
            "WAREHOUSE_ENDPOINT_FILE": str(self.warehouse),
            **{f"COPY_{name}": value for name, value in self.copy_keys.items()},
            "PYTHONUNBUFFERED": "1",
        }
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("start.py"))], cwd=home, env=environment,
                stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_):
        self._stop()

    def _wait_until_it_answers(self):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise RuntimeError(f"the emulator exited with {self._process.returncode}:\n{self.tail()}")
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise TimeoutError(f"the emulator did not answer within {START_SECONDS} s:\n{self.tail()}")

    def _stop(self):
        """Ends the emulator and all its child processes, which are in its own session."""
        for signal in (15, 9):
            try:
                os.killpg(self._process.pid, signal)
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            except ProcessLookupError:
                break

    def tail(self, lines=40):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
