"""The manifests of docs/how-to/kubernetes.md hang together, and name what the server has."""

from pathlib import Path

import yaml
from msgsim.config import Config
from msgsim.testing import Simulator

PAGE = Path(__file__).parents[2] / "docs/how-to/kubernetes.md"


def test_manifests_name_what_there_is() -> None:
    text = PAGE.read_text().partition("```yaml\n")[2].partition("```")[0]
    deployment, service, scaler = yaml.safe_load_all(text)
    pod = deployment["spec"]["template"]
    assert deployment["spec"]["selector"]["matchLabels"] == pod["metadata"]["labels"] == service["spec"]["selector"]
    assert scaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    (container,) = pod["spec"]["containers"]
    settings = {variable["name"].removeprefix("MSGSIM_").lower() for variable in container["env"]}
    assert settings <= set(Config.__struct_fields__)
    (port,) = container["ports"]
    assert port["containerPort"] == Config().port
    with Simulator() as sim:
        for probe in (container["livenessProbe"], container["readinessProbe"]):
            assert probe["httpGet"]["port"] == port["name"] == service["spec"]["ports"][0]["targetPort"]
            assert sim.control("GET", probe["httpGet"]["path"].removeprefix("/__sim/v1/")).status == 200
