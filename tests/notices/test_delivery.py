"""Goal: what waits is tried again for a while and outlives a restart; what can't be sent ends,
and holds nobody up.

Method: the pure outbox at chosen times; the thread with a sender that the test answers for;
and attempts by the real process, against receivers on this machine.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Queue

import pytest

from sessionlib.agent.notice_state import NoticeStateFile
from sessionlib.clock import SystemClock, sleep
from sessionlib.core.narrate import LogLine
from sessionlib.notices import retry_queue
from sessionlib.notices.delivery_thread import NoticeDelivery
from sessionlib.notices.retry_queue import (
    STALE_S,
    TRIES,
    DeliveryAnswer,
    DeliveryResult,
    QueuedNotice,
)
from sessionlib.notices.send_attempt import ProcessSender
from sessionlib.notices.wording import Level, Notice, trial
from tests.notices.receiving import TOKEN, receiving

NOTICE = Notice("k1", Level.WARNING, "a title", "a body")
TAKEN, FAILED = (
    DeliveryAnswer(DeliveryResult.TAKEN),
    DeliveryAnswer(DeliveryResult.FAILED, "the service answers 503"),
)
URLS = ("json://a.example", f"tgram://{TOKEN}")
PATIENCE_S = 10.0


# The outbox


def test_only_who_has_not_taken_it_is_tried_again_each_time_later() -> None:
    letter: QueuedNotice | None = QueuedNotice(NOTICE, (0, 1, 2), 0.0)
    pauses = []
    answers: list[DeliveryAnswer] = [TAKEN, FAILED, DeliveryAnswer(DeliveryResult.UNUSABLE)]
    while letter is not None:
        after = retry_queue.record_answer(letter, answers, 100.0, 1.0)
        letter, answers = after, [FAILED]
        if after is not None:
            assert after.left == (1,)
            pauses.append(after.due_mono - 100.0)
    assert pauses == [5.0, 15.0, 45.0, 135.0, 300.0, 300.0, 300.0]
    assert len(pauses) == TRIES - 1


def test_half_of_each_pause_is_chance() -> None:
    letter = QueuedNotice(NOTICE, (0,), 0.0)
    due = {retry_queue.record_answer(letter, [FAILED], 0.0, chance) for chance in (0.0, 0.5)}
    assert {one.due_mono for one in due if one} == {2.5, 3.75}


def test_what_waits_is_read_back_while_it_is_news() -> None:
    letter = QueuedNotice(NOTICE, (0, 1, 5), 1_000.0, tries=2, due_mono=77.0)
    body = json.loads(json.dumps(retry_queue.to_state(["k0", "k1"], [letter])))
    told, letters = retry_queue.from_state(body, 2, 1_000.0 + STALE_S)
    assert told == ("k0", "k1")
    assert letters == [replace(letter, left=(0, 1), due_mono=0.0)]
    assert retry_queue.from_state(body, 2, 1_001.0 + STALE_S)[1] == []
    assert retry_queue.from_state(body, 0, 1_000.0)[1] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"told": 5, "waiting": 5},
        {"told": [None, {}], "waiting": [None, {}, {"key": "k"}, [1]]},
        {
            "waiting": [
                {
                    **retry_queue.to_state([], [QueuedNotice(NOTICE, (0,), 0.0)])["waiting"][0],
                    "left": 7,
                }
            ]
        },
        {
            "waiting": [
                {
                    **retry_queue.to_state([], [QueuedNotice(NOTICE, (0,), 0.0)])["waiting"][0],
                    "level": 7,
                }
            ]
        },
    ],
)
def test_a_damaged_memory_is_none(body: dict[str, object]) -> None:
    assert retry_queue.from_state(body, 2, 0.0) == ((), [])


# The thread


@dataclass
class Answering:
    """A sender that tells the test of each attempt, and answers as the test says."""

    answer: DeliveryAnswer = TAKEN
    at_once: Mapping[int, DeliveryAnswer] = field(default_factory=dict)
    attempts: Queue[tuple[str, tuple[str, ...]]] = field(default_factory=Queue)
    go: threading.Event = field(default_factory=threading.Event)
    stopped: bool = False

    def send(
        self, notice: Notice, urls: Sequence[str], heard: Callable[[int, DeliveryAnswer], None]
    ) -> list[DeliveryAnswer]:
        for number, answer in self.at_once.items():
            heard(number, answer)
        self.attempts.put((notice.key, tuple(urls)))
        self.go.wait(PATIENCE_S)
        return [self.answer] * len(urls)

    def stop(self) -> None:
        self.stopped = True
        self.go.set()


@pytest.fixture
def memory(tmp_path: Path) -> NoticeStateFile:
    return NoticeStateFile(tmp_path / "notices.json")


def delivery(
    sender: Answering, memory: NoticeStateFile, lines: list[LogLine] | None = None
) -> NoticeDelivery:
    say = (lines if lines is not None else []).append
    made = NoticeDelivery(URLS, sender, memory, SystemClock(), say, last_word_s=PATIENCE_S)
    made.start()
    return made


def test_a_notice_is_remembered_before_it_is_sent_and_sent_by_the_next_start(
    memory: NoticeStateFile,
) -> None:
    killed = Answering()
    delivery(killed, memory).queue([NOTICE])
    assert killed.attempts.get(timeout=PATIENCE_S) == ("k1", URLS)
    # As if it ended here: what the next one finds is what is on disk now.
    again = Answering()
    again.go.set()
    restarted = delivery(again, memory)
    assert restarted.delivered == {"k1"}
    assert again.attempts.get(timeout=PATIENCE_S) == ("k1", URLS)
    restarted.close()
    third = Answering()
    last = delivery(third, memory)
    last.close()
    assert last.delivered == {"k1"}
    assert third.attempts.empty()
    killed.go.set()


def test_one_that_has_taken_it_is_not_asked_again_though_another_hangs_till_the_end(
    memory: NoticeStateFile,
) -> None:
    killed = Answering(at_once={0: TAKEN})
    delivery(killed, memory).queue([NOTICE])
    killed.attempts.get(timeout=PATIENCE_S)
    again = Answering()
    again.go.set()
    restarted = delivery(again, memory)
    assert again.attempts.get(timeout=PATIENCE_S) == ("k1", URLS[1:])
    restarted.close()
    killed.go.set()


def test_what_was_not_taken_waits_and_is_told_of_once_without_its_address(
    memory: NoticeStateFile,
) -> None:
    lines: list[LogLine] = []
    sender = Answering(FAILED)
    sender.go.set()
    made = delivery(sender, memory, lines)
    made.queue([NOTICE])
    made.close()
    why = "to be tried again: the service answers 503: a title"
    assert [line.text for line in lines] == [
        f"notice not taken by receiver 1, json://a.example, {why}",
        f"notice not taken by receiver 2, tgram://…, {why}",
    ]
    _, (waiting,) = memory.read(2, SystemClock().now().wall)
    assert (waiting.left, waiting.tries) == ((0, 1), 1)
    assert TOKEN not in memory.path.read_text()


def test_a_sender_that_hangs_is_left_behind_when_the_agent_ends(memory: NoticeStateFile) -> None:
    sender = Answering()
    made = NoticeDelivery(URLS, sender, memory, SystemClock(), lambda line: None, last_word_s=0.01)
    made.start()
    made.queue([NOTICE])
    sender.attempts.get(timeout=PATIENCE_S)
    made.close()
    assert sender.stopped


@pytest.mark.parametrize("plant", ["pipe", "link", "folder", "torn", "huge"])
def test_what_a_workload_plants_in_the_memorys_place_harms_nobody(
    tmp_path: Path, memory: NoticeStateFile, plant: str
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    draft = memory.path.with_name(f".{memory.path.name}.{os.getpid()}")
    for path in (memory.path, draft):
        if plant == "pipe":
            os.mkfifo(path)
        elif plant == "link":
            path.symlink_to(victim)
        elif plant == "folder":
            path.mkdir()
        else:
            path.write_text('{"told": [' if plant == "torn" else "[" * 300_000)
    assert memory.read(2, 0.0) == ((), [])
    memory.write(["k1"], [])
    assert victim.read_text() == "precious"
    assert plant == "folder" or memory.read(2, 0.0) == (("k1",), [])


# The process


@pytest.fixture
def post() -> Iterator[ProcessSender]:
    made = ProcessSender("fleet-1", timeout_s=PATIENCE_S)
    yield made
    made.stop()


def test_each_receiver_has_its_own_answer_without_its_secret(post: ProcessSender) -> None:
    with receiving() as good, receiving(503) as bad, receiving() as closed:
        closed.server_close()
        urls = [good.url, bad.url, closed.url, f"nosuch://{TOKEN}"]
        answers = post.send(replace(trial("fleet-1"), body="Umlaut ü, <b>&amp;</b>"), urls)
    assert [answer.fate for answer in answers] == [
        DeliveryResult.TAKEN,
        DeliveryResult.FAILED,
        DeliveryResult.FAILED,
        DeliveryResult.UNUSABLE,
    ]
    assert [answer.why for answer in answers] == [
        "",
        "the service answers 503",
        "no connection, or no answer",
        "apprise knows no such address, or a part of it is missing",
    ]
    (got,) = good.got
    assert got["title"] == "fleet-1: a test"
    assert got["message"] == "Umlaut ü, <b>&amp;</b>"
    assert got["type"] == "info"


def test_an_attempt_that_hangs_is_ended_and_so_is_the_next_one_after_stop(
    post: ProcessSender,
) -> None:
    with receiving() as hanging, receiving() as quick:
        hanging.go.clear()
        done: Queue[list[DeliveryAnswer]] = Queue()
        both = [hanging.url, quick.url]
        thread = threading.Thread(target=lambda: done.put(post.send(NOTICE, both)), daemon=True)
        began = SystemClock().now()
        thread.start()
        while not (hanging.got and quick.got):
            assert SystemClock().now().since(began) < PATIENCE_S
            sleep(0.02)
        post.stop()
        answers = done.get(timeout=PATIENCE_S)
    assert answers[0].fate is DeliveryResult.FAILED
    assert "may have arrived" in answers[0].why
    assert post.send(NOTICE, both)[1].fate is DeliveryResult.FAILED
    assert len(quick.got) == 1
