"""The Chromium of the browser tests: find it, else install it. `make test` runs this; Debian's package comes
first, Playwright's own download second."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
DEBIAN = ("chromium", "fonts-noto-cjk", "fontconfig")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def find_chromium() -> str | None:
    """Where Chromium is: $TEST_CHROMIUM, one on the PATH, else the one that Playwright downloaded."""
    if named := os.environ.get("TEST_CHROMIUM"):
        return named
    for name in NAMES:
        if path := shutil.which(name):
            return path
    if MAC.exists():
        return str(MAC)
    return downloaded()


def downloaded() -> str | None:
    """Playwright's own Chromium, if there."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return str(path) if path.exists() else None


def has_chinese_font() -> bool:
    """Whether fontconfig knows a font for Chinese; without one every character is an empty box and has
    another width."""
    listing = shutil.which("fc-list")
    return bool(
        listing and subprocess.run([listing, ":lang=zh"], capture_output=True, check=False).stdout.strip()
    )


def can_use_apt() -> bool:
    """Whether Debian's packages can be installed from here."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_with_apt() -> bool:
    """Debian's Chromium and a Chinese font, without asking anything."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    options = ["-qq", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=2"]
    for command in (
        ["apt-get", *options, "update"],
        ["apt-get", *options, "install", "-y", "--no-install-recommends", *DEBIAN],
    ):
        # The log of a hundred packages is only of interest when something went wrong.
        done = subprocess.run(
            command,
            env=environment,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        if done.returncode != 0:
            sys.stderr.write(done.stdout)
            return False
    return True


def install() -> None:
    """Install what is missing, as far as this machine lets us."""
    if can_use_apt():
        print(
            "installing Chromium and a Chinese font from the system's packages (once, a minute or two)",
            flush=True,
        )
        if install_with_apt():
            return
    if find_chromium() is None:
        print("downloading Playwright's Chromium (once)", flush=True)
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> int:
    """Make sure that there is a browser. Without one the browser tests are skipped, under CI=true this fails
    at once."""
    on_linux = sys.platform.startswith("linux")
    if find_chromium() is None or (on_linux and not has_chinese_font()):
        install()
    if on_linux and not has_chinese_font():
        print(
            "no Chinese font found: install one (Debian: fonts-noto-cjk), or the pages' text has the wrong size in the browser tests"
        )
    if find_chromium() is not None:
        return 0
    print(
        "no Chromium: the browser tests cannot run. Install Chromium or Chrome, or name one in TEST_CHROMIUM.",
        file=sys.stderr,
    )
    return 1 if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
