import re
import pytest
from regulars.web.pages import PAGES, PUBLIC
from regulars.feedback.models import PublicLink
from regulars.feedback.actions import receive_answers
from django.utils import timezone
from regulars.feedback.tests import cast
from tests import make
from tests.browser.conftest import *
from tests.browser.test_pages import walk, addresses, problems_of
from tests.examples import World
pytestmark=[pytest.mark.django_db(transaction=True, serialized_rollback=True)]

@pytest.mark.parametrize("language", ["en","ru"])
def test_mine(sign_in, language):
    made=cast.survey(); s=make.store("Q1")
    receive_answers([cast.answer(made,f"k{n}",values={"nps":n%11,"satisfied":1+n%5,"why":f"Word {n}"},answered_at=timezone.now(),store_id=s.pk) for n in range(30)], now=timezone.now())
    world=World(make.store("A")); world.made["survey_id"]=made.pk
    code=PublicLink.objects.filter(survey=made).first().code
    staff={p.name:"/"+re.sub(r"<int:survey_id>",str(made.pk),re.sub(r"<slug:code>",code,p.route)) for p in PAGES.values() if p.name.startswith("feedback.") and p.needs!=PUBLIC and "svg" not in p.route and "csv" not in p.route and "customer_id" not in p.route and "ids" not in p.route and not re.search("preview|open$|links|resolve", p.route)}
    staff={k:v for k,v in staff.items()}
    staff["r"]="/listen/results?measure=csat"; staff["w"]="/listen/words?mood=bad"
    wrong=walk(sign_in(make.employee("owner"), language=language).new_page(), staff)
    tab=sign_in(language=language).new_page()
    wrong|=walk(tab, {"q":f"/q/{code}","i":"/s/"+World(s).value("feedback.invited:token"), "no":"/q/zz"} if False else {"q":f"/q/{code}","i":"/s/"+World(s).value("feedback.invited:token")})
    tab.goto(f"/q/{code}"); tab.get_by_role("button").first.click(); wrong["422"]=problems_of(tab)
    tab.screenshot(path=f"/tmp/fb_422_{language}.png")
    for k,v in wrong.items():
        for one in v: print(k, one[:400])
    assert not {k:v for k,v in wrong.items() if v}
def test_shots(sign_in):
    made=cast.survey(); s=make.store("Q1")
    receive_answers([cast.answer(made,f"k{n}",values={"nps":n%11,"satisfied":1+n%5,"why":f"Word {n}"},answered_at=timezone.now(),store_id=s.pk) for n in range(30)], now=timezone.now())
    tab=sign_in(make.employee("owner")).new_page()
    for n,a in {"results":"/listen/results","words":"/listen/words","edit":f"/listen/surveys/{made.pk}/edit","home":f"/listen/surveys/{made.pk}"}.items():
        tab.goto(a); tab.screenshot(path=f"/tmp/fb_{n}.png", full_page=True)
    code=PublicLink.objects.filter(survey=made).first().code
    t=sign_in(viewport={"width":360,"height":740}).new_page(); t.goto(f"/q/{code}"); t.screenshot(path="/tmp/fb_phone.png", full_page=True)
