"""SMS over SMPP against a real message centre on loopback, in both directions, broken in the middle."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from regulars.channels.actions import OutgoingMessage, change_channel, lines, send
from regulars.channels.actions.lines import LineKeeper
from regulars.channels.models import HeardMessage, HeardPart, LineState, Message, Suppression
from regulars.channels.queries.lines import lines_seen
from regulars.channels.smpp import line as line_of
from regulars.channels.smpp.pdu import (
    DELIVER_SM,
    NUMBER,
    RECEIPT_KIND,
    REFERENCE,
    TOTAL,
    Address,
    Pdu,
    ShortMessage,
)
from regulars.channels.smpp.texts import decoded, parts_of, place_of
from regulars.channels.tests.centre import IS_THERE, Centre, centre
from regulars.core.errors import Retry
from regulars.feedback.actions.surveys import link_for
from regulars.feedback.actions.writing_back import hold_dialogues
from regulars.feedback.models import Answer
from regulars.feedback.tests import cast

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not IS_THERE, reason="needs Node.js and its packages"),
]

TAGS = {"reference": REFERENCE, "total": TOTAL, "number": NUMBER}
LONG = "Здравствуйте! " * 12


@pytest.fixture(scope="module")
def running() -> Iterator[Centre]:
    with centre() as found:
        yield found


@pytest.fixture
def smsc(running) -> Centre:
    running.forget()
    connected(running)
    return running


@pytest.fixture
def keeper() -> Iterator[LineKeeper]:
    found = LineKeeper("sms_smpp")
    yield found
    found.close()


def connected(found: Centre, **told: Any) -> None:
    settings = {"host": "127.0.0.1", "port": found.port, "system_id": "us", "password": "s3cret"}
    change_channel("sms_smpp", settings | {"sender": "1234", "per_second": 500} | told)


def write(*texts: str, to: str = "+79161234567") -> list[int]:
    batch = [
        OutgoingMessage(
            key=f"{to}:{number}:{text}"[:150], purpose="service", text=text, address=to,
            channel="sms_smpp",
        )
        for number, text in enumerate(texts)
    ]  # fmt: skip
    return [one.message_id for one in send(batch, now=timezone.now())]


def turned(keeper: LineKeeper, until: Callable[[], object], *, within_s: float = 60) -> None:
    """Let the keeper work until something is so."""
    deadline = time.monotonic() + within_s
    while not until():
        assert time.monotonic() < deadline, LineState.objects.values().first()
        if not keeper.turn(now=timezone.now(), wait_s=0.02):
            time.sleep(0.02)


def waited(until: Callable[[], object], *, within_s: float = 60) -> None:
    """Let a worker's own threads do it."""
    deadline = time.monotonic() + within_s
    while not until():
        assert time.monotonic() < deadline, LineState.objects.values().first()
        time.sleep(0.02)


def is_up() -> bool:
    return LineState.objects.filter(is_up=True).exists()


def states(ids: list[int]) -> list[str]:
    return list(Message.objects.filter(pk__in=ids).order_by("pk").values_list("state", flat=True))


def test_texts_go_out_whole_and_their_receipts_settle_them_once(smsc, keeper):
    smsc.ask(does={"receipts": "DELIVRD", "throttle": 2, "refuse": "666"})
    ids = write("Tea or coffee? [€ 2]", LONG) + write("Hello", to="+79160000666")
    turned(keeper, lambda: Message.objects.filter(delivered_at__isnull=False).count() == 2)
    assert states(ids) == ["sent", "sent", "failed"]
    assert "not valid (0x0B)" in Message.objects.get(pk=ids[2]).failure
    got = smsc.got("submit")
    assert {(one["to"], one["from"]) for one in got} >= {("79161234567", "1234")}
    short = next(one for one in got if one["udh"] is None and one["to"].endswith("4567"))
    assert short["text"].startswith("Tea or coffee? [€ 2]")
    parts = {one["udh"][-1]: one for one in got if one["udh"]}
    assert "".join(parts[number]["text"] for number in sorted(parts)).startswith(LONG.strip())
    assert {tuple(one["udh"][-3:-1]) for one in parts.values()} == {(ids[1] % 256, 4)}
    turned(keeper, lambda: len(smsc.got("receipt taken")) == 5)


def test_one_part_that_did_not_arrive_fails_the_message(smsc, keeper):
    connected(smsc, long_texts="sar", receipt_ids="hex")
    smsc.ask(does={"receipts": "UNDELIV", "hex": True})
    (number,) = write(LONG)
    turned(keeper, lambda: states([number]) == ["failed"])
    assert Message.objects.get(pk=number).failure == "UNDELIV 000"
    assert {one["sar"] for one in smsc.got("submit")} == {4}


def test_a_survey_is_answered_by_text_from_code_to_answer(smsc, keeper):
    code = link_for(cast.survey(), store=None).code
    for said in (code, "3", "2", "Холодный кофе, и ещё раз холодный кофе", "staff", "да"):
        heard, asked = HeardMessage.objects.count(), len(smsc.got("submit"))
        turned(keeper, is_up)
        parts = parts_of(said, reference=7)
        coding = {"data_coding": parts[0].coding}
        smsc.ask(deliver=_from_a_phone(said) | coding)
        turned(keeper, lambda heard=heard: HeardMessage.objects.count() == heard + 1)
        hold_dialogues([HeardMessage.objects.latest("pk").pk], now=timezone.now())
        turned(keeper, lambda asked=asked: len(smsc.got("submit")) > asked)
    answer = Answer.objects.get()
    assert (answer.values["nps"], answer.channel) == (3, "sms_smpp")
    assert answer.values["why"] == "Холодный кофе, и ещё раз холодный кофе"


def _from_a_phone(text: str, **told: Any) -> dict[str, Any]:
    address = {"source_addr": "79161234567", "source_addr_ton": 1, "destination_addr": "1234"}
    return address | {"short_message": text} | told


def test_a_long_answer_comes_together_whatever_the_order_and_stop_is_heard(smsc, keeper):
    turned(keeper, is_up)
    for number in (3, 1, 2):
        header = {"udh": [5, 0, 3, 77, 3, number], "esm_class": 64}
        smsc.ask(deliver=_from_a_phone(f"part {number}. ", **header))
    turned(keeper, HeardMessage.objects.exists)
    assert HeardMessage.objects.get().text == "part 1. part 2. part 3."
    assert not HeardPart.objects.exists()
    smsc.ask(deliver=_from_a_phone("STOP"))
    turned(keeper, Suppression.objects.exists)
    turned(keeper, lambda: len(smsc.got("taken")) == 4)
    turned(keeper, lambda: LineState.objects.get().unconfirmed == [])


def test_the_centre_is_killed_in_the_middle_and_nothing_is_lost(keeper):
    with centre() as first:
        connected(first)
        first.ask(does={"cutAfter": 12})
        ids = write(*(f"number {number}" for number in range(30)))
        turned(keeper, lambda: LineState.objects.filter(is_up=False).exists())
    assert LineState.objects.get().problem
    with centre(first.port, count=100) as second:
        turned(keeper, is_up)
        Message.objects.filter(state="waiting").update(due_at=timezone.now())
        turned(keeper, lambda: states(ids) == ["sent"] * 30)
        times = Counter(one["text"] for one in first.got("submit") + second.got("submit"))
    assert len(times) == 30
    assert sum(count - 1 for count in times.values()) <= 10, "at most the window goes twice"


def test_what_was_never_answered_is_tried_again_and_no_answer_is_no_success(
    smsc, keeper, monkeypatch
):
    monkeypatch.setattr(line_of, "ANSWER_S", 0.3)
    smsc.ask(does={"silent": 1})
    (number,) = write("Are you there?")
    turned(
        keeper,
        lambda: Message.objects.get(pk=number).attempts == 1 and states([number]) == ["waiting"],
    )
    assert "gave no answer" in Message.objects.get(pk=number).failure
    Message.objects.update(due_at=timezone.now())
    turned(keeper, lambda: states([number]) == ["sent"])


def test_what_was_on_record_when_the_line_broke_is_heard_once(smsc, keeper, monkeypatch):
    turned(keeper, is_up)
    with monkeypatch.context() as breaking:
        breaking.setattr(line_of.SmppLine, "acknowledge", _break)
        smsc.ask(deliver=_from_a_phone("9"))
        turned(keeper, HeardMessage.objects.exists)
        turned(keeper, lambda: smsc.got("closed"))
    assert not smsc.got("taken")
    turned(keeper, lambda: len(smsc.got("bind")) == 2)
    for count, known in ((1, 1), (2, 2)):
        smsc.ask(deliver=_from_a_phone("9"))
        turned(keeper, lambda count=count: len(smsc.got("taken")) == count)
        assert HeardMessage.objects.count() == known, "a repeat is none, a second nine is an answer"


def _break(_line: Any) -> None:
    raise Retry("the cable was pulled")


def test_wrong_credentials_are_told_and_mended_settings_taken_at_once(smsc, keeper, monkeypatch):
    monkeypatch.setattr(lines, "CHECK_EVERY", timedelta(0))
    connected(smsc, password="wrong")
    turned(keeper, LineState.objects.exists)
    state = LineState.objects.get()
    assert (state.is_up, state.problem) == (
        False,
        "The message centre says that the password is wrong.",
    )
    (number,) = write("Hello")
    keeper.turn(now=timezone.now())
    assert len(smsc.got("bind")) == 1, "a centre that refuses is left alone"
    assert states([number]) == ["waiting"]
    connected(smsc)
    turned(keeper, lambda: states([number]) == ["sent"])
    connected(smsc, password="wrong")
    turned(keeper, lambda: not is_up())
    later = timezone.now() + timedelta(minutes=4)
    keeper.turn(now=later)
    assert lines_seen(now=later)["sms_smpp"].state == "down", "and somebody looks after it"


def holders() -> list[int]:
    """The database's processes that hold the line for a worker."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND classid::bigint << 32 | objid::bigint = %s + hashtext('sms_smpp')",
            [lines._LOCK],
        )
        return [pid for (pid,) in cursor.fetchall()]


@pytest.mark.django_db(transaction=True)
def test_a_worker_whose_database_went_away_gives_up_the_line_and_takes_it_again(smsc, monkeypatch):
    monkeypatch.setattr(lines, "CHECK_EVERY", timedelta(seconds=0.2))
    stop = threading.Event()
    worker = threading.Thread(target=lines.keep_lines, args=(stop,))
    worker.start()
    try:
        waited(is_up)
        (first,) = holders()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [first])
        waited(lambda: len(smsc.got("bind")) == 2)
        ids = write("Hello", "and again")
        waited(lambda: states(ids) == ["sent", "sent"])
        assert holders() != [first]
    finally:
        stop.set()
        worker.join(60)
    assert not worker.is_alive()
    assert holders() == [], "a connection that went back to the pool holds no line"
    assert len(smsc.got("submit")) == 2


def test_garbage_is_answered_and_disturbs_nobody(smsc, keeper):
    turned(keeper, is_up)
    smsc.ask(raw="00000014000000050000000000000009ffffffff")
    smsc.ask(raw="000000100000002100000000000000aa")
    smsc.ask(deliver=_from_a_phone("still here"))
    turned(keeper, lambda: HeardMessage.objects.filter(text="still here").exists())
    smsc.ask(raw="ffffffff00000000")
    smsc.ask(raw="0000000000000000")
    turned(keeper, lambda: len(smsc.got("bind")) == 2)


def test_settings_are_sealed_in_the_database(smsc):
    with connection.cursor() as cursor:
        cursor.execute("SELECT settings FROM channels_channel")
        (kept,) = cursor.fetchone()
    assert b"s3cret" not in bytes(kept)
    assert b"system_id" not in bytes(kept)


def _told(sequence: int, text: bytes, **tags: bytes) -> str:
    """A message that the centre brings, as its bytes in hexadecimal."""
    kind = RECEIPT_KIND if text.startswith(b"id:") else 0
    named = {TAGS[name]: value for name, value in tags.items()}
    message = ShortMessage(
        Address.of("+79161234567"), Address.of("1234"), text, esm_class=kind, tags=named
    )
    return Pdu(DELIVER_SM, sequence, body=message.packed()).packed().hex()


def test_what_no_row_can_hold_ends_no_line(smsc, keeper):
    (number,) = write("Hello")
    turned(keeper, lambda: states([number]) == ["sent"])
    name = Message.objects.get(pk=number).outside_id
    smsc.ask(raw=_told(7, b"part", reference=b"\1" * 9, total=b"\2", number=b"\1"))
    smsc.ask(raw=_told(8, b"part", reference=b"\1", total=b"\xff\xff", number=b"\1"))
    smsc.ask(raw=_told(9, f"id:{name} stat:UNDELIV err:027\0".encode()))
    turned(keeper, lambda: states([number]) == ["failed"])
    assert Message.objects.get(pk=number).failure == "UNDELIV 027"
    assert [one.text for one in HeardMessage.objects.all()] == ["part", "part"]
    assert len(smsc.got("bind")) == 1


def test_a_centre_that_went_silent_is_left_at_once(smsc, keeper, monkeypatch):
    connected(smsc, window=1)
    turned(keeper, is_up)
    monkeypatch.setattr(line_of, "ANSWER_S", 0.3)
    smsc.ask(does={"silent": 9})
    ids = write(*(f"number {number}" for number in range(9)))
    turned(keeper, lambda: not is_up())
    assert len(smsc.got("submit")) == 1, "the others are not offered to nobody one by one"
    assert states(ids) == ["waiting"] * 9
    assert LineState.objects.get().problem.startswith("The message centre")


@pytest.mark.parametrize("way", ["udh", "sar"])
@pytest.mark.parametrize("text", ["a" * 159 + "€€", "😀" * 40, "ÿ" * 300, "x" * 160])
def test_every_text_comes_back_from_its_parts(text, way):
    pieces = {}
    for part in parts_of(text, reference=513, way=way):
        sent = ShortMessage(
            Address.of("1"), Address.of("2"), part.content, part.coding, part.esm_class,
            tags=part.tags,
        )  # fmt: skip
        assert len(part.content) <= 160
        place, octets = place_of(ShortMessage.read(sent.packed()))
        pieces[place.number if place else 0] = decoded(octets, part.coding)
    assert "".join(pieces[number] for number in sorted(pieces)) == text


def test_a_slow_line_hears_people_between_a_second_s_worth_of_letters(smsc, keeper):
    connected(smsc, window=50, per_second=2)
    turned(keeper, is_up)
    ids = write(*(f"number {number}" for number in range(8)))
    smsc.ask(deliver=_from_a_phone("9"))
    began = time.monotonic()
    turned(keeper, HeardMessage.objects.exists)
    assert "waiting" in states(ids)
    turned(keeper, lambda: states(ids).count("sent") >= 5)
    assert time.monotonic() - began > 1.5, "two a second are two also after a rest"


def test_a_host_that_cannot_be_asked_for_is_a_problem_that_is_told(keeper, smsc):
    connected(smsc, host="a..b")
    turned(keeper, LineState.objects.exists)
    assert LineState.objects.get().problem.startswith("The message centre does not answer.")


def test_what_is_no_telephone_number_fails_by_itself(smsc, keeper):
    ids = write("Hello", to="ann@example.com") + write("Hello")
    turned(keeper, lambda: states(ids) == ["failed", "sent"])
    assert len(smsc.got("submit")) == 1
