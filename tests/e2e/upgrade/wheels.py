"""Writes wheels: a test's packages, and as the build backend of its checkout the program."""

from __future__ import annotations

import tomllib
import zipfile
from pathlib import Path


def write_wheel(folder: Path, name: str, version: str, modules: dict[str, str]) -> Path:
    """Write a wheel of `modules`, by path; `name` is also the script, if it has a `main`."""
    info = f"{name}-{version}.dist-info"
    files = {
        **modules,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if "def main" in modules.get(f"{name}/__init__.py", ""):
        script = f"[console_scripts]\n{name} = {name}:main\n"
        files[f"{info}/entry_points.txt"] = script
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


def build_wheel(
    wheel_directory: str,
    config_settings: object = None,
    metadata_directory: object = None,
) -> str:
    """Build the project in the current folder, as PEP 517 asks."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    modules = {str(file): file.read_text() for file in Path(project["name"]).glob("*.py")}
    return write_wheel(Path(wheel_directory), project["name"], project["version"], modules).name
