"""Nothing is sent around the consent door: every basis, people with several records, the queue; and
a walk over the code that looks for another way out."""

import ast
import re
from dataclasses import fields, replace
from datetime import time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from regulars.channels.actions import (
    OutgoingMessage,
    change_contact_policy,
    change_contact_rule,
    deliver_messages,
    opt_out,
    send,
)
from regulars.channels.actions.employees import LetterToEmployee
from regulars.channels.actions.optouts import close_addresses
from regulars.channels.kind import Letter
from regulars.channels.models import ContactPolicy, ContactRule, Message
from regulars.channels.queries import Ask, channel_of, may_contact, may_contact_many
from regulars.channels.queries.planning import plan_budget
from regulars.channels.rules import TO_EMPLOYEE
from regulars.company.actions.people import deactivate_employee
from regulars.company.models import Employee
from regulars.core.errors import Refused
from regulars.core.models import Event
from regulars.customers.actions import ConsentInput, CustomerRef, change_purpose, record_consents
from regulars.customers.models import Customer, Restriction
from regulars.customers.rules.consents import PurposeShape
from tests import make

NOW = make.NOW
DAY = timedelta(days=1)
PACKAGE = Path(__file__).parents[2]


@pytest.fixture
def ann() -> Customer:
    return make.customer("Ann", email="ann@example.com", phone="+79161234567")


def say(customer: Customer, state: str, purpose: str = "marketing", **told: Any) -> None:
    values: dict[str, Any] = {"channel": "email", "at": NOW, "source": "crm"}
    whose = CustomerRef("id", str(customer.pk))
    words = ConsentInput(customer=whose, purpose=purpose, state=state, **(values | told))
    (noted,) = record_consents([words], now=NOW)
    assert noted.refused is None, noted.refused


def letter(customer: Customer | None, key: str = "a", **changes: Any) -> OutgoingMessage:
    message = OutgoingMessage(
        key=key,
        purpose="marketing",
        text="Cheese is cheap today.",
        customer_id=customer.pk if customer else None,
        address="ann@example.com",
        channel="outbox",
    )
    return replace(message, **changes)


def code(customer: Customer, purpose: str, **told: Any) -> str:
    return may_contact(customer.pk, purpose, "outbox", NOW, address="ann@example.com", **told).code


@pytest.mark.django_db
def test_each_legal_basis_has_its_own_default(ann):
    assert {one: code(ann, one) for one in ("survey", "service", "loyalty", "marketing")} == {
        "survey": "",
        "service": "",
        "loyalty": "",
        "marketing": "no_consent",
    }
    say(ann, "given")
    assert code(ann, "marketing") == ""
    say(ann, "withdrawn", "", channel="", at=NOW + timedelta(minutes=1))
    later = NOW + DAY
    codes = {
        one: may_contact(ann.pk, one, "outbox", later, address="ann@example.com").code
        for one in ("survey", "service", "loyalty", "marketing")
    }
    assert codes == {
        "survey": "opted_out",
        "service": "",
        "loyalty": "opted_out",
        "marketing": "opted_out",
    }


@pytest.mark.django_db
def test_of_three_newsletters_with_one_agreed_to_exactly_one_is_sent(ann):
    for name in ("food", "wine", "toys"):
        change_purpose(PurposeShape(name, name.title()))
    say(ann, "given", "wine")
    batch = [letter(ann, key=name, purpose=name) for name in ("food", "wine", "toys")]
    assert [each.code for each in send(batch, now=NOW)] == ["no_consent", "", "no_consent"]


@pytest.mark.django_db
def test_a_yes_on_another_channel_an_expired_and_an_unconfirmed_one_do_not_count(ann):
    say(ann, "given", channel="sms")
    assert code(ann, "marketing") == "no_consent"
    say(ann, "pending")
    assert code(ann, "marketing") == "not_confirmed"
    say(ann, "given", at=NOW - 9 * DAY, valid_until=NOW - DAY)
    assert code(ann, "marketing") == "not_confirmed"
    bob = make.customer("Bob")
    say(bob, "given", at=NOW - 9 * DAY, valid_until=NOW - DAY)
    assert may_contact(bob.pk, "marketing", "outbox", NOW).code == "consent_expired"
    assert code(ann, "gossip") == "unknown_purpose"


@pytest.mark.django_db
def test_the_strictest_record_of_the_person_decides_and_parting_gives_back(ann):
    say(ann, "given")
    other = make.customer("A. Lee")
    say(other, "refused")
    Customer.objects.filter(pk=other.pk).update(merged_into=ann)
    assert code(ann, "marketing") == "opted_out"
    Customer.objects.filter(pk=other.pk).update(merged_into=None)
    assert code(ann, "marketing") == ""


@pytest.mark.django_db
def test_leaving_the_customer_out_is_no_way_around(ann):
    say(ann, "withdrawn", "survey")
    stranger = letter(None, purpose="survey")
    other = letter(make.customer("Bob"), "b", purpose="survey", address=" ANN@example.com")
    assert [each.code for each in send([stranger, other], now=NOW)] == ["opted_out", "opted_out"]


@pytest.mark.django_db
def test_a_test_goes_to_colleagues_only(ann):
    make.employee("agent", email="bob@shop.example")
    batch = [
        letter(None, "a", purpose="test"),
        letter(ann, "b", purpose="test", address="bob@shop.example"),
        letter(None, "c", purpose="test", address="Bob@shop.example"),
    ]
    assert [each.code for each in send(batch, now=NOW)] == ["not_a_test", "not_a_test", ""]


@pytest.mark.django_db
def test_the_budget_counts_all_records_of_a_person(ann):
    other = make.customer("A. Lee")
    Customer.objects.filter(pk=other.pk).update(merged_into=ann)
    batch = [letter(ann, "a", purpose="survey"), letter(other, "b", purpose="survey", address="x")]
    assert [each.code for each in send(batch, now=NOW)] == ["", "asked_enough"]
    later = send([letter(other, "c", purpose="survey", address="x")], now=NOW + DAY)[0]
    assert later.code == "asked_enough"


@pytest.mark.django_db
def test_who_said_no_while_the_message_waited_is_not_written_to(ann):
    say(ann, "given")
    (sent,) = send([letter(ann)], now=NOW)
    assert sent.is_accepted
    say(ann, "withdrawn", at=NOW + timedelta(seconds=1))
    deliver_messages(message_ids=[sent.message_id])
    message = Message.objects.get(pk=sent.message_id)
    assert (message.state, message.reason) == ("refused", "opted_out")
    assert Event.objects.filter(name="channels.MessagesRefused").count() == 1


@pytest.mark.django_db
def test_a_restriction_closes_the_door_but_for_legal_duty(ann):
    say(ann, "given")
    change_purpose(PurposeShape("recall", "Recall", basis="legal_duty", is_refusable=False))
    wanted = ("marketing", "service", "recall")
    Restriction.objects.create(customer=ann, scope="marketing", since=NOW)
    assert [code(ann, one) for one in wanted] == ["restricted", "", ""]
    Restriction.objects.filter(customer=ann).update(scope="all")
    assert [code(ann, one) for one in wanted] == ["restricted", "restricted", ""]


@pytest.mark.django_db
def test_a_later_yes_outweighs_an_opt_out(ann):
    opt_out(channel="outbox", address="ann@example.com", now=NOW)
    assert code(ann, "survey") == "opted_out"
    say(ann, "given", "survey", at=NOW + timedelta(minutes=1))
    later = NOW + timedelta(minutes=2)
    assert may_contact(ann.pk, "survey", "outbox", later, address="ann@example.com").allowed


def rule(code: str, **told: Any) -> None:
    change_contact_rule(ContactRule(code=code, name=code.title(), **told))


@pytest.mark.django_db
def test_one_budget_over_all_departments(ann):
    say(ann, "given")
    rule("all", scope="all", max=2, window="P7D", spared=["service"], position=1)
    purposes = ["survey", "marketing", "loyalty", "service"]
    answers = send([letter(ann, one, purpose=one) for one in purposes], now=NOW)
    assert [each.code for each in answers] == ["", "", "asked_enough", ""]
    assert "2026-03-09" in answers[2].reason


@pytest.mark.django_db
def test_over_the_limit_may_mean_later_and_the_door_is_asked_again_then(ann):
    rule("surveys", scope="purpose:survey", max=1, window="P7D", on_excess="delay", delay="P6D")
    send([letter(ann, "a", purpose="survey")], now=NOW)
    (moved,) = send([letter(ann, "b", purpose="survey")], now=NOW + 2 * DAY)
    message = Message.objects.get(pk=moved.message_id)
    assert (message.state, message.due_at) == ("waiting", NOW + 8 * DAY)
    (dropped,) = send([letter(ann, "c", purpose="survey")], now=NOW + timedelta(hours=1))
    assert dropped.code == "asked_enough"


@pytest.mark.django_db
def test_rules_concern_those_their_condition_describes_and_nobody_on_the_list(ann):
    young = {"field": "birth_year", "is": "at_least", "value": 2000}
    rule("surveys", scope="all", max=0, window="P1D", condition=young)
    assert code(ann, "survey") == ""
    Customer.objects.filter(pk=ann.pk).update(birth_year=2003)
    assert code(ann, "survey") == "asked_enough"
    change_contact_policy(ContactPolicy(whitelist=[f" {ann.pk} "]))
    assert code(ann, "survey") == ""


@pytest.mark.django_db
def test_the_same_message_is_not_sent_twice_in_a_short_while(ann):
    batch = [letter(ann, one, purpose="service", same_as="welcome") for one in "ab"]
    assert [each.code for each in send(batch, now=NOW)] == ["", "same_message"]
    again = letter(ann, "c", purpose="service", same_as="welcome")
    assert send([again], now=NOW + timedelta(hours=12))[0].is_accepted


@pytest.mark.django_db
def test_quiet_hours_move_what_can_wait(ann):
    change_contact_policy(ContactPolicy(quiet_from=time(11), quiet_until=time(18)))
    say(ann, "given")
    offer, service = send([letter(ann, "a"), letter(ann, "b", purpose="service")], now=NOW)
    assert Message.objects.get(pk=offer.message_id).due_at == NOW + timedelta(hours=6)
    assert Message.objects.get(pk=service.message_id).contact_at == NOW


@pytest.mark.django_db
def test_many_are_asked_about_in_a_constant_number_of_statements():
    people = Customer.objects.bulk_create([Customer(known_since=NOW) for _ in range(300)])
    asks = [Ask("marketing", one.pk, f"p{one.pk}@example.com", "outbox") for one in people]
    with CaptureQueriesContext(connection) as spent:
        verdicts = may_contact_many(asks, now=NOW)
    assert {verdict.code for verdict in verdicts} == {"no_consent"}
    assert len(spent) <= 12


def to_employee(address: str, key: str = "w", **changes: Any) -> OutgoingMessage:
    told = {"purpose": TO_EMPLOYEE, "address": address, "channel": "email"}
    return letter(None, key, **(told | changes))


@pytest.mark.django_db
def test_a_letter_to_an_employee_goes_to_the_address_of_an_account_and_nowhere_else(ann):
    bob = make.employee("agent", email="bob@shop.example")
    gone = make.employee("agent", email="gone@shop.example")
    deactivate_employee(gone)
    customer_too = make.customer("Bob", email=bob.email)
    say(customer_too, "withdrawn", "", channel="")
    opt_out(channel="email", address=bob.email, now=NOW)
    batch = [
        to_employee(" BOB@shop.example", "a"),
        to_employee(gone.email, "b"),
        to_employee(ann.email, "c"),
        to_employee("", "d"),
        to_employee(bob.email, "e", customer_id=customer_too.pk),
        to_employee(bob.email, "f", channel="outbox"),
        to_employee("+79161234567", "g", channel="sms_http"),
    ]
    codes = [may_contact_many([ask_of(one)], now=NOW)[0].code for one in batch]
    assert codes == ["", *["not_an_employee"] * 6]
    (let_out,) = send(batch[:1], now=NOW)
    Employee.objects.filter(pk=bob.pk).update(is_active=False)
    deliver_messages(message_ids=[let_out.message_id])
    assert Message.objects.get().reason == "not_an_employee"


def ask_of(one: OutgoingMessage) -> Ask:
    return Ask(one.purpose, one.customer_id, one.address, one.channel)


@pytest.mark.django_db
def test_what_employees_are_written_uses_up_no_budget_of_the_customers_that_they_are_too():
    bob = make.employee("agent", email="ann@example.com")
    ann = make.customer("Ann", email=bob.email)
    change_contact_rule(ContactRule(code="one", name="One", max=1, window="P30D", scope="all"))
    for key in ("a", "b"):
        assert send([to_employee(bob.email, key)], now=NOW)[0].is_accepted
    free = plan_of(ann)
    first, second = send(
        [letter(None, "c", purpose="service"), letter(None, "d", purpose="service")], now=NOW
    )
    assert (first.code, second.code) == ("", "asked_enough")
    assert (free, plan_of(ann)) == ("", "one")


def plan_of(customer: Customer) -> str:
    """The rule that stops the customer in the plan for many, or nothing."""
    stopped = plan_budget([customer.pk], purpose="service", now=NOW, channel="outbox").stopped
    return rule.rule.id if (rule := stopped.get(customer.pk)) else ""


@pytest.mark.django_db
def test_an_employees_address_that_is_dead_gets_no_letters_either():
    bob = make.employee("agent", email="bob@shop.example")
    close_addresses([("email", bob.email)], "bounce", now=NOW)
    assert send([to_employee(bob.email)], now=NOW)[0].code == "undeliverable"


@pytest.mark.django_db
def test_no_purpose_of_a_company_is_taken_for_letters_to_employees():
    with pytest.raises(Refused):
        change_purpose(PurposeShape(TO_EMPLOYEE, "Staff"))


@pytest.mark.django_db
def test_no_letter_to_an_employee_is_about_a_customer(ann):
    with pytest.raises(IntegrityError, match="is_about_no_customer"), transaction.atomic():
        Message.objects.create(
            key="k", channel="email", purpose=TO_EMPLOYEE, customer=ann, text="x",
            due_at=NOW, created_at=NOW, contact_at=NOW,
        )  # fmt: skip


# The walk over the code.

MAY_SPEAK_MAIL = {"channels/kinds/email.py", "channels/mailbox/imap.py"}
"""The mail channel, and what reads the mail that comes back."""

MAY_WRITE_MESSAGES = {"channels/actions/sending.py", "channels/actions/delivery.py"}
MAY_DELETE_MESSAGES = {"channels/handlers.py"}
MAIL = ("smtplib", "aiosmtplib", "django.core.mail", "email.mime", "telnetlib", "imaplib")
WRITES = {"create", "bulk_create", "get_or_create", "update_or_create", "update", "bulk_update"}


@cache
def walked() -> list[tuple[str, ast.Module, str]]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = str(path.relative_to(PACKAGE))
        if not {"tests", "migrations"} & set(path.parts):
            text = path.read_text(encoding="utf-8")
            found.append((name, ast.parse(text), text))
    return found


def imports_of(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def test_nobody_but_the_mail_channel_can_speak_to_a_mail_server():
    """Employees' sign-in mail is the library's own (allauth) and is no contact with customers."""
    guilty = {
        name
        for name, tree, _ in walked()
        if name not in MAY_SPEAK_MAIL
        and any(
            one == mail or one.startswith(f"{mail}.") for one in imports_of(tree) for mail in MAIL
        )
    }
    assert not guilty


def test_nobody_but_the_delivery_hands_letters_to_a_channel():
    guilty = set()
    for name, tree, _ in walked():
        sends = any(
            isinstance(node, ast.Attribute) and node.attr in {"send", "send_messages", "send_mail"}
            for node in ast.walk(tree)
        )
        if (sends or imports_of(tree) & {"regulars.channels.kind.leaving"}) and name not in {
            "channels/actions/delivery.py",
            "channels/kinds/email.py",
            "channels/kind.py",
        }:
            guilty.add(name)
    assert not guilty


def test_nobody_but_the_door_writes_messages():
    guilty = set()
    for name, tree, text in walked():
        if name in MAY_WRITE_MESSAGES:
            continue
        if re.search(r"(INSERT INTO|UPDATE) channels_message\b", text):
            guilty.add(name)
        if "regulars.channels.models.Message" not in imports_of(tree):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _writes_a_message(node):
                guilty.add(f"{name}:{node.lineno}")
    assert not guilty


MAY_SPEAK_OF_EMPLOYEES = {
    "channels/rules/__init__.py",
    "channels/models.py",
    "channels/actions/employees.py",
    "channels/actions/delivery.py",
    "channels/pages/outbox.py",
    "channels/queries/door.py",
    "channels/queries/budgets.py",
    "channels/queries/planning.py",
}
"""Who knows the purpose of letters to employees; `actions/employees.py` alone writes any."""


def test_letters_to_employees_are_written_in_one_place_which_takes_no_address():
    knowing = {
        name
        for name, tree, text in walked()
        if "regulars.channels.rules.TO_EMPLOYEE" in imports_of(tree)
        or TO_EMPLOYEE in strings_of(tree)
    }
    assert knowing == MAY_SPEAK_OF_EMPLOYEES
    told = {field.name for field in fields(LetterToEmployee)}
    assert {"employee_id"} <= told
    assert not told & {"address", "customer_id", "channel", "purpose"}


def strings_of(tree: ast.Module) -> set[str]:
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {node.value for node in nodes if isinstance(node.value, str)}


def _writes_a_message(node: ast.Call) -> bool:
    if isinstance(node.func, ast.Name):
        return node.func.id == "Message"
    spoken = ast.unparse(node.func)
    return spoken.startswith("Message.objects") and spoken.rpartition(".")[2] in WRITES


@pytest.mark.parametrize("kind", ["email", "outbox"])
def test_a_letter_that_did_not_pass_the_door_cannot_leave(kind, db):
    stray = Letter(1, "ann@example.com", "Hello", "Hello", "", "https://example.com/u")
    with pytest.raises(RuntimeError, match="asks for consent"):
        channel_of(kind).send([stray])


@pytest.mark.django_db
def test_a_message_that_was_slipped_into_the_queue_is_judged_as_it_leaves(ann):
    slipped = Message.objects.create(
        key="slipped",
        channel="outbox",
        purpose="marketing",
        customer=ann,
        address="ann@example.com",
        text="Buy!",
        due_at=NOW,
        created_at=NOW,
        contact_at=NOW,
    )
    deliver_messages(message_ids=[slipped.pk])
    slipped.refresh_from_db()
    assert (slipped.state, slipped.reason) == ("refused", "no_consent")
