"""Pictures of docs/pages, as a browser shows them: Markdown with GitHub's own Mermaid.

Chromium has to be on PATH, with a font that has emoji; Mermaid comes from the lock in tests/pages.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from markdown_it import MarkdownIt

from docs.mermaid import mermaid
from docs.situations import PAGES

WIDTH = 1012  # pixels of GitHub's column
HEAD = """\
<!doctype html><meta charset="utf-8"><style>
body { font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif;
  color: #1f2328; width: 948px; margin: 24px auto; }
h2 { font-size: 21px; border-bottom: 1px solid #d1d9e0; padding-bottom: 6px; }
table { border-collapse: collapse; margin: 0 0 16px; display: block; overflow: auto; }
th, td { border: 1px solid #d1d9e0; padding: 5px 11px; } tr:nth-child(2n) { background: #f6f8fa; }
code { background: #eff1f3; border-radius: 6px; padding: 2px 5px; font-size: 12px; }
pre { background: #f6f8fa; padding: 14px; border-radius: 6px; white-space: pre-wrap; }
pre code { background: none; padding: 0; } pre.mermaid { background: none; }
blockquote { border-left: 4px solid #0969da; margin: 0 0 16px; padding: 2px 14px; }
a { color: #0969da; text-decoration: none; } summary { cursor: pointer; margin: 8px 0; }
</style>
"""


def html(markdown: str, library: Path) -> str:
    """A page as HTML, with all folded sections open."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    body = parser.render(re.sub(r"\[!(\w+)\]\n>", r"**\1**\n>\n>", markdown))
    body = re.sub(
        r'<pre><code class="language-mermaid">(.*?)</code></pre>', _diagram, body, flags=re.S
    )
    body = body.replace("<details>", "<details open>")
    script = f'<script src="{library.as_uri()}"></script><script>mermaid.initialize({{}});</script>'
    return f"{HEAD}{body}{script}"


def _diagram(match: re.Match[str]) -> str:
    return f'<pre class="mermaid">{match.group(1)}</pre>'


def picture(page: Path, library: Path) -> None:
    """Write the picture of a page next to the page."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "page.html")
        file.write_text(html(page.read_text(encoding="utf-8"), library), encoding="utf-8")
        browser = shutil.which("chromium") or sys.exit("chromium is not on PATH")
        chromium = [
            *(browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *("--virtual-time-budget=8000", f"--user-data-dir={folder}/profile"),
        ]
        measure = file.with_name("measure.html")
        script = "<script>addEventListener('load', () => setTimeout(() => document.title = "
        script += "'height=' + document.documentElement.scrollHeight, 4000))</script>"
        measure.write_text(file.read_text(encoding="utf-8") + script, encoding="utf-8")
        size = f"--window-size={WIDTH},200"
        shown = subprocess.run(
            [*chromium, size, "--dump-dom", measure.as_uri()],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        height = re.search(r"height=(\d+)", shown)
        size = f"--window-size={WIDTH},{int(height.group(1)) + 20 if height else 2000}"
        target = page.with_suffix(".png")
        subprocess.run(
            [*chromium, size, f"--screenshot={target}", file.as_uri()],
            capture_output=True,
            check=True,
        )


def main() -> None:
    """Draw every sample page."""
    fonts = subprocess.run(["fc-list"], capture_output=True, text=True, check=True).stdout
    if "emoji" not in fonts.lower():
        sys.exit("no font has emoji, which pages begin with: install fonts-noto-color-emoji")
    script = mermaid() / "node_modules/mermaid/dist/mermaid.min.js"
    for page in sorted(PAGES.glob("*.md")):
        picture(page, script)


if __name__ == "__main__":
    main()
