"""The files that start clusters, against the validators of what reads them, and against the program that they run."""

import copy
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import click
import jsonschema
import pytest

from tests.cluster_files import CLUSTER, README, Config, check_commands, options_of, ray_command_line, ray_module, read
from tests.kuberay import validator
from tests.pages import ROOT

pytestmark = pytest.mark.contract

RAY_UP = ["ray-up-aws.yaml", "ray-up-hosts.yaml"]
CAMPAIGNS = ["raycluster.yaml", "rayjob.yaml"]
TUNING = "tune-rayjob.yaml"
KUBERAY = [*CAMPAIGNS, TUNING]
BIN = Path(sys.executable).parent


def pinned(package: str) -> str:
    """The version in constraints.txt."""
    found = re.search(rf"^{re.escape(package)}==(\S+)$", (ROOT / "constraints.txt").read_text(), flags=re.MULTILINE)
    assert found is not None
    return found[1]


def cluster_spec(config: Config) -> Config:
    """The spec of the RayCluster that a KubeRay file holds."""
    return config["spec"].get("rayClusterSpec", config["spec"])


def pod_templates(config: Config) -> list[Config]:
    spec = cluster_spec(config)
    return [group["template"]["spec"] for group in [spec["headGroupSpec"], *spec["workerGroupSpecs"]]]


# --- ray up ---


def launch(config: Config) -> Config:
    """What `ray up` makes of a configuration, and checks, before it starts anything.

    Raises:
        Exception: it refuses.
    """
    launcher = ray_module("ray.autoscaler._private.util")
    prepared = launcher.prepare_config(copy.deepcopy(config))
    launcher.validate_config(prepared)
    return prepared


@pytest.mark.parametrize("name", RAY_UP)
def test_ray_up_accepts_the_file(name: str):
    prepared = launch(read(name))
    assert prepared["head_node_type"] in prepared["available_node_types"]


def test_ray_up_keeps_every_host_and_grows_on_aws_from_none():
    hosts, aws = launch(read("ray-up-hosts.yaml")), launch(read("ray-up-aws.yaml"))
    (only,) = hosts["available_node_types"].values()
    assert only["min_workers"] == only["max_workers"] == len(hosts["provider"]["worker_ips"])
    spot = aws["available_node_types"]["spot"]
    assert (spot["min_workers"], spot["max_workers"]) == (0, aws["max_workers"])
    assert spot["node_config"]["InstanceMarketOptions"] == {"MarketType": "spot"}
    assert "InstanceMarketOptions" not in aws["available_node_types"]["head"]["node_config"]


def remove(config: Config, *path: str) -> None:
    for key in path[:-1]:
        config = config[key]
    del config[path[-1]]


BREAK_RAY_UP: dict[str, tuple[str, Callable[[Config], None], str]] = {
    "unknown field": ("ray-up-aws.yaml", lambda c: c.update(spots=3), "'spots' was unexpected"),
    "unknown field of a node type": (
        "ray-up-aws.yaml",
        lambda c: c["available_node_types"]["spot"].update(most=3),
        "'most' was unexpected",
    ),
    "wrong type": ("ray-up-aws.yaml", lambda c: c.update(max_workers="10"), "'10' is not of type 'integer'"),
    "head that is not there": (
        "ray-up-aws.yaml",
        lambda c: c.update(head_node_type="boss"),
        "`head_node_type` must be",
    ),
    "fewer nodes than asked for": (
        "ray-up-aws.yaml",
        lambda c: c["available_node_types"]["spot"].update(min_workers=11),
        "`max_workers` is smaller",
    ),
    "no hosts": ("ray-up-hosts.yaml", lambda c: remove(c, "provider", "worker_ips"), "supply a `head_ip` and list"),
    "unknown way to log in": (
        "ray-up-hosts.yaml",
        lambda c: c["auth"].update(password="secret"),
        "'password' was unexpected",
    ),
}


@pytest.mark.parametrize("what", BREAK_RAY_UP)
def test_ray_up_refuses_a_broken_file(what: str):
    name, broken, says = BREAK_RAY_UP[what]
    config = read(name)
    broken(config)
    with pytest.raises((jsonschema.ValidationError, ValueError, click.ClickException), match=re.escape(says)):
        launch(config)


def start_commands(config: Config) -> list[str]:
    return [*config["head_start_ray_commands"], *config["worker_start_ray_commands"]]


@pytest.mark.parametrize("name", RAY_UP)
def test_ray_up_starts_every_node_with_a_token(name: str):
    config = read(name)
    started = [command for command in start_commands(config) if "ray start" in command]
    assert sum(check_commands(command) for command in started) == len(started) == 2
    for command in started:
        assert "RAY_AUTH_MODE=token" in command
        assert f"--object-store-memory={200_000_000}" in command
    assert config["file_mounts"]["~/.ray/auth_token"] == "~/.ray/auth_token"


@pytest.mark.parametrize("name", RAY_UP)
def test_ray_up_commands_are_shell_and_name_options_of_ray(name: str):
    config = read(name)
    setup = ["initialization_commands", "setup_commands", "head_setup_commands", "worker_setup_commands"]
    for command in [command for key in setup for command in config.get(key, [])] + start_commands(config):
        subprocess.run(["bash", "-n"], input=command, text=True, check=True)
        check_commands(command)


@pytest.mark.parametrize("name", RAY_UP)
def test_ray_up_sends_what_an_installation_reads(name: str):
    """The nodes install the checkout: each file that the build names is there, and is sent."""
    sent = {local for remote, local in read(name)["file_mounts"].items() if remote.startswith("~/llamoco/")}
    assert sent == {"constraints.txt", *BUILD_INPUTS}
    assert all((ROOT / local).exists() for local in sent)


# --- KubeRay ---


def faults(config: Config) -> list[str]:
    """What KubeRay's schema refuses of a resource."""
    return [f"{error.json_path}: {error.message}" for error in validator(config["kind"]).iter_errors(config)]


@pytest.mark.parametrize("name", KUBERAY)
def test_kuberay_schema_accepts_the_file(name: str):
    assert faults(read(name)) == []


def container(config: Config) -> Config:
    return cluster_spec(config)["workerGroupSpecs"][0]["template"]["spec"]["containers"][0]


BREAK_KUBERAY: dict[str, Callable[[Config], None]] = {
    "old version": lambda c: c.update(apiVersion="ray.io/v1alpha1"),
    "unknown field": lambda c: cluster_spec(c).update(workers=3),
    "misspelt group": lambda c: cluster_spec(c).update(workerGroupSpec=cluster_spec(c).pop("workerGroupSpecs")),
    "no head": lambda c: remove(cluster_spec(c), "headGroupSpec"),
    "number as text": lambda c: cluster_spec(c)["workerGroupSpecs"][0].update(maxReplicas="20"),
    "text as number": lambda c: cluster_spec(c)["headGroupSpec"]["rayStartParams"].update({"num-cpus": 1}),
    "unknown authentication": lambda c: cluster_spec(c)["authOptions"].update(mode="password"),
    "unknown field of a container": lambda c: container(c).update(images="llamoco"),
    "container without a name": lambda c: remove(container(c), "name"),
    "misplaced resources": lambda c: container(c).update(resources={"cpu": "8"}),
}


@pytest.mark.parametrize("what", BREAK_KUBERAY)
@pytest.mark.parametrize("name", KUBERAY)
def test_kuberay_schema_refuses_a_broken_file(name: str, what: str):
    config = read(name)
    BREAK_KUBERAY[what](config)
    assert faults(config) != []


def test_kuberay_schema_refuses_a_job_with_a_misspelt_field():
    job = read("rayjob.yaml")
    job["spec"]["entryPoint"] = job["spec"].pop("entrypoint")
    assert len(faults(job)) == 1


@pytest.mark.parametrize("name", KUBERAY)
def test_kuberay_clusters_ask_for_a_token(name: str):
    assert cluster_spec(read(name))["authOptions"] == {"mode": "token"}


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_kuberay_clusters_of_campaigns_scale_from_none(name: str):
    spec = cluster_spec(read(name))
    assert spec["enableInTreeAutoscaling"] is True
    assert all(group["minReplicas"] == group["replicas"] == 0 for group in spec["workerGroupSpecs"])


def test_kuberay_gpu_group_is_left_to_those_who_ask_for_a_gpu():
    cpu, gpu = read("raycluster.yaml")["spec"]["workerGroupSpecs"]
    assert gpu["rayStartParams"]["num-cpus"] == "0"
    assert gpu["template"]["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert "nvidia.com/gpu" not in cpu["template"]["spec"]["containers"][0]["resources"]["limits"]


def test_kuberay_tuning_job_asks_for_the_gpus_of_its_one_node():
    job = read(TUNING)
    (gpu,) = cluster_spec(job)["workerGroupSpecs"]
    limits = gpu["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert int(limits["nvidia.com/gpu"]) == job["spec"]["entrypointNumGpus"]
    assert gpu["replicas"] == gpu["minReplicas"] == gpu["maxReplicas"] == 1
    head, worker = pod_templates(job)
    assert "volumes" not in head
    claims = [volume["persistentVolumeClaim"] for volume in worker["volumes"] if "persistentVolumeClaim" in volume]
    assert claims == [{"claimName": read("campaigns-volume.yaml")["metadata"]["name"]}]
    places = {mount["name"]: mount["mountPath"] for mount in worker["containers"][0]["volumeMounts"]}
    assert places == {"campaigns": "/campaigns", "shared-memory": "/dev/shm"}


@pytest.mark.parametrize("name", KUBERAY)
def test_kuberay_start_parameters_are_options_of_ray(name: str):
    spec = cluster_spec(read(name))
    known = options_of(ray_command_line().commands["start"])
    for group in [spec["headGroupSpec"], *spec["workerGroupSpecs"]]:
        assert {f"--{parameter}" for parameter in group["rayStartParams"]} <= known


@pytest.mark.parametrize("name", KUBERAY)
def test_kuberay_pods_run_as_the_user_of_the_image(name: str):
    user = int(instructions("USER")[-1].split(":")[0])
    for pod in pod_templates(read(name)):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == user
        (only,) = pod["containers"]
        assert only["resources"]["requests"] == only["resources"]["limits"]


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_kuberay_head_alone_mounts_the_campaigns(name: str):
    claim = read("campaigns-volume.yaml")
    assert (claim["apiVersion"], claim["kind"]) == ("v1", "PersistentVolumeClaim")
    head, *others = pod_templates(read(name))
    (volume,) = head["volumes"]
    assert volume["persistentVolumeClaim"] == {"claimName": claim["metadata"]["name"]}
    (mount,) = head["containers"][0]["volumeMounts"]
    assert mount == {"name": volume["name"], "mountPath": "/campaigns"}
    assert all("volumes" not in pod for pod in others)


# --- numbers and names that must agree ---


def processors(config: Config) -> int:
    """Of a KubeRay cluster that has grown as far as it may."""
    spec = cluster_spec(config)
    counts = [int(spec["headGroupSpec"]["rayStartParams"]["num-cpus"])]
    for group in spec["workerGroupSpecs"]:
        limits = group["template"]["spec"]["containers"][0]["resources"]["limits"]
        counts.append(group["maxReplicas"] * int(group["rayStartParams"].get("num-cpus", limits["cpu"])))
    return sum(counts)


def test_workers_asked_for_are_the_processors_there_may_be():
    job, cluster = read("rayjob.yaml"), read("raycluster.yaml")
    assert f"--workers {processors(job)}" in job["spec"]["entrypoint"]
    aws = read("ray-up-aws.yaml")
    types = aws["available_node_types"]
    most = types["head"]["resources"]["CPU"] + aws["max_workers"] * types["spot"]["resources"]["CPU"]
    text = " ".join(README.split())
    assert f"{most} with `ray-up-aws.yaml`" in text
    assert f"{processors(cluster)} with `raycluster.yaml`" in text
    assert f"--num-cpus={types['head']['resources']['CPU']} " in aws["head_start_ray_commands"][1]


def test_ray_version_is_that_of_the_constraints():
    for name in KUBERAY:
        assert cluster_spec(read(name))["rayVersion"] == pinned("ray")


def test_image_is_named_alike_everywhere():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for name in KUBERAY:
        for pod in pod_templates(read(name)):
            on_gpu = "nvidia.com/gpu" in pod["containers"][0]["resources"]["limits"]
            assert pod["containers"][0]["image"] == f"{'llamoco-tune' if on_gpu else 'llamoco'}:{version}"
    built = re.findall(
        r"build --file cluster/Dockerfile (.*)--tag (\S+) \.", README + (CLUSTER / "Dockerfile").read_text()
    )
    assert {tag: "tune" in options for options, tag in built} == {
        f"llamoco:{version}": False,
        f"llamoco-tune:{version}": True,
    }


def test_no_file_holds_a_secret_or_a_registry():
    for file in CLUSTER.iterdir():
        text = file.read_text()
        assert not re.search(r"RAY_AUTH_TOKEN[\"']?\s*[:=]\s*[\"']?\w", text), file.name
        assert not re.search(r"\b(?:ghcr|gcr|quay|docker|azurecr|amazonaws)\.(?:io|com)\b", text), file.name


# --- metrics ---


def grafana_queries() -> list[str]:
    return [target["expr"] for panel in read("grafana.json")["panels"] for target in panel["targets"]]


def test_grafana_dashboard_asks_for_metrics_that_there_are():
    metrics = importlib.import_module("llamoco_data.campaign.ray_metrics")
    labels = {f"ray_{name}_total": set(labels) for name, (_, labels) in metrics.COUNTERS.items()}
    labels[f"ray_{metrics.PROBLEMS}"] = set(metrics.PROBLEM_LABELS)
    asked: set[str] = set()
    for query in grafana_queries():
        for name in re.findall(r"\bray_\w+", query):
            asked.add(name)
            by = re.findall(r"\bby \((\w+)\)", query) + re.findall(r"\{(\w+)", query)
            assert set(by) <= labels[name], query
    assert asked == set(labels)


def test_grafana_dashboard_has_panels_with_ids_of_their_own():
    panels = read("grafana.json")["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)


def test_prometheus_reads_what_ray_writes():
    # Ray's own configuration file for Prometheus names the same path.
    path = ray_module("ray._private.ray_constants").PROMETHEUS_SERVICE_DISCOVERY_FILE
    (job,) = read("prometheus.yml")["scrape_configs"]
    assert job["file_sd_configs"][0]["files"] == [f"/tmp/ray/{path}"]


# --- Dockerfile and shell ---

BUILD_INPUTS = ("pyproject.toml", "README.md", "LICENSE", "llamoco_data", "llamoco_tune")
"""What a build of the package reads."""


def instructions(name: str) -> list[str]:
    """The arguments of every instruction of a kind in the Dockerfile."""
    text = re.sub(r"\\\n", " ", (CLUSTER / "Dockerfile").read_text())
    return re.findall(rf"^{name} (.+)$", text, flags=re.MULTILINE)


def test_dockerfile_passes_its_linter():
    # DL3008 wants versions of Debian packages, which Debian takes away when it has newer ones.
    done = subprocess.run(
        [BIN / "hadolint", "--ignore", "DL3008", CLUSTER / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_dockerfile_linter_sees_a_mistake(tmp_path: Path):
    broken = tmp_path / "Dockerfile"
    broken.write_text((CLUSTER / "Dockerfile").read_text().replace("COPY llamoco_data", "COPPY llamoco_data"))
    done = subprocess.run([BIN / "hadolint", broken], capture_output=True, text=True, check=False)
    assert done.returncode != 0


def test_dockerfile_copies_what_there_is_and_what_is_not_ignored():
    copied = {source for line in instructions("COPY") for source in line.split()[:-1]}
    assert copied == {"constraints.txt", *BUILD_INPUTS}
    admitted = re.findall(r"^!(.+)$", (CLUSTER / "Dockerfile.dockerignore").read_text(), flags=re.MULTILINE)
    assert set(admitted) == copied
    assert all((ROOT / source).exists() for source in copied)


def test_dockerfile_installs_extras_that_exist_and_runs_as_nobody_special():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (default,) = [extras.removeprefix("EXTRAS=") for extras in instructions("ARG")]
    asked = set(re.findall(r"--build-arg EXTRAS=(\S+)", README))
    for extras in {default, *asked}:
        names = extras.split(",")
        installed = [requirement for name in names for requirement in project["optional-dependencies"][name]]
        assert any(requirement.startswith("ray[default]") for requirement in installed)
        # With torch come the CUDA libraries: several GB that a node without a GPU does not need.
        assert any(requirement.startswith("torch") for requirement in installed) == (extras != default)
    assert instructions("USER")[-1] not in {"root", "0", "0:0"}
    assert instructions("FROM") == ["python:3.11-slim-bookworm"]
