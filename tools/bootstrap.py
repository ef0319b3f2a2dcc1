"""Set the project up in .venv: `python tools/bootstrap.py run | dev | test | wheel`. Standard library only,
any Python ≥ 3.11, done twice costs nothing.

run: what serving needs. dev: and what checking and testing needs. test: and a browser. wheel: build one into
dist/. Mirrors by environment variable, as each client has them: PIP_INDEX_URL, npm_config_registry.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "yishiting-setup.json"
Command = Sequence[str | Path]

IN_CI = os.environ.get("CI") == "true"

NO_VENV = """This Python cannot make a virtual environment with pip in it.
Install the missing piece (Debian, Ubuntu: apt-get install python3-venv) or say: make PYTHON=/path/to/another/python3.11"""
NO_PACKAGES = """The Python packages could not be installed (see above).
Behind a slow or closed network name a mirror: PIP_INDEX_URL=https://… make setup"""


def main(goal: str) -> None:
    """Do what is missing for the goal, in order."""
    os.chdir(ROOT)
    with one_at_a_time():
        if not usable_venv():
            make_venv()
        install("run" if goal in {"run", "wheel"} else "dev")
        fetch_front_end()
        if goal == "test" and run([PYTHON, "tools/browser.py"]) != 0:
            sys.exit("No browser for the browser tests (see above).")
        if goal == "wheel" and run([PYTHON, "-m", "hatchling", "build", "-t", "wheel"]) != 0:
            sys.exit("The wheel could not be built (see above).")


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two set-ups in one tree would tread on each other; where the system has file locks the second one
    waits."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def usable_venv() -> bool:
    """Whether .venv is there and its Python still runs; one whose Python was upgraded away does not."""
    check = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return PYTHON.exists() and run([PYTHON, "-c", check], quiet=True) == 0


def make_venv() -> None:
    """Make .venv, also on a Debian that keeps part of the standard library in a package of its own."""
    print(f"making {VENV.relative_to(ROOT)} with Python {sys.version.split()[0]}", flush=True)
    if not ensurepip_works():
        apt_get_venv()
    if run([sys.executable, "-m", "venv", "--clear", VENV]) != 0 or not usable_venv():
        sys.exit(NO_VENV)


def ensurepip_works() -> bool:
    """Debian's Python can import venv but not make one: pip's copy is split off."""
    return run([sys.executable, "-c", "import ensurepip, venv"], quiet=True) == 0


def apt_get_venv() -> None:
    """As root on Debian, install the split-off piece; elsewhere the next step says what is missing."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("installing this Python's venv from the system's packages", flush=True)
        os.environ.setdefault("DEBIAN_FRONTEND", "noninteractive")
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        run(["apt-get", "-qq", "update"], quiet=True)
        run(["apt-get", "-qq", "install", "-y", "--no-install-recommends", package], quiet=True)


def install(which: str) -> None:
    """Install from the lock, every file checked by its hash, then the project itself in place; skipped when
    the stamp says it is done."""
    lock = ROOT / "tools" / "lock" / f"{which}.txt"
    state = digest(lock)
    done = read_stamp()
    if done.get(which) == state:
        return
    print(f"installing the packages of tools/lock/{lock.name}", flush=True)
    count = sum(line[:1].isalnum() for line in lock.read_text(encoding="utf-8").splitlines())
    pip("--require-hashes", "-r", lock, count=count)
    pip("--no-build-isolation", "--editable", ".")
    done[which] = state
    if which == "dev":
        # The development lock contains the other one at the same versions.
        done["run"] = digest(lock.with_name("run.txt"))
    STAMP.write_text(json.dumps(done), encoding="utf-8")


def pip(*arguments: str | Path, count: int = 0) -> None:
    """Let pip install, with a running count on a terminal, and its whole report only when it fails."""
    command = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--no-deps",
        "--progress-bar",
        "off",
        *arguments,
    ]
    report = []
    collected = 0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
    ) as process:
        for line in process.stdout or ():
            report.append(line)
            if line.startswith("Collecting ") and count and sys.stdout.isatty():
                collected += 1
                print(
                    f"\r{collected}/{count} {line.split()[1]:<60}",
                    end="\n" if collected == count else "",
                    flush=True,
                )
    if process.returncode != 0:
        sys.stderr.write("".join(report[-40:]))
        sys.exit(NO_PACKAGES)


def digest(lock: Path) -> str:
    """What the installation depends on: the lock, and the part of pyproject.toml that describes the
    package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    described = json.dumps(
        [project["build-system"], project["project"], project["tool"]["hatch"]], sort_keys=True
    )
    return hashlib.sha256(lock.read_bytes() + described.encode() + str(ROOT).encode()).hexdigest()


def read_stamp() -> dict[str, str]:
    """What earlier set-ups finished."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def fetch_front_end() -> None:
    """Fetch what the pages borrow from npm. They work without it, only plain, so a machine without a network
    goes on; CI does not."""
    if run([PYTHON, "-m", "bot.operations.frontend"]) != 0:
        if IN_CI:
            sys.exit("The front-end files could not be fetched (see above).")
        print(
            "The front-end files could not be fetched (see above): the pages work, but look plain. The next `make run` tries again.",
            flush=True,
        )


def run(command: Command, *, quiet: bool = False) -> int:
    """Run a command and return its exit code."""
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(
        [str(part) for part in command], check=False, stdout=output, stderr=output
    ).returncode


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in {"run", "dev", "test", "wheel"}:
        sys.exit(__doc__)
    main(sys.argv[1])
