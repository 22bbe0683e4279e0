"""Takes every descriptor that Lintel has for clients, and holds them. hoard.py SECONDS SOCKET PORT

As root and as the workbench user, by watching the status: such a client may stay for ever. Then by the web door.
"""

import os
import socket
import sys
import time

EACH = 40
seconds, path, port = float(sys.argv[1]), sys.argv[2], int(sys.argv[3])
ASK = b"GET /v1/status?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n"
held = []


def take(address, family, said):
    for _ in range(EACH):
        one = socket.socket(family)
        one.settimeout(0.5)
        try:
            one.connect(address)
            one.sendall(said)
        except OSError:
            pass
        held.append(one)


take(path, socket.AF_UNIX, ASK)
os.seteuid(1000)
take(path, socket.AF_UNIX, ASK)
os.seteuid(0)
for _ in range(3):
    take(("127.0.0.1", port), socket.AF_INET, b"GET /")
time.sleep(seconds)
print(len(held), "connections")
