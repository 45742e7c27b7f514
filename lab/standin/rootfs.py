"""The stand-in's file system: Debian's Python 3.13, laid out like AWS's image."""

from __future__ import annotations

import shutil
from pathlib import Path

from lab import debian
from lab.environments import uv
from lab.process import run

HERE = Path(__file__).parent
FILES = HERE / "files"
SUITE = "trixie"  # the release with Python 3.13
PACKAGES = """
    python3.13 ca-certificates bash busybox-static libc-bin
    apt dpkg tar debian-archive-keyring
""".split()  # the second line is what dnf needs

_HOST_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_USELESS = """
    usr/share/doc usr/share/man usr/share/locale usr/share/info usr/share/lintian
    usr/share/bash-completion usr/share/common-licenses usr/share/bug usr/share/perl5
    usr/share/debconf usr/share/i18n usr/share/apport usr/lib/systemd usr/lib/ssl
    usr/lib/x86_64-linux-gnu/gconv usr/lib/x86_64-linux-gnu/perl-base
    usr/lib/python3.13/EXTERNALLY-MANAGED usr/lib/python3.13/idlelib
    usr/lib/python3.13/turtledemo usr/lib/python3.13/ensurepip
    usr/lib/python3.13/pydoc_data usr/lib/python3.13/test
""".split()
# What functions of tests and examples call; all services would double what is pushed.
_SERVICES = "dynamodb lambda s3 secretsmanager sns sqs ssm sts".split()
_FOLDERS = """
    dev proc sys run root home mnt opt tmp var/tmp var/task var/runtime var/lang/bin
    var/lang/lib usr/local/bin usr/local/lib var/lib/dpkg/info var/lib/dpkg/updates
    var/lib/apt/lists var/cache/apt etc/apt/apt.conf.d etc/apt/preferences.d
    etc/apt/trusted.gpg.d etc/dpkg/dpkg.cfg.d etc/ssl/certs usr/lib/ssl
""".split()
_MERGED = ("bin", "sbin", "lib", "lib64")


def make_rootfs(root: Path, work: Path) -> None:
    """Fill ``root``; ``work`` is for downloads. Raises LabError if a package cannot be had."""
    for name in _MERGED:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for name in _FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    files = debian.download(SUITE, PACKAGES, work / "packages", needs=True, blank=True)
    debian.unpack(files, root)
    _remove_useless(root)
    _busybox(root)
    _accounts(root)
    _certificates(root)
    _package_tools(root, files)
    _python(root)
    _lambda(root, work)
    run(["ldconfig", "-r", root])
    for name in ("tmp", "var/tmp"):
        (root / name).chmod(0o1777)


def _remove_useless(root: Path) -> None:
    for name in _USELESS:
        path = root / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    (root / "usr/lib/ssl").mkdir(exist_ok=True)


def _busybox(root: Path) -> None:
    """Give the image the small tools which AWS's has from coreutils and the like."""
    for applet in run([root / "usr/bin/busybox", "--list"]).split():
        if not any((root / "usr" / folder / applet).exists() for folder in ("bin", "sbin")):
            (root / "usr/bin" / applet).symlink_to("busybox")


def _accounts(root: Path) -> None:
    (root / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
    )
    (root / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
    (root / "etc/nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files dns\n")


def _certificates(root: Path) -> None:
    """Trust whom this machine trusts: its HTTPS may pass through a proxy of its own."""
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    if _HOST_CERTIFICATES.exists():
        bundle.write_bytes(_HOST_CERTIFICATES.read_bytes())
    else:
        own = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
        bundle.write_bytes(b"".join(file.read_bytes() for file in own))
    (root / "usr/lib/ssl/certs").symlink_to("/etc/ssl/certs")
    (root / "usr/lib/ssl/cert.pem").symlink_to("/etc/ssl/certs/ca-certificates.crt")


def _package_tools(root: Path, files: list[Path]) -> None:
    status = "".join(debian.status_of(file) for file in files)
    (root / "var/lib/dpkg/status").write_text(status)
    (root / "etc/apt/sources.list").write_text(debian.sources_line(SUITE))
    for name in ("dnf", "microdnf"):
        shutil.copy(FILES / "dnf", root / "usr/bin" / name)
        (root / "usr/bin" / name).chmod(0o755)


def _python(root: Path) -> None:
    """The interpreter and pip where AWS has them: /var/lang/bin, first on PATH."""
    for name in ("python", "python3", "python3.13"):
        (root / "var/lang/bin" / name).symlink_to("/usr/bin/python3.13")
    for name in ("pip", "pip3", "pip3.13"):
        script = root / "var/lang/bin" / name
        script.write_text(
            "#!/var/lang/bin/python3.13\n"
            "import sys\n"
            "from pip._internal.cli.main import main\n"
            "sys.exit(main())\n"
        )
        script.chmod(0o755)


def _lambda(root: Path, work: Path) -> None:
    """The runtime client, boto3 and pip, and the emulator of the runtime interface."""
    packages = root / "usr/lib/python3/dist-packages"
    _install(HERE / "runtime.txt", packages)
    for model in (packages / "botocore/data").iterdir():
        if model.is_dir() and model.name not in _SERVICES:
            shutil.rmtree(model)
    _install(HERE / "rie.txt", work / "rie", "--no-deps")
    emulator = root / "usr/local/bin/aws-lambda-rie"
    shutil.copy(work / "rie/samcli/local/rapid/aws-lambda-rie-x86_64", emulator)
    emulator.chmod(0o755)
    for name, place in (("bootstrap", "var/runtime"), ("lambda-entrypoint.sh", "")):
        shutil.copy(FILES / name, root / place / name)
        (root / place / name).chmod(0o755)


def _install(lock: Path, target: Path, *options: str) -> None:
    run(
        [
            uv(),
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            *options,
            "--python-version",
            "3.13",
            "--python-platform",
            "x86_64-manylinux_2_36",
            "--only-binary",
            ":all:",
            "--link-mode",
            "copy",
            "--target",
            target,
            "-r",
            lock,
        ]
    )
