"""Executors: threads, real processes, a real Dask cluster; the same bits whoever computes them."""

from __future__ import annotations

from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from frechet.core.errors import FrechetError
from frechet.numeric import derivative, gradient, hessian, jacobian
from tests.numeric import workers

X = np.array([0.3, -1.2, 0.7, 2.0])


def same(a, b):
    assert a.ok and b.ok and a.evaluations == b.evaluations
    assert np.array_equal(a.value, b.value) and np.array_equal(a.error, b.error)


@pytest.fixture(scope="module")
def pool():
    # JAX, if another test has loaded it, must not be forked.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        yield executor


def test_threads_give_the_same_bits():
    with ThreadPoolExecutor(4) as executor:
        same(jacobian(workers.smooth, X), jacobian(workers.smooth, X, executor=executor))
        same(hessian(workers.scalar, X), hessian(workers.scalar, X, executor=executor))


def test_processes_give_the_same_bits(pool):
    same(jacobian(workers.smooth, X), jacobian(workers.smooth, X, executor=pool))
    same(gradient(workers.scalar, X), gradient(workers.scalar, X, executor=pool))


def test_an_exception_in_a_worker_closes_that_side(pool):
    e = derivative(workers.raises_left, 1.0, executor=pool)
    assert e.ok and "right side" in e.message and abs(e.value - 2) <= e.error


def test_anything_with_map_serves():
    class Mapper:
        @staticmethod
        def map(*args):
            return map(*args)

    same(gradient(workers.scalar, X), gradient(workers.scalar, X, executor=Mapper()))


def test_what_is_no_executor_is_refused():
    with pytest.raises(FrechetError, match="neither submit nor map"):
        gradient(workers.scalar, X, executor=3)


class Shuffled:
    """Finishes its tasks in the reverse order of their submission, and counts what was cancelled."""

    def __init__(self):
        self.waiting = []
        self.cancelled = 0

    def submit(self, work, *args):
        future = Reversed(self)
        self.waiting.append((future, work, args))
        return future


class Reversed(Future):
    def __init__(self, owner):
        super().__init__()
        self.owner = owner

    def result(self, timeout=None):
        for future, work, args in reversed(self.owner.waiting):
            future.set_result(work(*args))
        self.owner.waiting = []
        return super().result(timeout)


def test_the_order_of_completion_does_not_matter():
    same(jacobian(workers.smooth, X), jacobian(workers.smooth, X, executor=Shuffled()))


def test_futures_are_cancelled_when_one_fails():
    cancelled = []

    class Broken(Future):
        def __init__(self, number):
            super().__init__()
            self.number = number
            if number >= 9:
                self.set_exception(ConnectionError("the worker went away"))

        def cancel(self):
            cancelled.append(self.number)
            return True

    class Breaking:
        def __init__(self):
            self.count = 0

        def submit(self, work, *args):
            self.count += 1
            future = Broken(self.count)
            if self.count < 9:
                future.set_result(work(*args))
            return future

    with pytest.raises(FrechetError, match="lost twice by the executor: ConnectionError") as caught:
        gradient(workers.scalar, X, executor=Breaking())
    assert caught.value.diagnostic.code == "E401" and len(cancelled) > 1


@pytest.mark.slow
def test_a_worker_that_keeps_dying_is_named():
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor,
        pytest.raises(FrechetError, match="BrokenProcessPool"),
    ):
        derivative(workers.deadly, 1.0, executor=executor)


@pytest.mark.slow
def test_dask_cluster():
    distributed = pytest.importorskip("distributed", reason="pip install 'frechet[dask]'")
    workers.MARK.unlink(missing_ok=True)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        executor = client.get_executor(pure=False)
        e = derivative(workers.fragile, 1.0, executor=executor)  # kills a worker on its way
        assert e.ok and abs(e.value - 2) <= e.error and workers.MARK.exists()
        same(jacobian(workers.smooth, X), jacobian(workers.smooth, X, executor=executor))
        same(gradient(workers.scalar, X), gradient(workers.scalar, X, executor=executor))
