"""Tests compose.yaml and the workflows of GitHub Actions without running them.

check-jsonschema carries the schemas of the Compose specification and of workflows.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ARCHITECTURES = {"x86_64": "x86_64-unknown-linux-musl", "arm64": "aarch64-unknown-linux-musl"}


def read(path: Path) -> dict:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def errors(schema: str, path: Path) -> str:
    """Returns what breaks the schema, or nothing."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, path]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if run.returncode == 0 else run.stdout + run.stderr


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def binaries(manifest: Path) -> list[str]:
    return [it["name"] for it in tomllib.loads(manifest.read_text(encoding="utf-8"))["bin"]]


class Compose(unittest.TestCase):
    def setUp(self) -> None:
        self.path = ROOT / "compose.yaml"
        self.services = read(self.path)["services"]

    def test_the_file_follows_the_schema(self) -> None:
        self.assertEqual(errors("vendor.compose-spec", self.path), "")

    def test_a_wrong_key_breaks_the_schema(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            wrong = Path(directory) / "compose.yaml"
            text = self.path.read_text(encoding="utf-8").replace("volumes:", "volume:", 1)
            wrong.write_text(text, encoding="utf-8")
            self.assertIn("volume", errors("vendor.compose-spec", wrong))

    def test_commands_and_ports_are_those_of_the_program(self) -> None:
        for service in self.services.values():
            command, *arguments = service["command"]
            source = (ROOT / f"local/src/{command}.rs").read_text(encoding="utf-8")
            for argument in arguments:
                if argument.startswith("--"):
                    option, _, _ = argument[2:].partition("=")
                    self.assertRegex(source, rf"pub {option.replace('-', '_')}: ")
        # Without authentication the API is for this machine only.
        for port in self.services["api"]["ports"]:
            self.assertTrue(port.startswith("127.0.0.1:"), port)

    def test_the_image_has_the_pinned_toolchain(self) -> None:
        dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
        pinned = tomllib.loads((ROOT / "rust-toolchain.toml").read_text(encoding="utf-8"))
        channel = pinned["toolchain"]["channel"]
        self.assertIn(f"RUSTUP_TOOLCHAIN={channel}\n", dockerfile)
        self.assertIn(f"FROM rust:{channel.rpartition('.')[0]}-", dockerfile)


class Workflows(unittest.TestCase):
    def test_every_workflow_follows_the_schema(self) -> None:
        self.assertEqual([it.name for it in WORKFLOWS], ["ci.yml", "release.yml"])
        for path in WORKFLOWS:
            self.assertEqual(errors("vendor.github-workflows", path), "", path.name)

    def test_permissions_and_time_are_limited(self) -> None:
        for path in WORKFLOWS:
            workflow = read(path)
            self.assertEqual(workflow["permissions"], {"contents": "read"}, path.name)
            for name, job in workflow["jobs"].items():
                self.assertIn("timeout-minutes", job, name)

    def test_an_action_has_one_version(self) -> None:
        versions: dict[str, set[str]] = {}
        for path in WORKFLOWS:
            for step in steps(read(path)):
                if "uses" in step:
                    action, _, version = step["uses"].partition("@")
                    versions.setdefault(action, set()).add(version)
        for action, found in versions.items():
            self.assertEqual(len(found), 1, action)
            self.assertRegex(found.pop(), r"^v\d+", action)

    def test_every_script_is_shell(self) -> None:
        for path in WORKFLOWS:
            for step in steps(read(path)):
                script = re.sub(r"\$\{\{.*?\}\}", "value", step.get("run", ""))
                run = subprocess.run(
                    ["bash", "-n"], input=script, capture_output=True, text=True, check=False
                )
                self.assertEqual(run.returncode, 0, f"{path.name}: {script}\n{run.stderr}")


class Release(unittest.TestCase):
    def setUp(self) -> None:
        self.workflow = read(ROOT / ".github/workflows/release.yml")

    def test_every_binary_is_released(self) -> None:
        programs = [binaries(ROOT / f"{it}/Cargo.toml") for it in ("local", "producer")]
        self.assertEqual(self.workflow["env"]["PROGRAMS"].split(), sum(programs, []))
        functions = sorted(it.parent.name for it in ROOT.glob("lambdas/*/Cargo.toml"))
        self.assertEqual(self.workflow["env"]["FUNCTIONS"].split(), functions)

    def test_both_architectures_are_built(self) -> None:
        jobs = self.workflow["jobs"]
        for name in ("programs", "functions"):
            matrix = jobs[name]["strategy"]["matrix"]["include"]
            self.assertEqual([it["arch"] for it in matrix], list(ARCHITECTURES), name)
        targets = {it["arch"]: it["target"] for it in jobs["programs"]["strategy"]["matrix"]["include"]}
        self.assertEqual(targets, ARCHITECTURES)
        variables = (ROOT / "infra/variables.tf").read_text(encoding="utf-8")
        self.assertIn('contains(["x86_64", "arm64"], var.architecture)', variables)

    def test_only_the_last_job_writes_and_only_for_a_tag(self) -> None:
        for name, job in self.workflow["jobs"].items():
            self.assertEqual("permissions" in job, name == "publish")
        publish = self.workflow["jobs"]["publish"]
        self.assertEqual(publish["if"], "startsWith(github.ref, 'refs/tags/v')")
        self.assertEqual(publish["needs"], ["programs", "functions"])
        self.assertIn("sha256sum", publish["steps"][-1]["run"])

    def test_the_version_is_found_by_the_comparison(self) -> None:
        manifest = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
        version = tomllib.loads(manifest)["workspace"]["package"]["version"]
        self.assertIn(f'version = "{version}"', manifest.splitlines())


if __name__ == "__main__":
    unittest.main()
