"""A supervisor of small children, run as a process of its own by test_supervisor.

Arguments: a folder, and the names of children to start. Each child writes its pid to FOLDER/NAME, once a start, and
the moment of its end to FOLDER/NAME.end.
"""

import os
import signal
import sys
from pathlib import Path

from app.embedded.child import Spec
from app.embedded.errors import StartError
from app.embedded.supervisor import StopRequested, Supervisor

PLAIN = """
import os, signal, sys, time
def end(*_):
    open(sys.argv[1] + '.end', 'a').write(f'{time.monotonic()}\\n')
    sys.exit()
signal.signal(signal.SIGTERM, end)
open(sys.argv[1], 'a').write(f'{os.getpid()}\\n')
while True: time.sleep(60)
"""
STUBBORN = PLAIN.replace("signal.signal(signal.SIGTERM, end)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
# A parent and its child, which asks for itself to die with its parent, as the API's workers do.
PARENT = """
import os, signal, sys, time
from app.core.process import die_with_parent
me = os.getpid()
if os.fork() == 0:
    die_with_parent(signal.SIGKILL, parent=me)
open(sys.argv[1], 'a').write(f'{os.getpid()}\\n')
while True: time.sleep(60)
"""
DEFECT = "import sys; open(sys.argv[1], 'a').write('0\\n'); sys.exit(3)"
KINDS = {
    "first": (PLAIN, 0),
    "second": (PLAIN, 1),
    "stubborn": (STUBBORN, 1),
    "parent": (PARENT, 1),
    "defect": (DEFECT, 1),
}


def main(folder: Path, names: list[str]) -> None:
    with Supervisor(lambda line: print(line, flush=True)) as supervisor:
        for name in names:
            code, rank = KINDS[name]
            command = [sys.executable, "-c", code, str(folder / name)]
            supervisor.start(Spec(name=name, command=command, cwd=folder, env=dict(os.environ), stop_rank=rank))
        supervisor.wait_for("children", lambda: all((folder / name).exists() for name in names), 20)
        if "defect" in names:
            supervisor.wait_for("the impossible", lambda: False, 20)
        print("ready", flush=True)
        supervisor.run()


if __name__ == "__main__":
    signal.alarm(60)
    try:
        main(Path(sys.argv[1]), sys.argv[2:])
    except StopRequested:
        print("stopped")
    except StartError as error:
        print(error)
        sys.exit(1)
