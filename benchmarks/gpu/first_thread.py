"""pigeonhole, which says at its end how many seconds of processor time its first thread took."""

import sys
import time

from pigeonhole.cli import run

code = run(sys.argv[1:])
sys.stderr.write(f"first thread: {time.thread_time():.4f}\n")
sys.exit(code)
