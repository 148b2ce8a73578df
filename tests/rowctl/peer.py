"""Another program at the tables, as a process that serves many tests: one JSON object per line in, one out.

  {"op": "connect", "dsn": DSN}                              forgets what it held
  {"op": "load", "name": NAME, "id": ID, "table": TABLE}     holds the record under a name of the test's own
  {"op": "save", "name": NAME, FIELD: VALUE, ...}            sets the fields, and saves
  {"op": "destroy" | "touch", "name": NAME}
  {"op": "create", FIELD: VALUE, ...}
  {"op": "transfer", "source": NAME, "to": NAME, "amount": N}  of what is held, in one transaction
  {"op": "add_loop", "id": ID, "times": N, "delta": N}       each increment again if it was stale
  {"op": "lock", "name": NAME, "id": ID, "wait": BOOL}       until {"op": "release", "name": NAME, FIELD: VALUE, ...}
  {"op": "forget_version", "id": ID}                         NULL
  {"op": "advisory", "name": NAME, "function": FUNCTION}     calls a function of PostgreSQL with the lock's keys

The answer has "ok"; then "row", or "error", the class of what was raised.
"""

import json
import subprocess


class Peer:
    def __init__(self, command):
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close(self):
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def send(self, op, **arguments):
        """Asks without waiting for the answer."""
        self._process.stdin.write(json.dumps({"op": op, **arguments}) + "\n")
        self._process.stdin.flush()

    def go_on(self):
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def answer(self):
        line = self._process.stdout.readline()
        assert line, "the peer has ended"
        return json.loads(line)

    def __call__(self, op, **arguments):
        self.send(op, **arguments)
        return self.answer()
