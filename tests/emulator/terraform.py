"""Applies the real Terraform configuration to the target and destroys it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from report import Failure


class Terraform:
    """A copy of `infra/` with its state, in a directory of the run."""

    def __init__(self, place, repository, directory, variables):
        self.directory = Path(directory)
        self.log = self.directory.with_suffix(".log")
        self._place = place
        self._variables = [f"-var={name}={value}" for name, value in variables.items()]
        self._environment = {**place.environment, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.copytree(Path(repository) / "infra", self.directory,
                        ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "tests"))
        self.log.write_text("")
        if not place.is_aws:
            shutil.copytree(Path(__file__).parent / "overrides", self.directory, dirs_exist_ok=True)
        # Use the providers on this machine instead of the registry.
        if plugins := os.environ.get("TF_PLUGIN_DIR"):
            configuration = self.directory.with_suffix(".rc")
            configuration.write_text(
                f'provider_installation {{\n  filesystem_mirror {{\n    path = "{plugins}"\n  }}\n}}\n')
            self._environment["TF_CLI_CONFIG_FILE"] = str(configuration)

    def init(self):
        self._run("init", "-backend=false", seconds=300)

    def apply(self):
        self._run("apply", "-auto-approve", "-parallelism=30", *self._variables, seconds=900)
        return json.loads(self._run("output", "-json", seconds=60))

    def destroy(self):
        self._run("destroy", "-auto-approve", "-parallelism=30", *self._variables, seconds=900)

    def changes(self):
        """Returns the changes that an apply would make: (resource, type, attributes)."""
        self._run("plan", "-out=again.tfplan", *self._variables, seconds=300)
        plan = json.loads(self._run("show", "-json", "again.tfplan", seconds=60))
        found = []
        for resource in plan.get("resource_changes", []):
            change = resource["change"]
            if resource["mode"] == "managed" and change["actions"] != ["no-op"]:
                before, after = change["before"] or {}, change["after"] or {}
                names = sorted(set(before) | set(after))
                found.append((resource["address"], resource["type"],
                              [name for name in names if before.get(name) != after.get(name)]))
        return found

    def _run(self, command, *arguments, seconds):
        arguments = ["terraform", command, *arguments]
        if command not in ("output", "show"):
            arguments[2:2] = ["-no-color", "-input=false"]
        try:
            done = subprocess.run(arguments, cwd=self.directory, env=self._environment, text=True,
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"terraform {command} took more than {seconds} s") from None
        if command != "show":
            with self.log.open("a") as log:
                log.write(f"$ terraform {command}\n{done.stdout}{done.stderr}\n")
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if line.strip()]
            raise Failure(f"terraform {command} failed (full output: {self.log}):\n" + "\n".join(said[:60]))
        return done.stdout
