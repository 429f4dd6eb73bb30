"""Run a command, and end it with everything it has started once standard input is closed.

``python -m langsig.repository.leash COMMAND ...`` runs the command of a worker: standard input is
a pipe whose other end closes when the worker dies, however it dies.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

SECONDS = 5  # to end after SIGTERM


def main(command: list[str]) -> int:
    """Run the command and return its exit code."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)

    def kill_with_worker() -> None:
        sys.stdin.read()  # returns when the pipe is closed
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, PermissionError):  # all have ended
                os.killpg(process.pid, number)
            time.sleep(SECONDS)

    threading.Thread(target=kill_with_worker, daemon=True).start()
    return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
