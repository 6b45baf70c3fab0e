"""Goals divided among threads, processes and machines."""

import os
import signal
import threading
import warnings
from concurrent.futures import CancelledError

import joblib
import numpy as np
import pytest

from maxent_irl import ImproperProblemError, MaxEntIRL
from maxent_irl.routes.parallel import ATTEMPTS, shares, spread
from maxent_irl.routes.policies import GoalPolicies
from maxent_irl.worlds import RoadNetwork

COEF = np.array([-1.5, -0.7])


def problem(side: int, n_goals: int, n_trips: int):
    network, rng = RoadNetwork.grid(side, irregularity=0.15, random_state=0, states="nodes"), np.random.default_rng(1)
    network = network.with_attributes(slow=rng.uniform(0, 1, network.n_links))
    features = network.features("length", "slow")
    goals = rng.choice(rng.choice(network.n_nodes, n_goals, replace=False), n_trips)
    first = rng.integers(0, network.n_nodes, n_trips)
    first[first == goals] = (first[first == goals] + 1) % network.n_nodes
    return network, features, GoalPolicies(network.mdp, features @ COEF).sample(first, goals, random_state=2)


def test_shares_are_even_and_complete():
    assert [part.tolist() for part in shares(5, 2)] == [[0, 1, 2], [3, 4]]
    assert [part.tolist() for part in shares(2, 3)] == [[0], [1]]
    assert [part.tolist() for part in shares(3, None)] == [[0, 1, 2]]


def test_work_of_lost_workers_is_done_again():
    done = []

    def frail(x: int) -> int:
        done.append(x)
        if len(done) < 3:
            raise CancelledError
        return x * x

    assert spread(frail, [(2,), (3,)], 2) == [4, 9]


def test_work_that_no_worker_survives_is_done_here():
    here = threading.get_ident()

    def only_here(x: int) -> int:
        if threading.get_ident() != here:
            raise CancelledError
        return x

    assert ATTEMPTS > 1
    assert spread(only_here, [(1,), (2,)], 2) == [1, 2]


def test_errors_of_the_work_itself_are_not_swallowed():
    def wrong(x: int) -> int:
        raise ImproperProblemError(f"not {x}")

    with pytest.raises(ImproperProblemError, match=r"^not [12]$"):  # whichever thread is first
        spread(wrong, [(1,), (2,)], 2)


@pytest.mark.slow  # starting processes is
def test_processes():
    network, features, trips = problem(6, 4, 40)
    alone = MaxEntIRL(network.mdp, features).fit(trips)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        model = MaxEntIRL(network.mdp, features).fit(trips)
        chances = model.predict_proba([1, 2], goals=[3, 4])
    np.testing.assert_allclose(model.coef_, alone.coef_, rtol=1e-9)
    np.testing.assert_allclose(chances, alone.predict_proba([1, 2], goals=[3, 4]), rtol=1e-9)


@pytest.mark.slow
def test_a_fit_survives_the_loss_of_a_worker_of_a_cluster():
    distributed = pytest.importorskip("distributed", reason="needs the extra [distributed]")
    network, features, trips = problem(40, 60, 240)
    alone = MaxEntIRL(network.mdp, features, tol=1e-8).fit(trips)
    lost: list[int] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dask's own
        options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
        with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:

            def kill_one(progress) -> None:
                if progress.iteration == 1 and not lost:
                    lost.append(min(client.run(os.getpid).values()))
                    threading.Timer(0.05, os.kill, (lost[0], signal.SIGKILL)).start()  # while the next step is computed

            with joblib.parallel_config(backend="dask"):
                model = MaxEntIRL(network.mdp, features, tol=1e-8, callback=kill_one).fit(trips)
            client.wait_for_workers(2)
            assert lost[0] not in client.run(os.getpid).values()
    assert model.converged_
    assert model.n_iter_ > 2
    np.testing.assert_allclose(model.coef_, alone.coef_, rtol=1e-9)
