"""`alembic check` on an empty PostgreSQL of its own: do the mapped classes say what the migrations build?"""

import os
import subprocess
import sys
from pathlib import Path

from tests.system import System, scratch_folder

ROOT = Path(__file__).parents[1]


def main() -> int:
    system = System(scratch_folder())
    try:
        system.start()
        env = os.environ | {"DATABASE_URL": system.database_url, "DATA_DIR": str(system.data_dir)}
        command = [sys.executable, "-m", "alembic", "check"]
        return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
    finally:
        system.close()


if __name__ == "__main__":
    sys.exit(main())
