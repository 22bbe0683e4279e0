"""Users' servers as pods of a Lintel image, by KubeSpawner. In Zero to JupyterHub: hub.extraConfig."""

c = get_config()  # noqa: F821

c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.KubeSpawner.image = "registry.example/lintel-workbench:1"

# The CMD of the image's ENTRYPOINT, Lintel: it starts after the scripts, with their environment, and its end is the
# pod's, with its exit code. Without it (None) the service "jupyter" is the single-user server, since the hub sets
# JUPYTERHUB_API_TOKEN: it runs beside the image's other services, and is started again when it dies.
c.KubeSpawner.cmd = ["jupyterhub-singleuser"]

c.KubeSpawner.environment = {
    "PIP_REPOSITORY": "https://mirror.example/pypi/simple",
    "PATH_TO_CA_BUNDLE": "/mnt/workbench/ca",
}

# The restricted Pod Security Standard.
c.KubeSpawner.uid = 1000
c.KubeSpawner.gid = 100
c.KubeSpawner.fs_gid = 100
c.KubeSpawner.pod_security_context = {
    "runAsNonRoot": True,
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}
c.KubeSpawner.container_security_context = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}
c.KubeSpawner.extra_pod_config = {
    "enableServiceLinks": False,
    "terminationGracePeriodSeconds": 30,
}

c.KubeSpawner.storage_pvc_ensure = True
c.KubeSpawner.storage_capacity = "10Gi"
c.KubeSpawner.pvc_name_template = "home-{username}"
c.KubeSpawner.volumes = [
    {"name": "home", "persistentVolumeClaim": {"claimName": "home-{username}"}},
    {"name": "ca", "configMap": {"name": "workbench-ca", "optional": True}},
]
c.KubeSpawner.volume_mounts = [
    {"name": "home", "mountPath": "/home/lintel"},
    {"name": "ca", "mountPath": "/mnt/workbench/ca", "readOnly": True},
]
