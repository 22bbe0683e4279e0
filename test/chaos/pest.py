"""Bad clients, in the network of the container. pest.py SEED SECONDS unix:PATH | tcp:PORT

Garbage, half requests, floods of connections, requests that are never read: all at once, until the time is over. At
last it holds what it has and goes away without a word.
"""

import random
import socket
import sys
import time

MOST_OPEN = 400
chance = random.Random(int(sys.argv[1]))
deadline = time.monotonic() + float(sys.argv[2])
kind, _, place = sys.argv[3].partition(":")
PATHS = ["/", "/healthz", "/readyz", "/metrics", "/v1/status", "/v1/logs", "/v1/nothing", "//x", "/%00", "*"]


def connect():
    made = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET)
    made.settimeout(0.2)
    made.connect(place if kind == "unix" else ("127.0.0.1", int(place)))
    return made


def garbage():
    return bytes(chance.randrange(256) for _ in range(chance.choice([1, 80, 3000])))


def request():
    method = chance.choice(["GET", "GET", "HEAD", "POST", "BREW", "CONNECT", ""])
    head = "%s %s HTTP/%s\r\n" % (method, chance.choice(PATHS), chance.choice(["1.1", "1.0", "9"]))
    size = chance.choice([0, 3, 100000, 2**53, -1])
    lines = chance.choice(["", "Host: x\r\n", "Content-Length: %d\r\n" % size, "X: %s\r\n" % ("y" * 20000)])
    return (head + lines + chance.choice(["\r\n", ""])).encode() + chance.choice([b"", b"{}", garbage()])


opened = []
count = 0
while time.monotonic() < deadline:
    try:
        one = connect()
        one.sendall(chance.choice([garbage, request, request])())
        count += 1
        if chance.random() < 0.3:
            one.recv(100)
        opened.append(one)
    except OSError:
        time.sleep(0.002)
    if len(opened) > MOST_OPEN:
        chance.shuffle(opened)
        for one in opened[MOST_OPEN // 2 :]:
            one.close()
        del opened[MOST_OPEN // 2 :]
print(count, "requests")
