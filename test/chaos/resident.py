"""A service with everything that chaos can get hold of: children, sessions, a port, output.

resident.py [--children N] [--deaf] [--port PORT] [--notify FD] [--hang FILE]

--children  so many processes of its own, half of them in sessions of their own; the lost ones are replaced
--deaf      it and its children ignore TERM
--port      answers GET there
--notify    says there that it is ready
--hang      makes that file while it hangs, for a probe that looks

USR1: floods its output. USR2: leaves hundreds of orphans. HUP: answers nobody for a while.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FLOOD_BYTES = 12 * 1024 * 1024
ORPHANS = 300
HANG_S = 9
TALK_S = 0.5

parser = argparse.ArgumentParser()
parser.add_argument("--children", type=int, default=0)
parser.add_argument("--deaf", action="store_true")
parser.add_argument("--port", type=int)
parser.add_argument("--notify", type=int)
parser.add_argument("--hang")
given = parser.parse_args()
hangs_until = 0.0


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(max(0.0, hangs_until - time.monotonic()))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def start_child(index):
    deaf = ["sh", "-c", 'trap "" TERM; while :; do sleep 999; done']
    command = deaf if given.deaf else ["sleep", "9999"]
    return subprocess.Popen(command, start_new_session=index % 2 == 0)


def flood():
    line = b"".join(b"%06d flood " % random.randrange(10**6) for _ in range(8)) + b"\n"
    lines = line * 512
    for _ in range(FLOOD_BYTES // len(lines)):
        os.write(1, lines)


def leave_orphans():
    """The one between ends at once, so that PID 1 inherits every one of them."""
    if os.fork() != 0:
        return
    for _ in range(ORPHANS):
        try:
            if os.fork() == 0:
                time.sleep(random.random())
                os._exit(random.randrange(3))
        except OSError:
            break
    os._exit(0)


def hang():
    global hangs_until
    hangs_until = time.monotonic() + HANG_S
    if given.hang:
        open(given.hang, "w").close()


# Nobody waits for children: the kernel takes them.
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if given.deaf:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
wanted = {signal.SIGUSR1: flood, signal.SIGUSR2: leave_orphans, signal.SIGHUP: hang}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
if given.port:
    ThreadingHTTPServer.allow_reuse_address = True
    server = ThreadingHTTPServer(("127.0.0.1", given.port), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
if given.notify:
    os.write(given.notify, b"\n")
    os.close(given.notify)

children = [None] * given.children
for count in range(sys.maxsize):
    for index, child in enumerate(children):
        try:
            if child is None or child.poll() is not None:
                children[index] = start_child(index)
        except OSError as error:
            print("no child:", error, flush=True)
    if given.hang and time.monotonic() > hangs_until and os.path.exists(given.hang):
        os.unlink(given.hang)
    print("turn", count, flush=True)
    found = signal.sigtimedwait(wanted, TALK_S)
    if found is not None:
        try:
            wanted[found.si_signo]()
        except OSError as error:
            print("not done:", error, flush=True)
