# SPDX-License-Identifier: BSD-2-Clause
"""Files out of Debian packages, without root and without touching the
system's apt: a package index of our own for any suite, taken from the address
that the system's own Debian source names."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from .paths import Problem, cache_dir, program, say

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
INDEX_AGE_LIMIT = 24 * 3600


def system_codename():
    """The suite that this machine runs, from os-release."""
    with open("/etc/os-release") as handle:
        for line in handle:
            if line.startswith("VERSION_CODENAME="):
                return line.split("=", 1)[1].strip().strip('"')
    raise Problem("/etc/os-release names no VERSION_CODENAME: is this a Debian?")


def system_archive():
    """The address of the Debian archive in the system's apt sources."""
    wanted = system_codename()
    listing = subprocess.run(
        [program("apt-get"), "indextargets", "--format",
         "$(REPO_URI)|$(RELEASE)|$(COMPONENT)", "Created-By: Packages"],
        check=True, capture_output=True, text=True).stdout
    for line in listing.splitlines():
        uri, release, component = line.split("|")
        if component == "main" and release == wanted:
            return uri
    raise Problem(f"the system's apt sources have no entry for {wanted} main")


class Suite:
    """One Debian suite (such as "trixie"), with a private apt state."""

    def __init__(self, name):
        self.name = name
        self.dir = cache_dir() / "apt" / name
        self.sources = self.dir / "sources.d" / "suite.sources"

    def _options(self):
        values = {
            "Dir::State": self.dir / "state",
            "Dir::State::status": self.dir / "status",
            "Dir::Cache": self.dir / "cache",
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": self.sources.parent,
            "Dir::Etc::preferencesparts": "/dev/null",
            "Debug::NoLocking": "1",
            "APT::Sandbox::User": "root",
            "APT::Get::List-Cleanup": "0",
        }
        options = []
        for key, value in values.items():
            options += ["-o", f"{key}={value}"]
        return options

    def _apt(self, tool, *arguments, cwd=None):
        done = subprocess.run([program(tool), *self._options(), *arguments],
                              cwd=cwd, capture_output=True, text=True,
                              env={**os.environ, "LC_ALL": "C"})
        if done.returncode != 0:
            raise Problem(f"{tool} {' '.join(arguments)} failed for {self.name}:"
                          f"\n{done.stderr.strip()}")
        return done.stdout

    def refresh(self):
        """Fetch the package index, unless it is of today."""
        stamp = self.dir / "refreshed"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < INDEX_AGE_LIMIT:
            return
        for folder in ("state/lists/partial", "cache/archives/partial", "sources.d"):
            (self.dir / folder).mkdir(parents=True, exist_ok=True)
        (self.dir / "status").write_text("")
        text = (f"Types: deb deb-src\nURIs: {system_archive()}\n"
                f"Suites: {self.name}\nComponents: main\n")
        if KEYRING.exists():
            text += f"Signed-By: {KEYRING}\n"
        self.sources.write_text(text)
        say("apt", f"fetching the package index of {self.name} (private, about 20 MB)")
        self._apt("apt-get", "update")
        stamp.touch()

    def depends(self, meta, pattern):
        """The dependency of a meta package whose name matches."""
        self.refresh()
        for line in self._apt("apt-cache", "depends", meta).splitlines():
            match = re.fullmatch(r"\s*Depends: (\S+)", line)
            if match and re.fullmatch(pattern, match.group(1)):
                return match.group(1)
        raise Problem(f"{meta} of {self.name} depends on nothing like {pattern}")

    def upstream_source(self, package, into):
        """Download a source package's upstream archive, checked by its hash."""
        self.refresh()
        listing = self._apt("apt-get", "source", "--print-uris", package)
        match = re.search(r"^'([^']+)' (\S+\.orig\.tar\.\w+) \d+ (SHA256:\w+)$",
                          listing, re.MULTILINE)
        if not match:
            raise Problem(f"{self.name} has no upstream archive of {package}")
        uri, name, digest = match.groups()
        into.mkdir(parents=True, exist_ok=True)
        self._apt("/usr/lib/apt/apt-helper", "download-file", uri,
                  str(into / name), digest)
        return into / name

    def extract(self, package, members, into):
        """Download a binary package and put the files of it that match `members`
        (tar wildcards such as ./boot/vmlinuz*) under `into`; one path for each."""
        self.refresh()
        work = into / "download"
        work.mkdir(parents=True, exist_ok=True)
        self._apt("apt-get", "download", package, cwd=work)
        debs = list(work.glob("*.deb"))
        if len(debs) != 1:
            raise Problem(f"apt-get download {package} left {len(debs)} packages")
        with subprocess.Popen([program("dpkg-deb"), "--fsys-tarfile", str(debs[0])],
                              stdout=subprocess.PIPE) as stream:
            subprocess.run([program("tar"), "-x", "-C", str(into), "--wildcards",
                            *members], stdin=stream.stdout, check=True)
        shutil.rmtree(work)
        found = []
        for member in members:
            matching = sorted(path for path in into.glob(member) if path.is_file())
            if not matching:
                raise Problem(f"{package} of {self.name} holds no {member}")
            found.append(matching[0])
        return found


def cached_file(name, suite, package, member, what):
    """The file `name` of the cache; where it is absent, out of the package.
    `package` is a name or a function that gives one."""
    path = cache_dir() / "files" / name
    if path.exists():
        return path
    source = Suite(suite)
    if callable(package):
        package = package(source)
    say("fetch", f"{what}: package {package} of {suite}")
    work = cache_dir() / "files" / f".{name}.{os.getpid()}"
    try:
        found, = source.extract(package, [member], work)
        os.replace(found, path)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return path
