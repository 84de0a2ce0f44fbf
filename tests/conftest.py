"""What several folders of tests share: one Ray of our own for all tests of a process."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def local_ray() -> Iterator[None]:
    """A connection to a Ray that nothing else uses; executors that ask for Ray use it."""
    from llamoco_data.execution import ray_actors  # noqa: PLC0415 - only some tests need Ray
    from llamoco_data.execution.ray_connection import NO_SPARE_WORKERS  # noqa: PLC0415

    ray = ray_actors.ray
    ray.init(
        address="local",
        num_cpus=3,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        object_store_memory=100_000_000,
        _system_config=NO_SPARE_WORKERS,
    )
    yield
    ray.shutdown()
