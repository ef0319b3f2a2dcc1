"""A font with Chinese letters, from what the machine has."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

#: Where systems keep a font with Chinese letters, if fontconfig is not there to ask.
FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/STHeiti Medium.ttc",
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/simhei.ttf",
)


def chinese_font() -> Path | None:
    """A font that has Chinese letters, or None where the machine has none."""
    for name in FONTS:
        if Path(name).is_file():
            return Path(name)
    if match := shutil.which("fc-match"):
        found = subprocess.run(
            [match, "-f", "%{file}\n%{lang}", ":lang=zh-cn"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
        file, _, languages = found.stdout.partition("\n")
        if "zh-cn" in languages and Path(file).is_file():
            return Path(file)
    return None
