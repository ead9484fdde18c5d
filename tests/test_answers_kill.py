"""People answer while server and database are killed outright: nothing acknowledged is lost.

`REGULARS_PEOPLE` says how many, `REGULARS_KILLS` how often something is killed; `make soak` has five
hundred people and kills twenty times.
"""

import asyncio
import json
import os
import random
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from regulars.feedback.survey.question import FIELD_PREFIX
from regulars.feedback.tests.test_survey_page import hidden
from tests.served import (
    KILLS,
    Environment,
    Served,
    address_of,
    in_installation,
    regulars,
    serving,
    strike,
)

PEOPLE = int(os.environ.get("REGULARS_PEOPLE", "100"))
PATIENCE_S = 240 + 60 * KILLS
PREPARE = """
from django.utils import timezone
from regulars.feedback.actions.surveys import create_survey, link_for
from regulars.feedback.starters import starter
now = timezone.now()
survey = create_survey(name="After", definition=starter("after_purchase").definition, now=now)
print(link_for(survey, store=None).code)
"""
COUNT = """
import json
from regulars.feedback.models import Answer, Sitting
print(json.dumps([list(one.objects.values_list("values", flat=True)) for one in (Answer, Sitting)]))
"""


@dataclass
class People:
    """Who answers: the happy on one screen, the unhappy on two; a post is repeated until it is taken."""

    address: str
    client: httpx.AsyncClient
    screens: list[dict[str, Any]] = field(default_factory=list)
    """What the server took of a first screen."""
    answers: list[dict[str, Any]] = field(default_factory=list)
    """What people were thanked for."""

    async def answer(self, person: int) -> None:
        await asyncio.sleep(random.Random(person).random() * PEOPLE / 30)
        said: dict[str, Any] = {"nps": person % 11, "why": f"I am number {person}"}
        opened = await self.until_taken("GET", {})
        second = await self.until_taken("POST", form_of(opened, said))
        if second.status_code == 200:
            self.screens.append(said)
            said = said | {"about": "queue"}
            second = await self.until_taken("POST", form_of(second, {"about": "queue"}))
        assert second.status_code == 302, second.text
        self.answers.append(said)

    async def until_taken(self, method: str, form: dict[str, Any]) -> httpx.Response:
        while True:
            with suppress(httpx.HTTPError):
                response = await self.client.request(method, self.address, data=form)
                if response.status_code not in {429, 500, 502, 503}:
                    return response
            await asyncio.sleep(0.2)


def form_of(page: httpx.Response, said: dict[str, Any]) -> dict[str, Any]:
    return hidden(page.text) | {f"{FIELD_PREFIX}{name}": str(one) for name, one in said.items()}


async def answered_under_fire(code: str, served: Served, installation: Environment) -> People:
    limits = httpx.Limits(max_connections=PEOPLE)
    async with (
        asyncio.timeout(PATIENCE_S),
        httpx.AsyncClient(timeout=30, limits=limits) as client,
        asyncio.TaskGroup() as going,
    ):
        people = People(f"{address_of(installation)}/q/{code}", client)
        for person in range(PEOPLE):
            going.create_task(people.answer(person))
        for place in range(KILLS):
            while len(people.answers) < PEOPLE * (place + 1) // (KILLS + 1):
                await asyncio.sleep(0.05)
            strike(place, served, installation)
    return people


def test_killed_while_people_answer_nothing_acknowledged_is_lost_or_counted_twice(
    installation: Environment,
) -> None:
    code = in_installation(PREPARE, installation)
    with serving(installation) as served:
        people = asyncio.run(answered_under_fire(code, served, installation))
    answers, sittings = json.loads(in_installation(COUNT, installation))
    named = {one["why"]: one for one in answers}
    assert len(named) == len(answers) == len(people.answers) == PEOPLE
    assert all(said.items() <= named[said["why"]].items() for said in people.answers)
    assert len(sittings) == PEOPLE
    assert people.screens, "nobody stood between two screens"
    assert regulars("audit", environment=installation)["mismatches"] == 0
