"""Rooms to listen in."""

import pytest

from harness.spatial_room import SpatialHouse


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """One server, client and set of telephones per file."""
    running = SpatialHouse(tmp_path_factory.mktemp("house"))
    yield running
    running.stop()
