"""Seeded contexts: files, links, modes and odd names; ignore files; Dockerfiles; and changes."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

FOLDERS = (
    "",
    "app",
    "app/data",
    "lib",
    "lib/deep/er",
    "App",
    "a-b",
    "tests",
    "releases/v2",
    ".cfg",
)
NAMES = (
    *(
        "main.py",
        "util.py",
        "x.txt",
        "notes.txt",
        "_hid.py",
        "keep.txt",
        "a.b.c",
        ".env",
        "READ.ME",
    ),
    *(
        "with blank.txt",
        "ünï.txt",
        "[x].txt",
        "star*.txt",
        "caf\u0065\u0301.py",
        "Main.py",
        "^n.txt",
    ),
)
LITERALS = (
    *("app", "./app", "/app", "app/", "../app", "app/../lib", "app/.", "lib/deep", "lib//deep"),
    *(".", "./", "app/main.py", "lib/util.py", "current", "current/main.py", "releases/v2", ".cfg"),
    *("link-1", "link-2", "link-3", "app/link-4", "tests", "App", "a-b", "x.txt", "main.py"),
)
GLOBS = (
    *(
        "*",
        "*.txt",
        "*.py",
        "app/*.py",
        "app*",
        "[a-l]*",
        "app/[^_]*.py",
        "?pp",
        "lib/*/er",
        "l*/u*",
    ),
    *("*/main.py", "app/*", "[^a]*", "[!a]*", "link-*", "app/link-*", "x.t?t", "[ln]*", "*/*"),
)
RARE = ("$SRC", "**/*.py", "app/**", '"app"', "a\\ b", "[[]x].txt", "[]x", "app/[", "no?\\*")
IGNORED = (
    *(
        "app",
        "App/",
        "*.txt",
        "**/*.py",
        "*",
        "**",
        "lib",
        "lib/deep",
        "tests",
        ".env",
        "/app/data",
    ),
    *(
        "app/*",
        "*/data",
        "**/data",
        "**/util.py",
        "a?b",
        "[^n]*.txt",
        "[a-l]*",
        "./lib",
        "lib/../app",
    ),
    *(
        "app/**",
        "app/**/x.txt",
        "l*/**",
        "**/deep/**",
        "*.p?",
        "releases/",
        "**/.env",
        "**.txt",
        "#x",
    ),
    *(
        "link-1",
        "link-*",
        "releases/v2/main.py",
        "../app",
        "/",
        ".",
        "  tests  ",
        ".cfg",
        "**/*.t*t",
    ),
    *("app/main.py", "app/data/x.txt", "[!a]pp", "*b", "a**n.py", "*/*/*", "**"),
)
TAKEN_IN = (
    *("app", "**/*.py", "*/*.py", "app/**/*.py", "**/keep.txt", "**/tests", "l*/**", "lib/deep/er"),
    *("app/main.py", "lib", "app/data", "*.txt", "**", ".env", "releases", "*/data/x.txt", "app/*"),
    *("[a-l]*/*.py", " lib", "/lib/util.py", "**/x.txt", "a-b/**"),
)
ODD_IGNORED = ("!", "a\\*b", "[]", "[[:alpha:]]*", "[\\d]x", "^n.txt", "\\", "x\\", "[b-a]", "a]b")


class Case:
    """A context, its ignore file and a Dockerfile, drawn by a number.

    ``plain`` ones have nothing in them that only BuildKit can do.
    """

    def __init__(self, root: Path, seed: int, *, plain: bool = False) -> None:
        self.root = root
        self._plain = plain
        self._random = random.Random(seed)
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        root.chmod(0o755)
        self._fill()
        if self._random.random() < 0.65:
            (root / ".dockerignore").write_text(self._ignore_file())
        (root / "Dockerfile").write_text(self._dockerfile())
        if self._random.random() < 0.1:
            (root / "Dockerfile.dockerignore").write_text(self._ignore_file())

    @property
    def dockerfile(self) -> Path:
        """The Dockerfile."""
        return self.root / "Dockerfile"

    def _some(self, of: tuple[str, ...], most: int, least: int = 1) -> list[str]:
        return self._random.sample(of, self._random.randint(least, min(most, len(of))))

    def _fill(self) -> None:
        draw = self._random
        for folder in self._some(FOLDERS, len(FOLDERS), 4):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
            for name in self._some(NAMES, 5):
                path = self.root / folder / name
                path.write_text(draw.choice(("one", "two", "")))
                path.chmod(draw.choice((0o644, 0o644, 0o644, 0o755, 0o600, 0o640, 0o444)))
        folders = [each for each in self.root.rglob("*") if each.is_dir()]
        for path in draw.sample(folders, min(2, len(folders))):
            path.chmod(draw.choice((0o755, 0o700, 0o750, 0o775)))
        there = [str(each.relative_to(self.root)) for each in self.root.rglob("*")]
        targets = [*there, *(f"/{each}" for each in there[:5]), "nowhere", "..", ".", "../app"]
        for name in ("link-1", "link-2", "link-3", "app/link-4", "current", "lib/link-5"):
            if draw.random() < 0.6 and (self.root / name).parent.is_dir():
                target = draw.choice(targets)
                if name == "current":
                    target = "releases/v2"
                elif "/" in name and not target.startswith("/"):
                    target = f"../{target}"
                if not os.path.lexists(self.root / name):
                    (self.root / name).symlink_to(target)
        if draw.random() < 0.1:
            os.mkfifo(self.root / "pipe")
        if draw.random() < 0.2:
            (self.root / "app/empty").mkdir(parents=True, exist_ok=True)

    def _ignore_file(self) -> str:
        draw = self._random
        lines: list[str] = []
        for _ in range(draw.randint(1, 5)):
            if draw.random() < 0.4 and lines:
                lines.append(f"!{draw.choice(TAKEN_IN)}")
            else:
                lines.append(draw.choice(IGNORED if draw.random() < 0.97 else ODD_IGNORED))
        if draw.random() < 0.1:
            lines.insert(0, "# comment")
        if self._plain:
            lines.append(".dockerignore")
        text = draw.choice(("\n", "\n", "\r\n")).join(lines)
        return ("\ufeff" if draw.random() < 0.05 else "") + text

    def _path(self) -> str:
        """A path to copy: mostly one that is there, written in one of many ways."""
        draw = self._random
        if draw.random() < 0.05:
            return draw.choice(LITERALS)
        there = sorted(str(each.relative_to(self.root)) for each in self.root.rglob("*"))
        plain = [each for each in there if not set(each) & set(" []*^")]
        path = draw.choice((*plain, ".", "."))
        first = path.partition("/")[0]
        return draw.choice(
            (path,) * 4
            + (f"./{path}", f"/{path}", f"../{path}", f"{path}/", f"{first}/../{path}", f"{path}/.")
        )

    def _dockerfile(self) -> str:
        draw = self._random
        lines = ["FROM scratch"]
        if draw.random() < 0.4:
            trigger = draw.choice(("", "", "", "ONBUILD COPY . /t/\n", "ONBUILD COPY *.txt /t/\n"))
            lines = [f"FROM scratch AS other\nCOPY {self._path()} /x/\n{trigger}FROM scratch"]
            lines[0] += draw.choice(("", "\nCOPY --from=other /x /y/", "\nCOPY --from=0 /x /y/"))
            if draw.random() < 0.3:
                lines[0] = lines[0].replace("FROM scratch\n", "FROM OTHER\n")
        for number in range(draw.randint(1, 3)):
            chosen = draw.random()
            words = draw.choice(RARE if chosen > 0.97 else GLOBS) if chosen > 0.6 else self._path()
            if draw.random() < 0.15:
                words += " " + (draw.choice(GLOBS) if draw.random() < 0.5 else self._path())
            names = ("COPY", "COPY", "copy", "ADD", "COPY --chown=1:1", "COPY --link")
            name = draw.choice(names[:-1] if self._plain else names)
            form = draw.choice((f"{name} {words} /{number}/",) * 8 + self._odd(name, words, number))
            lines.append(form)
        head = draw.choice(("",) * 12 + ("# escape=`\n", "# a comment\n", "\n", "\ufeff"))
        return head + "\n".join(lines) + "\n"

    def _odd(self, name: str, words: str, number: int) -> tuple[str, ...]:
        quoted = ", ".join(f'"{word}"' for word in words.replace('"', "").split())
        return (
            f'{name} [{quoted}, "/{number}/"]'
            if "\\" not in quoted
            else f"{name} {words} /{number}/",
            f"{name} {words} \\\n  /{number}/",
            f"{name} \\\n# in between\n\n {words} \\  \n /{number}/",
            *(
                ()
                if self._plain
                else (f"COPY <<EOF /{number}/f\nCOPY app /\nEOF\n{name} {words} /{number}/",)
            ),
            f"ONBUILD COPY . /\n{name} {words} /{number}/",
            f"LABEL a='`'\n{name} {words} /{number}/",
            f"ENV A=`\n{name} {words} /{number}/",
        )

    def change(self, number: int) -> str:
        """Change something, in a way that this number draws; what it was."""
        draw = random.Random(f"{number} {self._random.random()}")
        files = sorted(each for each in self.root.rglob("*") if each.is_file())
        files = [each for each in files if not each.is_symlink() and "ocker" not in each.name]
        folders = sorted(each for each in self.root.rglob("*") if each.is_dir())
        folders = [each for each in folders if not each.is_symlink()]
        links = sorted(each for each in self.root.rglob("*") if each.is_symlink())
        kind = draw.choice(
            ("text",) * 5 + ("mode", "new", "gone", "link", "folder", "mode of folder")
        )
        path = draw.choice(links if kind == "link" and links else folders if "f" in kind else files)
        if kind == "text" or (kind == "link" and not links):
            path.write_text(f"changed {number}")
        elif kind == "mode":
            path.chmod(draw.choice((0o644, 0o755, 0o600, 0o664, 0o745)))
        elif kind == "mode of folder":
            path.chmod(draw.choice((0o755, 0o700, 0o775)))
        elif kind == "new":
            (path.parent / draw.choice(("new.txt", "new.py", ".new"))).write_text("new")
        elif kind == "gone":
            path.unlink()
        elif kind == "link":
            path.unlink()
            path.symlink_to(draw.choice(("app", "lib/util.py", "/x.txt", "nowhere")))
        elif kind == "folder":
            (path / "new-folder").mkdir(exist_ok=True)
        return f"{kind}: {path.relative_to(self.root)}"
