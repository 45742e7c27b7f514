"""Dockerfiles whose tails BuildKit judges: what is made of another image, and what is built."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

# Below all tails: folders of several modes and owners, links to folders and files.
STEM = """\
FROM scratch
COPY stem /
COPY --chown=7:8 stem/owned /owned
ENV TASK=/var/task MODE=a
"""

# Replaced: the same as BuildKit's build of the changed tree.
REPLACED: Mapping[str, str] = {
    "a folder": "COPY app /var/task/app",
    "a folder, linked": "COPY --link app /var/task/app",
    "into a folder that exists": "COPY app /var/task",
    "into a folder that exists, linked": "COPY --link app /var/task",
    "into a folder that is new": "COPY app /srv/new/deep",
    "into a folder that is new, linked": "COPY --link app /srv/new/deep",
    "into the root": "COPY app /",
    "into the root, linked": "COPY --link app /",
    "a file to a folder": "COPY main.py /var/task/",
    "a file to a folder, linked": "COPY --link main.py /var/task/",
    "a file into a folder without a slash": "COPY main.py /var/task",
    "a file as a new file": "COPY main.py /var/task/other.py",
    "a file as a new file, linked": "COPY --link main.py /var/task/other.py",
    "a file over a file": "COPY main.py /etc/conf",
    "a file over a file, linked": "COPY --link main.py /etc/conf",
    "a file named like a folder, linked": "COPY --link main.py /var/task",
    "a file to the root": "COPY main.py /",
    "several files": "COPY main.py util.py /var/task/",
    "several files, linked": "COPY --link main.py util.py /var/task/",
    "a file and a folder": "COPY main.py app /var/task/",
    "a wildcard": "COPY *.py /var/task/",
    "a wildcard, linked": "COPY --link *.py /var/task/",
    "a wildcard of folders": "COPY b*s o* /var/task/",
    "a wildcard in a folder": "COPY app/*.py /var/task/",
    "a deeper wildcard": "COPY app/*/*.py /var/task/",
    "a class": "COPY m[a-c]i[^x]*.py /var/task/",
    "a question mark": "COPY mai?.py /var/task/",
    "the whole context": "COPY . /var/task/",
    "the whole context, linked": "COPY --link . /var/task/",
    "a path through the top": "COPY ../app/./sub /var/task/sub",
    "a link to a folder": "COPY current /var/task/current",
    "a link to a file": "COPY link.py /var/task/",
    "a link to a file, linked": "COPY --link link.py /var/task/",
    "a path through a link": "COPY current/sub /var/task/sub",
    "the working folder": "WORKDIR /var/task\nCOPY main.py .",
    "the working folder with a slash": "WORKDIR /var/task\nCOPY main.py ./",
    "the working folder, linked": "WORKDIR /var/task\nCOPY --link main.py ./",
    "below the working folder": "WORKDIR /srv/app\nCOPY app lib/app",
    "above the working folder": "WORKDIR /srv/app\nCOPY app ../other",
    "a folder with a dot": "COPY main.py /var/task/.",
    "a variable": "COPY app ${TASK}/app",
    "a variable without braces, linked": "COPY --link app $TASK/app",
    "a variable with a default": "COPY app ${TASK:-/srv}/app",
    "a variable of an argument": "ARG WHERE=/opt\nCOPY --link app ${WHERE}/app",
    "a variable of the same argument": "ARG A=/opt\nENV A=$A\nCOPY --link app ${A}/app",
    "a variable that is set before": "ENV TASK=/srv/set\nCOPY --link app ${TASK}/app",
    "owner": "COPY --chown=1000 app /var/task/app",
    "owner, linked": "COPY --link --chown=1000:1001 app /srv/app",
    "owner of a file": "COPY --chown=5:6 main.py /srv/x/main.py",
    "owner of a folder that exists": "COPY --chown=1000:1000 app /owned",
    "permissions": "COPY --chmod=755 app /var/task/app",
    "permissions of a file, linked": "COPY --link --chmod=0640 main.py /srv/main.py",
    "permissions and owner in a folder, linked": "COPY --link --chown=7 --chmod=640 main.py /tmp/",
    "permissions and owner": "COPY --chmod=700 --chown=9 app /srv/app",
    "a folder with a sticky bit": "COPY main.py /tmp/",
    "a folder of another owner": "COPY main.py /owned/",
    "a folder of another owner, linked": "COPY --link main.py /owned/",
    "a closed folder": "COPY main.py /closed/main.py",
    "two layers": "COPY app /var/task/app\nCOPY main.py /var/task/",
    "two layers, linked": "COPY --link app /var/task/app\nCOPY --link main.py /var/task/",
    "two layers of both kinds": "COPY --link app /srv/a\nCOPY main.py /srv/a/",
    "two layers of both kinds, reversed": "COPY app /srv/a\nCOPY --link main.py /srv/a/",
    "a layer over a layer": "COPY app /srv\nCOPY app2 /srv",
    "a layer over a layer, linked": "COPY --link app /srv\nCOPY --link app2 /srv",
    "a layer in a layer": "COPY app /srv/app\nCOPY app2 /srv/app/deep",
    "attributes": 'COPY --link app /srv\nENV A=1 B="two words"\nUSER 1000\nEXPOSE 80/tcp 81\n'
    'LABEL a=b\nENTRYPOINT ["/srv/main.py"]\nCMD ["app.main"]\nSTOPSIGNAL SIGINT\n'
    'HEALTHCHECK --interval=5s CMD true\nVOLUME /data\nSHELL ["/bin/sh", "-c"]',
    "attributes between": "USER 7\nCOPY app /srv\nARG X=1\nCOPY main.py /srv/\nCMD run ${X}",
    "JSON": 'COPY ["main.py", "util.py", "/srv/with blank/"]',
    "a name with a blank, JSON": 'COPY --link ["with blank.py", "/srv/"]',
    "odd names": "COPY odd /srv/odd",
    "odd names, linked": "COPY --link odd /srv/odd",
    "long names": "COPY --link long /srv/long",
    "an empty folder": "COPY --link empty /srv/empty/",
    "lower case": 'copy --link app /srv/app\ncmd ["x"]',
    "continued lines": "COPY \\\n  # a comment\n  app \\\n  /srv/app",
    "a comment and blanks": "\n# syntax\nCOPY   app\t/srv/app  ",
    "bits of programs": "COPY --link bits /srv/bits",
    "over a link to a file": "COPY main.py /etc/",
    "another stage before": "FROM scratch AS final\nCOPY --from=0 /etc /etc\nCOPY app /srv/app",
}

# Replaced, although the tail itself changes: as it was, and as it is.
RESET: Mapping[str, tuple[str, str]] = {
    "CMD": ('COPY app /srv\nCMD ["a.main"]', 'COPY app /srv\nCMD ["b.main", "two words", "$X"]'),
    "ENTRYPOINT": (
        'COPY app /srv\nENTRYPOINT ["/a"]\nCMD ["x"]',
        'COPY app /srv\nENTRYPOINT ["/b", "c"]\nCMD ["x"]',
    ),
    "ENTRYPOINT alone": ('ENTRYPOINT ["/a"]\nCOPY app /srv', 'ENTRYPOINT ["/b"]\nCOPY app /srv'),
    "CMD before ENTRYPOINT": (
        'CMD ["x"]\nCOPY app /srv\nENTRYPOINT ["/a"]',
        'CMD ["y"]\nCOPY app /srv\nENTRYPOINT ["/b"]',
    ),
    "ENV": (
        "ENV A=1 MODE=b\nCOPY app /srv\nENV C=3",
        'ENV A="two words" MODE=c\nCOPY app /srv\nENV C=a=b,c',
    ),
    "ENV, set twice": (
        "COPY app /srv\nENV A=1\nENV B=2 A=3",
        "COPY app /srv\nENV A=4\nENV B=5 A=6",
    ),
    "ENV of variables": (
        "COPY app /srv\nENV A=$TASK/x B=1",
        "COPY app /srv\nENV A=${TASK}/y$MODE B=-",
    ),
    "LABEL": (
        'COPY app /srv\nLABEL org.example/a.b=1 c="x y"',
        'COPY app /srv\nLABEL org.example/a.b=$MODE c="y, z"',
    ),
    "USER": ("USER 5\nCOPY app /srv", "USER 1000:1000\nCOPY app /srv"),
    "USER, a name": ("COPY app /srv\nUSER nobody", "COPY app /srv\nUSER $MODE"),
    "STOPSIGNAL": ("COPY app /srv\nSTOPSIGNAL SIGINT", "COPY app /srv\nSTOPSIGNAL SIGTERM"),
    "ARG": (
        "COPY app /srv\nARG SHA=1\nENV A=$SHA\nLABEL sha=$SHA",
        "COPY app /srv\nARG SHA=2\nENV A=$SHA\nLABEL sha=x$SHA",
    ),
    "ARG and a destination": (
        "ARG TO=/srv\nCOPY --link app ${TO}/a\nCOPY --link main.py /x/",
        "ARG TO=/opt\nCOPY --link app ${TO}/b\nCOPY --link main.py /y/",
    ),
    "ENV and a destination": (
        "ENV TO=/srv\nCOPY --link app $TO/a",
        "ENV TO=/opt\nCOPY --link app $TO/b",
    ),
    "sources and destination, linked": (
        "COPY --link app /srv/app\nCOPY --link main.py /srv/",
        "COPY --link app2 *.py /opt/\nCOPY --link app/main.py util.py /opt/app/",
    ),
    "owner, linked": (
        "COPY --link --chown=1 app /srv\nCOPY --link main.py /etc/",
        "COPY --link app /srv\nCOPY --link --chown=7:8 main.py /etc/",
    ),
    "JSON, linked": ("COPY --link app /srv/", 'COPY --link ["with blank.py", "/srv/"]'),
    "comments and blanks": (
        '# one\nCOPY app /srv\nCMD ["a"]',
        '# one\nCOPY   app /srv\n\n# two\ncmd  [ "a" ]\n# three',
    ),
    "a CMD, and a COPY to a variable": (
        'COPY app ${TASK}\nCMD ["a"]',
        'COPY app ${TASK}\nCMD ["b"]',
    ),
    "a CMD beside unknown values": (
        "COPY app /srv\nEXPOSE 80\nHEALTHCHECK CMD true\nENV A='x' B=$A\nCMD [\"a\"]",
        "COPY app /srv\nEXPOSE 80\nHEALTHCHECK CMD true\nENV A='x' B=$A\nCMD [\"b\"]",
    ),
}

# Built: another stem.
OTHER_STEM: Mapping[str, tuple[str, str]] = {
    "another instruction": ("COPY app /srv", 'COPY app /srv\nCMD ["a"]'),
    "another order": ('COPY app /srv\nCMD ["a"]', 'CMD ["a"]\nCOPY app /srv'),
    "another layer": ("COPY --link app /srv", "COPY --link app /srv\nCOPY --link app /srv"),
    "another kind of COPY": ("COPY app /srv", "COPY --link app /srv"),
    "another destination": ("COPY app /srv", "COPY app /opt"),
    "other permissions, linked": (
        "COPY --link --chmod=700 app /srv",
        "COPY --link --chmod=755 app /srv",
    ),
    "another file, not linked": ("COPY main.py /srv/x", "COPY util.py /srv/x"),
    "another variable": ("COPY app /srv\nENV A=1", "COPY app /srv\nENV B=1"),
    "one more variable": ("COPY app /srv\nENV A=1", "COPY app /srv\nENV A=1 B=1"),
    "another label": ("COPY app /srv\nLABEL a=1", "COPY app /srv\nLABEL b=1"),
    "a shell's command": ("COPY app /srv\nCMD run a", "COPY app /srv\nCMD run b"),
    "a port": ("COPY app /srv\nEXPOSE 80", "COPY app /srv\nEXPOSE 81"),
    "a check": ("COPY app /srv\nHEALTHCHECK CMD a", "COPY app /srv\nHEALTHCHECK CMD b"),
    "a variable of its own": ("COPY app /srv\nENV MODE=$MODE:a", "COPY app /srv\nENV MODE=$MODE:b"),
    "a variable that another names": (
        "COPY app /srv\nENV A=1\nENV B=$A",
        "COPY app /srv\nENV A=2\nENV B=$A",
    ),
    "an argument that is not known": (
        "COPY app /srv\nARG A=1\nCMD run $A",
        "COPY app /srv\nARG A=2\nCMD run $A",
    ),
    "an argument of a destination": ("ARG A=/a\nCOPY app $A", "ARG A=/b\nCOPY app $A"),
    "a variable of a destination": ("ENV A=/a\nCOPY app $A", "ENV A=/b\nCOPY app $A"),
    "a quoted value": ("COPY app /srv\nENV A='1'", "COPY app /srv\nENV A='2'"),
    "the older form": ("COPY app /srv\nENV A 1", "COPY app /srv\nENV A 2"),
    "a line before": ("RUN --network=none true\nCOPY app /srv", "COPY app /srv"),
}

# Built: the reason has these words.
BUILT: Mapping[str, tuple[str, str]] = {
    "ADD": ("ADD app /srv/app", "ADD in line"),
    "COPY then WORKDIR": ("COPY app /srv\nWORKDIR /srv", "WORKDIR in line"),
    "COPY then ADD": ("COPY app /srv\nADD main.py /srv/", "ADD in line"),
    "COPY then another stage's": ("COPY app /x\nCOPY --from=other /etc /etc", "COPY in line"),
    "a user's name": ("COPY --chown=root:root app /srv", "--chown"),
    "a variable as owner": ("COPY --chown=$U app /srv", "--chown"),
    "a document": ("COPY <<EOF /srv/x\nhello\nEOF", "COPY in line"),
    "a quoted word": ('COPY "app" /srv/app', "COPY in line"),
    "an unknown variable": ("COPY app /srv/$UNKNOWN", "$UNKNOWN in line"),
    "an argument over a variable": (
        "ARG TASK=/srv/set\nCOPY --link app ${TASK}/app",
        "${TASK}/app in line",
    ),
    "a variable that is set later": ("COPY app $TASK\nENV TASK=/x", "COPY in line"),
    "through a link of the image": ("COPY main.py /var/run/x/", "/var/run is not a folder"),
    "onto a link of the image": ("COPY main.py /conf", "/conf is a link"),
}


def fill(root: Path) -> None:
    """The first tree."""
    shutil.rmtree(root, ignore_errors=True)
    for folder in ("app/sub/deep", "app/empty", "app2/sub", "odd", "empty", "bits", "stem/etc"):
        (root / folder).mkdir(parents=True)
    long = root / "long" / ("a" * 90) / ("b" * 120)
    long.mkdir(parents=True)
    texts = {
        "main.py": "main", "util.py": "util", "with blank.py": "b", "app/main.py": "app main",
        "app/gone.py": "gone", "app/sub/util.py": "sub", "app/sub/deep/x.txt": "",
        "notes.txt": "n", "app2/main.py": "second", "app2/sub/more.py": "more",
        "odd/ünï cödé.py": "u", "odd/[x] *?.py": "glob", "odd/new\nline": "n",
        "odd/'quoted\".txt": "q", "odd/back\\slash": "b", "stem/etc/conf": "conf",
        "bits/run": "#!", "bits/setuid": "s",
    }  # fmt: skip
    for name, text in texts.items():
        (root / name).write_text(text)
    (long / ("c" * 80)).write_text("long")
    for folder in ("tmp", "owned", "closed", "var/task/there", "run"):
        (root / "stem" / folder).mkdir(parents=True)
    (root / "stem/var/task/there/file").write_text("there")
    for path, mode in {
        "stem/tmp": 0o1777, "stem/closed": 0o700, "bits/run": 0o755, "bits/setuid": 0o4755,
        "app/sub": 0o750, "app/empty": 0o2775, "util.py": 0o600, "app2/sub": 0o700,
    }.items():  # fmt: skip
        (root / path).chmod(mode)
    for path, target in {
        "stem/var/run": "../run", "stem/conf": "etc/conf", "current": "app", "link.py": "main.py",
        "app/link": "main.py", "app/out": "/nowhere", "app/to-sub": "sub",
    }.items():  # fmt: skip
        (root / path).symlink_to(target)
    (root / ".dockerignore").write_text("notes.txt\n**/*.pyc\nDockerfile\n.dockerignore\n")


def change(root: Path) -> None:
    """What a code change can be: contents, modes, links, new and missing files and folders."""
    for name in ("main.py", "util.py", "app/main.py", "app2/main.py", "odd/ünï cödé.py"):
        with (root / name).open("a") as file:
            file.write(" changed")
    (root / "app/gone.py").unlink()
    (root / "app/new.py").write_text("new")
    (root / "app/ignored.pyc").write_text("no")
    (root / "app/new/folder").mkdir(parents=True)
    (root / "app/new/folder/x").write_text("x")
    (root / "app/link").unlink()
    (root / "app/link").symlink_to("new.py")
    (root / "app/sub").chmod(0o711)
    (root / "app2/sub/more.py").chmod(0o755)
    (root / "with blank.py").write_text("changed")
    (root / "empty/no-more").write_text("")
    (root / "bits/run").write_text("#!changed")
    next((root / "long").glob("*/*/*")).write_text("changed")
    os.utime(root / "main.py", (1, 1))
