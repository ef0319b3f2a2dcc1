"""Resolve the dependencies anew: `make lock`. One lock for every platform and Python, with hashes, free of
index addresses."""

import os
import subprocess
import sys
from pathlib import Path

LOCK = Path("tools/lock")
HEADER = "# Made by `make lock` from pyproject.toml; do not edit.\n"


def compile_lock(name: str, *arguments: str) -> None:
    """Write tools/lock/<name>.txt; versions locked before are kept unless --upgrade is given."""
    target = LOCK / f"{name}.txt"
    command = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "compile",
        "pyproject.toml",
        "-o",
        str(target),
        *arguments,
        *sys.argv[1:],
    ]
    command += [
        "--universal",
        "--python-version",
        "3.11",
        "--generate-hashes",
        "--no-header",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "-q",
    ]
    # uv has its own name for pip's variable.
    mirror = os.environ.get("PIP_INDEX_URL")
    environment = (
        {**os.environ, "UV_DEFAULT_INDEX": mirror}
        if mirror and "UV_DEFAULT_INDEX" not in os.environ
        else None
    )
    subprocess.run(command, check=True, env=environment)
    target.write_text(
        HEADER + target.read_text(encoding="utf-8").removeprefix(HEADER), encoding="utf-8", newline="\n"
    )


def main() -> None:
    """Lock the runtime first, then everything, bound to the same versions."""
    LOCK.mkdir(parents=True, exist_ok=True)
    # The PostgreSQL driver comes along, so that changing YISHITING_DATABASE is all that a change of database
    # takes.
    compile_lock("run", "--extra", "postgres", "--group", "build")
    compile_lock("dev", "--group", "dev", "-c", str(LOCK / "run.txt"))


if __name__ == "__main__":
    main()
