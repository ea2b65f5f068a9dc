"""Engines: results in the order of the items, a bounded way ahead, and a worker that dies is an error."""

import os

import pytest

from cds_service.engines.engine import AHEAD, in_order
from cds_service.engines.processes import Processes
from cds_service.engines.ray_cluster import RayCluster
from cds_service.errors import CdsError, ConfigurationError


def doubling():
    return double


def double(number):
    return 2 * number


def dying():
    return lambda _: os._exit(1)


def test_results_come_in_order_and_little_is_read_ahead():
    read = []

    def numbers():
        for number in range(40):
            read.append(number)
            yield number

    results = in_order(lambda item: item, double, numbers(), ahead=5)
    assert [next(results) for _ in range(3)] == [0, 2, 4]
    assert len(read) <= 8
    assert list(results) == [double(n) for n in range(3, 40)]


def test_one_worker_reads_nothing_ahead():
    numbers = iter(range(5))
    results = Processes().run(doubling, numbers)
    assert next(results) == 0
    assert next(numbers) == 1


def test_several_processes_give_what_one_gives():
    count = 5 * AHEAD
    assert list(Processes(workers=2).run(doubling, range(count))) == list(Processes().run(doubling, range(count)))


def test_a_process_that_dies_is_an_error_and_not_a_hang():
    with pytest.raises(CdsError, match="worker process died"):
        list(Processes(workers=2).run(dying, range(3)))


def test_without_ray_the_error_names_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'cds-service\[ray\]'"):
        RayCluster(workers=2)
