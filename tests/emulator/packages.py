"""Packages of the functions, from the binaries that cargo built for the tests."""

import shutil
import subprocess
import zipfile
from pathlib import Path

from report import Failure

# The functions' binaries: the directories of lambdas/.
LAMBDAS = Path(__file__).resolve().parents[2] / "lambdas"
BINARIES = tuple(sorted(manifest.parent.name for manifest in LAMBDAS.glob("*/Cargo.toml")))


def binary(built, name):
    """Returns the path of a built program."""
    path = Path(built) / name
    if not path.is_file():
        raise Failure(f"{path} does not exist; `cargo xtask integration` builds it")
    return path


def zip_all(built, directory, names):
    """Zips each binary for Lambda, unless its zip file is up to date; returns the sizes.

    Debug information is removed, because it is most of the size. The zip is not compressed,
    because no network is involved.
    """
    sizes = []
    for name in names:
        program = binary(built, name)
        package = Path(directory) / name / "bootstrap.zip"
        if not package.is_file() or package.stat().st_mtime < program.stat().st_mtime:
            make(program, package)
        sizes.append(f"{name} {package.stat().st_size / 2**20:.0f} MiB")
    return ", ".join(sizes)


def make(program, package):
    shutil.rmtree(package.parent, ignore_errors=True)
    package.parent.mkdir(parents=True)
    bootstrap = package.with_name("bootstrap")
    subprocess.run(["strip", "--strip-all", "-o", str(bootstrap), str(program)], check=True)
    partial = package.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
        archive.write(bootstrap, "bootstrap")
    bootstrap.unlink()
    partial.rename(package)
