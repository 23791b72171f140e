"""The queue keeps its jobs, lets each run once, and says truly where each one is."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import settings as how_much
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.strategies import data, integers, sampled_from

from nakawari.errors import UserError
from nakawari.queue.store import JobStore, NewJob, Progress, State


def new(number: int = 0) -> NewJob:
    return NewJob({"seed": number, "source": "a\udcff.mkv"}, "mark")


def test_jobs_are_there_after_the_file_was_closed(tmp_path) -> None:
    path = tmp_path / "queue"
    with JobStore(path) as store:
        numbers = store.add([new(1), new(2)])
        assert store.take() is not None
        assert store.report(numbers[0], Progress("drawing", 3, 12, 4.5))
        before = store.jobs()
    with JobStore(path) as store:
        assert store.jobs() == before
        first, second = store.jobs()
    assert (first.settings, first.source) == new(1)
    assert (first.state, first.progress) == (State.RUNNING, Progress("drawing", 3, 12, 4.5))
    assert (second.state, second.progress, second.begun) == (State.WAITING, Progress(), None)
    assert [left.name for left in tmp_path.iterdir()] == ["queue"]


def test_the_oldest_that_waits_is_taken_and_only_of_those_asked_for(tmp_path) -> None:
    with JobStore(tmp_path / "queue") as store:
        one, two, three = store.add([new()] * 3)
        assert store.take(among={two, three}).number == two
        assert store.take().number == one
        assert store.take(among={one, two}) is None
        assert store.take().number == three
        assert store.take() is None


def test_what_ran_when_its_worker_was_killed_waits_again_in_its_place(tmp_path) -> None:
    with JobStore(tmp_path / "queue") as store:
        one, two = store.add([new()] * 2)
        begun = store.take().begun
        assert store.requeue() == [one]
        again = store.take()
        assert (again.number, again.begun) == (one, begun)
        assert store.release(one)
        assert not store.release(two)
        assert store.take().number == one


def test_a_cancelled_job_stays_so_whatever_its_worker_says(tmp_path) -> None:
    with JobStore(tmp_path / "queue") as store:
        one, two = store.add([new()] * 2)
        store.take()
        assert store.cancel(one) is State.RUNNING
        assert store.cancel(two, "it is not wanted") is State.WAITING
        assert not store.report(one, Progress("drawing", 1))
        assert not store.finish(one, State.DONE)
        assert store.requeue() == []
        assert [job.state for job in store.jobs()] == [State.CANCELLED] * 2
        assert store.job(two).reason == "it is not wanted"
        assert store.cancel(one) is State.CANCELLED


def test_a_job_that_is_not_there_fails(tmp_path) -> None:
    with JobStore(tmp_path / "queue") as store:
        for ask in (store.job, store.cancel):
            with pytest.raises(LookupError, match="no job 7 in the queue"):
                ask(7)
            with pytest.raises(LookupError, match="in the queue"):
                ask(10**30)


def test_finishing_with_a_state_that_does_not_last_fails(tmp_path) -> None:
    with JobStore(tmp_path / "queue") as store, pytest.raises(ValueError, match="is not running"):
        store.finish(1, State.RUNNING)


def test_a_file_that_is_no_queue_fails_and_is_left_alone(tmp_path) -> None:
    path = tmp_path / "queue"
    path.write_text("a poem, and no database" * 99)
    with pytest.raises(UserError, match=r"cannot use the queue .*not a database.*; free"):
        JobStore(path)
    assert path.read_text().startswith("a poem")
    with pytest.raises(UserError, match="cannot use the queue"):
        JobStore(tmp_path / "nowhere" / "queue")


def test_a_queue_of_another_version_fails(tmp_path) -> None:
    path = tmp_path / "queue"
    JobStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(UserError, match="another version of Nakawari; finish it with that"):
        JobStore(path)


def test_several_threads_and_files_take_each_job_once(tmp_path) -> None:
    path, taken = tmp_path / "queue", []
    with JobStore(path) as store:
        numbers = store.add([new()] * 40)

        def work(own: JobStore) -> None:
            while (job := own.take()) is not None:
                taken.append(job.number)

        with JobStore(path) as other:
            threads = [threading.Thread(target=work, args=(own,)) for own in (store, store, other)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert sorted(taken) == numbers


KILLED = """
import os, signal, sys
from pathlib import Path
from nakawari.queue.store import JobStore, NewJob
store = JobStore(Path(sys.argv[1]))
store.add([NewJob({}, "")])
with store._transaction() as connection:
    connection.execute("UPDATE jobs SET state = 'done'")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_killed_amid_a_change_leaves_the_state_before_it(tmp_path) -> None:
    path = tmp_path / "queue"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    with JobStore(path) as store:
        assert [job.state for job in store.jobs()] == [State.WAITING]


class QueueMachine(RuleBasedStateMachine):
    """Does anything in any order, beside a plain list that does the same."""

    def __init__(self) -> None:
        super().__init__()
        # In memory: hundreds of queues would wait for the disk.
        self.store = JobStore(Path(":memory:"))
        self.states: dict[int, State] = {}

    def teardown(self) -> None:
        self.store.close()

    @rule(number=integers(1, 3))
    def add(self, number: int) -> None:
        for added in self.store.add([new()] * number):
            assert added not in self.states
            self.states[added] = State.WAITING

    @rule()
    def take(self) -> None:
        waiting = [number for number, state in self.states.items() if state is State.WAITING]
        job = self.store.take()
        assert (None if job is None else job.number) == min(waiting, default=None)
        if job is not None:
            self.states[job.number] = State.RUNNING

    @precondition(lambda self: self.states)
    @rule(choice=data(), to=sampled_from([State.DONE, State.FAILED, State.WAITING]))
    def end(self, choice, to: State) -> None:
        number = choice.draw(sampled_from(sorted(self.states)))
        ran = self.states[number] is State.RUNNING
        is_final = to is not State.WAITING
        ended = self.store.finish(number, to) if is_final else self.store.release(number)
        assert ended == ran
        if ran:
            self.states[number] = to

    @precondition(lambda self: self.states)
    @rule(choice=data())
    def cancel(self, choice) -> None:
        number = choice.draw(sampled_from(sorted(self.states)))
        before = self.states[number]
        assert self.store.cancel(number) is before
        if not before.is_final:
            self.states[number] = State.CANCELLED

    @rule()
    def restart(self) -> None:
        ran = [number for number, state in self.states.items() if state is State.RUNNING]
        assert self.store.requeue() == sorted(ran)
        self.states.update(dict.fromkeys(ran, State.WAITING))

    @invariant()
    def is_as_expected(self) -> None:
        assert {job.number: job.state for job in self.store.jobs()} == self.states


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = how_much(max_examples=30, stateful_step_count=20, deadline=None)
