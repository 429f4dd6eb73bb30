"""Run a stage: ``python stages/run.py NAME [ARGUMENT ...]``.

Of most stages, importing torch and transformers is what takes longest. If ``LANGSIG_WARM`` names
the socket of ``tools/warm.py``, a fork of that process, which has imported them, runs the stage.
"""

import json
import os
import runpy
import socket
import sys
from pathlib import Path

STAGES = Path(__file__).parent


def main() -> int:
    script, arguments = STAGES / f"{sys.argv[1]}.py", sys.argv[2:]
    address = os.environ.get("LANGSIG_WARM")
    if address and "LOCAL_RANK" not in os.environ:  # that is one of several processes
        with socket.socket(socket.AF_UNIX) as server:
            if server.connect_ex(address) == 0:  # else it has ended
                return ask(server, [str(script), *arguments])
    sys.argv = [str(script), *arguments]
    runpy.run_path(str(script), run_name="__main__")
    return 0


def ask(server: socket.socket, command: list[str]) -> int:
    """Have a warm process run a script with this one's environment, folder, input and output.

    It ends if this process does. The exit code is the script's.
    """
    request = {"command": command, "folder": os.getcwd(), "environment": dict(os.environ)}
    socket.send_fds(server, [b"\0"], [0, 1, 2])
    server.sendall(json.dumps(request).encode() + b"\n")
    return int(server.makefile().readline() or 1)


if __name__ == "__main__":
    sys.exit(main())
