"""SIPp really calls: it hears the first question, presses 9 and 1, and the answers are on record."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from regulars.channels.telephony.agent import Agent, Patience
from regulars.channels.telephony.audio import Voice, can_speak
from regulars.feedback.actions.surveys import create_survey, link_for
from regulars.feedback.models import Answer, Dialogue
from regulars.feedback.telephone import SurveyByTelephone
from tests import make

HERE = Path(__file__).parent
DIGITS = Path("/usr/share/sip-tester/dtmf_2833_9.pcap")
CALLS = 20

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not (shutil.which("sipp") and DIGITS.exists() and can_speak()),
        reason="needs SIPp and espeak-ng: tests/telephone/install.sh",
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="SIPp plays recorded digits as root only"),
]

TWO_QUESTIONS = {
    "title": "By telephone",
    "elements": [
        {
            "type": "rating",
            "name": "nps",
            "isRequired": True,
            "rateMin": 0,
            "rateMax": 10,
            "title": "How likely are you to recommend us?",
        },
        {"type": "boolean", "name": "again", "title": "Will you come again?", "isRequired": True},
    ],
    "regulars": {"measures": {"nps": "nps"}},
}


async def called(code: str, folder: Path, *, calls: int) -> tuple[int, str, int]:
    """SIPp's exit code, its words, and how many calls the agent took."""
    agent = Agent(SurveyByTelephone(), Voice(), host="127.0.0.1", patience=Patience())
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: agent, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    asked = [
        *("-sf", str(HERE / "caller.xml"), "-s", code, "-i", "127.0.0.1", "-mi", "127.0.0.1"),
        *("-m", str(calls), "-l", str(calls), "-r", str(calls), "-nostdin"),
        *("-timeout", "60s", "-timeout_error", f"127.0.0.1:{port}"),
    ]
    sipp = await asyncio.create_subprocess_exec(
        "sipp",
        *asked,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "TERM": "dumb"},
    )
    try:
        said, _ = await asyncio.wait_for(sipp.communicate(), 90)
    finally:
        if sipp.returncode is None:
            sipp.kill()
        transport.close()
    return sipp.returncode or 0, said.decode(errors="replace")[-3000:], agent.taken


def test_twenty_people_call_at_once_and_every_answer_is_on_record(tmp_path):
    survey = create_survey(name="By telephone", definition=TWO_QUESTIONS, now=make.NOW)
    link = link_for(survey, store=None)
    exit_code, said, taken = asyncio.run(called(link.code, tmp_path, calls=CALLS))
    assert exit_code == 0, said
    assert taken == CALLS
    answers = list(Answer.objects.filter(survey=survey))
    assert [one.values for one in answers] == [{"nps": 9, "again": True}] * CALLS
    assert {one.channel for one in answers} == {"phone"}
    assert set(Dialogue.objects.values_list("end", flat=True)) == {"complete"}
