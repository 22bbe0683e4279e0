"""A hub whose containers the test starts: what DockerSpawner and KubeSpawner ask their engine for is written to a file."""

import asyncio
import json
import os
from pathlib import Path

from jupyterhub.spawner import Spawner

FOLDER = Path("/spawn")
POLL_SECONDS = 0.05

c = get_config()  # noqa: F821


class AskingSpawner(Spawner):
    def path(self, kind):
        return FOLDER / f"{self.user.name}.{kind}"

    async def start(self):
        for kind in ("stop", "exit"):
            self.path(kind).unlink(missing_ok=True)
        wish = {"environment": self.get_env(), "command": [*self.cmd, *self.get_args()]}
        part = self.path("part")
        part.write_text(json.dumps(wish))
        part.rename(self.path("start"))
        return "127.0.0.1", self.port

    async def poll(self):
        try:
            return int(self.path("exit").read_text())
        except (FileNotFoundError, ValueError):
            return None if self.path("start").exists() else 0

    async def stop(self, now=False):
        self.path("stop").touch()
        while await self.poll() is None:
            await asyncio.sleep(POLL_SECONDS)


c.JupyterHub.spawner_class = AskingSpawner
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = os.environ["HUB_PASSWORD"]
c.JupyterHub.db_url = "sqlite://"
c.JupyterHub.bind_url = "http://0.0.0.0:8000"
# As both spawners have it.
c.Spawner.ip = "0.0.0.0"
c.Spawner.port = 8888
c.Spawner.env_keep = []
c.Spawner.environment = json.loads(os.environ["HUB_ENVIRONMENT"])
c.Spawner.cmd = json.loads(os.environ["HUB_COMMAND"])
for name, value in json.loads(os.environ["HUB_SPAWNER"]).items():
    setattr(c.Spawner, name, value)
