"""A database of rowctl's tables, and rowctl as a process: for tests."""

import contextlib
import json
import os
import subprocess
import tempfile
import uuid

PATIENCE = 60  # seconds after which a process is taken to hang


class SqliteBank:
    """A file that goes with the test."""

    name = "sqlite"

    def __init__(self):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # commits wait for the disk, mostly
        self._directory = tempfile.TemporaryDirectory(prefix="rowctl-", dir=memory)
        self.path = os.path.join(self._directory.name, "bank.sqlite")
        self.dsn = f"sqlite:{self.path}"

    def close(self):
        self._directory.cleanup()


class PostgresBank:
    """A schema on the tests' server. How to connect stands in LOCKSTEP_POSTGRES, or in the file that
    LOCKSTEP_POSTGRES_TOLD names."""

    name = "postgres"

    def __init__(self):
        self._server = os.environ.get("LOCKSTEP_POSTGRES")
        if not self._server:
            with open(os.environ["LOCKSTEP_POSTGRES_TOLD"], encoding="utf-8") as told:
                self._server = told.readline().strip()
        self._schema = f"rowctl_{uuid.uuid4().hex}"
        self._psql(f"CREATE SCHEMA {self._schema}")
        self.keywords = f"{self._server} options=-csearch_path={self._schema}"
        self.dsn = f"pg:{self.keywords}"

    def _psql(self, statement):
        subprocess.run(["psql", "--no-psqlrc", "--quiet", "--dbname", self._server, "--command", statement],
                       env={**os.environ, "PGOPTIONS": "-c client_min_messages=warning"}, check=True, timeout=PATIENCE)

    def close(self):
        self._psql(f"DROP SCHEMA {self._schema} CASCADE")


BANKS = {bank.name: bank for bank in (SqliteBank, PostgresBank)}


class Result:
    """What a run of rowctl came to."""

    def __init__(self, status, lines, errors):
        self.status = status
        self.lines = lines
        self.errors = errors

    @property
    def last(self):
        return self.lines[-1]

    @property
    def row(self):
        return self.last["row"]


class Running:
    """A run of rowctl that waits for a line now and then."""

    def __init__(self, process):
        self.process = process
        self.lines = []

    def event(self, name):
        """The next line, which must be this event."""
        text = self.process.stdout.readline()
        assert text, f"rowctl ended before its event {name}: {self.process.stderr.read()}"
        self.lines.append(json.loads(text))
        assert self.lines[-1].get("event") == name, self.lines[-1]
        return self.lines[-1]

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def result(self):
        """What it comes to, without a further line for it."""
        out, errors = self.process.communicate(timeout=PATIENCE)
        return Result(self.process.returncode, self.lines + [json.loads(line) for line in out.splitlines()], errors)

    def end(self):
        self.go_on()
        return self.result()


class Rowctl:
    def __init__(self, program, bank):
        self.program = program
        self.bank = bank

    def __call__(self, *arguments, **options):
        return self.told(self.bank.dsn, *arguments, **options)

    def told(self, *arguments, line=""):
        """Without a DSN."""
        done = subprocess.run([self.program, *map(str, arguments)], input=line, capture_output=True, text=True,
                              check=False, timeout=PATIENCE)
        return Result(done.returncode, [json.loads(text) for text in done.stdout.splitlines() if text[:1] == "{"],
                      done.stderr + "".join(text for text in done.stdout.splitlines() if text[:1] != "{"))

    @contextlib.contextmanager
    def started(self, *arguments):
        process = subprocess.Popen([self.program, self.bank.dsn, *map(str, arguments)], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            yield Running(process)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
