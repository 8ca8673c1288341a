"""The manifests of docs/how-to/kubernetes.md are what Kubernetes allows, and name what the server has."""

from copy import deepcopy
from typing import Any

import pytest
import yaml
from kubernetes_validate import ValidationError, validate
from msgsim.config import Config
from msgsim.testing import Simulator

from tests.documents import blocks

MANIFESTS = list(yaml.safe_load_all(blocks("docs/how-to/kubernetes.md", "yaml")[0].text))
VERSIONS = ("1.25", "1.31", "1.37")
"""Of Kubernetes: the oldest with schemas at hand, one in between, the newest."""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest["kind"])
def test_a_manifest_is_what_kubernetes_allows(manifest: dict[str, Any], version: str) -> None:
    assert validate(manifest, version, strict=True) == version


@pytest.mark.parametrize(
    ("kind", "path", "wrong"),
    [
        ("Deployment", ("spec", "template", "spec", "containers", 0, "readinesProbe"), {}),
        ("Deployment", ("spec", "template", "spec", "containers", 0, "readinessProbe", "httpGet"), {"path": "/"}),
        ("Service", ("spec", "ports", 0, "port"), "http"),
        ("HorizontalPodAutoscaler", ("spec", "metrics", 0, "resource", "target"), {"averageUtilization": 80}),
    ],
)
def test_a_mistake_is_found(kind: str, path: tuple[str | int, ...], wrong: Any) -> None:
    manifest = deepcopy(next(manifest for manifest in MANIFESTS if manifest["kind"] == kind))
    place: Any = manifest
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = wrong
    with pytest.raises(ValidationError):
        validate(manifest, VERSIONS[-1], strict=True)


def test_manifests_name_what_there_is() -> None:
    deployment, service, scaler = MANIFESTS
    pod = deployment["spec"]["template"]
    assert deployment["spec"]["selector"]["matchLabels"] == pod["metadata"]["labels"] == service["spec"]["selector"]
    assert scaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert scaler["spec"]["minReplicas"] == deployment["spec"]["replicas"]
    (container,) = pod["spec"]["containers"]
    settings = {variable["name"].removeprefix("MSGSIM_").lower() for variable in container["env"]}
    assert settings <= set(Config.__struct_fields__)
    (port,) = container["ports"]
    assert port["containerPort"] == Config().port
    with Simulator() as sim:
        for probe in (container["livenessProbe"], container["readinessProbe"]):
            assert probe["httpGet"]["port"] == port["name"] == service["spec"]["ports"][0]["targetPort"]
            assert sim.control("GET", probe["httpGet"]["path"].removeprefix("/__sim/v1/")).status == 200
