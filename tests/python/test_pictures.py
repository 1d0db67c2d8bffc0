"""Tests that each picture of the documentation is what its script draws."""

import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

IMAGES = Path(__file__).parents[2] / "docs/images"


class Pictures(unittest.TestCase):
    def test_each_picture_is_what_its_script_draws(self) -> None:
        scripts = sorted(IMAGES.glob("*.py"))
        pictures = sorted(IMAGES.glob("*.svg"))
        self.assertEqual([it.with_suffix(".svg") for it in scripts], pictures)
        for script in scripts:
            run = subprocess.run(
                [sys.executable, script, "--check"], capture_output=True, text=True, check=False
            )
            self.assertEqual(run.returncode, 0, run.stderr)

    def test_a_changed_picture_is_found(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            script = Path(directory) / "pipeline.py"
            script.write_bytes((IMAGES / "pipeline.py").read_bytes())
            check = [sys.executable, script, "--check"]
            self.assertEqual(subprocess.run(check, capture_output=True, check=False).returncode, 1)
            subprocess.run([sys.executable, script], check=True)
            subprocess.run(check, check=True)

    def test_a_picture_has_a_title_and_two_color_schemes(self) -> None:
        for picture in IMAGES.glob("*.svg"):
            text = picture.read_text(encoding="utf-8")
            root = ElementTree.fromstring(text)
            space = {"svg": "http://www.w3.org/2000/svg"}
            for element in ("title", "desc"):
                self.assertTrue(root.findtext(f"svg:{element}", namespaces=space), picture.name)
            self.assertIn("prefers-color-scheme: dark", text)


if __name__ == "__main__":
    unittest.main()
