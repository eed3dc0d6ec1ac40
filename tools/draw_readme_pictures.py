"""Makes the pictures of the README from what demo.sh leaves behind, so that they show what the program really does.

    bash demo.sh && .venv/bin/python tools/draw_readme_pictures.py

docs/pictures/sorted.png    some pictures with the names that they had and those that they got
docs/pictures/terminal.svg  the commands of the demo and all that they print, recorded with rich
docs/pictures/report.png    the report on its training, seen by Chromium

The recording leaves out the lines that say why something runs from .venv: where there is a container, there are none.
"""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "demo"
PICTURES = ROOT / "docs" / "pictures"
COMMANDS = (
    ("bash", "train.sh", "demo/tf_files", "--backbone", "builtin"),
    ("bash", "guess.sh", "demo/tf_files", "demo/in/download 00.jpg"),
    ("bash", "guessDir.sh", "demo/tf_files", "demo/in", "demo/out"),
    ("ls", "demo/out"),
)
LOCAL = {**os.environ, "PIGEONHOLE_RUNTIME": "local"}  # an image that is being made is not what is shown
COLUMNS = 110
SHOWN = 6
TILE, GAP = 132, 12
PAGE = (860, 1000)  # of the browser
LEARNING = 8000  # milliseconds that the page has to learn from all labels


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    shutil.rmtree(DEMO / "out")
    (PICTURES / "terminal.svg").write_text(recording())
    (PICTURES / "sorted.png").write_bytes(before_and_after())
    (PICTURES / "report.png").write_bytes(report())
    (PICTURES / "page.png").write_bytes(page())
    for path in sorted(PICTURES.iterdir()):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


def recording() -> str:
    """An SVG of a terminal in which the commands were typed. It refers to nothing outside itself."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), highlight=False)
    for command in COMMANDS:
        typed = " ".join(f'"{word}"' if " " in word else word for word in command)
        console.print(Text.assemble(("$ ", "green"), (typed, "bold")))
        done = subprocess.run(
            command, cwd=ROOT, env=LOCAL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
        )
        lines = done.stdout.replace(f"{ROOT}/", "").splitlines()
        if command[0] == "ls":
            lines = ["  ".join(lines[start : start + 6]) for start in range(0, len(lines), 6)]
        for line in lines:
            if not re.match(r"\w+\.sh: (Running from|Setting up) \.venv", line):
                console.print(Text(line))
        console.print()
    svg = console.export_svg(title="pigeonhole")
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # rich's would be fetched from elsewhere


def before_and_after() -> bytes:
    """A row of pictures, the old name above each, the new one below."""
    asked = [sys.executable, "-m", "pigeonhole", "log", str(DEMO / "out"), "--json"]
    entries = [
        json.loads(line) for line in subprocess.run(asked, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    ]
    entries = sorted(entries, key=lambda entry: str(entry["source"]))[:SHOWN]
    width = len(entries) * (TILE + GAP) - GAP
    sheet = Image.new("RGB", (width, TILE + 52), "white")
    pen = ImageDraw.Draw(sheet)
    small, large = ImageFont.load_default(12), ImageFont.load_default(15)
    for number, entry in enumerate(entries):
        left = number * (TILE + GAP)
        with Image.open(entry["target"]) as picture:
            sheet.paste(picture.convert("RGB").resize((TILE, TILE), Image.Resampling.LANCZOS), (left, 22))
        middle = left + TILE / 2
        pen.text((middle, 9), Path(entry["source"]).name, (120, 120, 120), small, anchor="mm")
        pen.text((middle, TILE + 38), Path(entry["target"]).name, (20, 20, 20), large, anchor="mm")
    return small_png(sheet)


def report() -> bytes:
    """Two parts of the report's page, side by side: its beginning, and what it shows of single pictures."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    sheet = Image.new("RGB", (PAGE[0] + GAP, PAGE[1] // 2), "white")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": PAGE[0], "height": PAGE[1]}, color_scheme="light")
        page.goto((DEMO / "tf_files" / "report" / "index.html").as_uri())
        for number, begin in enumerate(("h1", "h2:text('Categories')")):
            page.locator(begin).evaluate("heading => window.scrollTo(0, heading.offsetTop - 24)")
            with Image.open(io.BytesIO(page.screenshot())) as seen:
                half = seen.convert("RGB").resize((PAGE[0] // 2, PAGE[1] // 2), Image.Resampling.LANCZOS)
            sheet.paste(half, (number * (half.width + GAP), 0))
        browser.close()
    pen = ImageDraw.Draw(sheet)
    pen.line((PAGE[0] // 2 + GAP // 2, 0, PAGE[0] // 2 + GAP // 2, sheet.height), (200, 200, 200), 1)
    return small_png(sheet)


def page() -> bytes:
    """Two pages of web.sh, side by side: a picture that is asked about, and pictures without labels in groups."""
    command = [sys.executable, "-m", "pigeonhole", "web", str(DEMO / "tf_files"), str(DEMO / "out"), str(DEMO / "in")]
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    sheet = Image.new("RGB", (PAGE[0] + GAP, PAGE[1] // 2), "white")
    server = subprocess.Popen([*command, "--port", "0", "--no-browser"], stderr=subprocess.PIPE, text=True)
    try:
        address = next(found[0] for line in server.stderr or () if (found := re.search(r"http://\S+", line)))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            shown = browser.new_page(viewport={"width": PAGE[0], "height": PAGE[1]}, color_scheme="light")
            shown.goto(address)
            for number, (name, ready) in enumerate((("review", "#strip img"), ("groups", ".pile img"))):
                shown.goto(f"{address.partition('?')[0]}{name}")
                shown.locator(ready).first.wait_for()
                shown.wait_for_timeout(LEARNING)
                with Image.open(io.BytesIO(shown.screenshot())) as seen:
                    half = seen.convert("RGB").resize((PAGE[0] // 2, PAGE[1] // 2), Image.Resampling.LANCZOS)
                sheet.paste(half, (number * (half.width + GAP), 0))
            browser.close()
    finally:
        server.terminate()
        server.wait()
    return small_png(sheet)


def small_png(picture: Image.Image) -> bytes:
    """`picture`, RGB, as a PNG of 128 colours."""
    file = io.BytesIO()
    picture.quantize(128, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    main()
