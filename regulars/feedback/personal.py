"""What listening holds of people. Scores stay, without the person; what they wrote goes."""

from django.utils.translation import gettext_lazy as _

from regulars.core.holdings import Holding, hold, impersonal, of_staff

_SCORES = """(SELECT coalesce(jsonb_object_agg(said.key, said.value), '{}')
    FROM jsonb_each(values) said
    WHERE said.key NOT LIKE '%%-Comment' AND jsonb_typeof(said.value) <> 'object'
        AND NOT said.value @? '$[*] ? (@.type() == "object")'
        AND said.key NOT IN (SELECT question ->> 'name' FROM feedback_surveyversion version,
            jsonb_path_query(version.definition, '$.pages[*].elements[*]') question
        WHERE version.id = version_id AND question ->> 'type' IN ('text', 'comment')))"""

_FOLLOWED = """SELECT follow.id FROM feedback_followup follow
    JOIN feedback_signal signal ON signal.id = follow.signal_id
    WHERE signal.customer_id = ANY(%(ids)s)"""

# Before the signals, by which the rows of a person are found.
hold(
    Holding(
        "feedback_followupnote",
        _("Notes on follow-ups"),
        whose=f"follow_up_id IN ({_FOLLOWED})",
        shows=f"""SELECT at, act, text FROM feedback_followupnote
            WHERE follow_up_id IN ({_FOLLOWED}) ORDER BY at, id""",
        clears={"text": "''"},
        mentions=("text",),
    ),
    Holding(
        "feedback_handcoding",
        _("Themes that people found in comments"),
        whose="""signal_id IN (SELECT id FROM feedback_signal WHERE customer_id = ANY(%(ids)s))""",
        clears=None,
    ),
    Holding(
        "feedback_followup",
        _("Follow-ups"),
        whose=f"id IN ({_FOLLOWED})",
        shows=f"""SELECT opened_at, due_at, state, outcome, contacted_at, closed_at
            FROM feedback_followup WHERE id IN ({_FOLLOWED}) ORDER BY id""",
    ),
)
# Before the sittings and answers, by which the files of a person are found.
_SENT = """(sitting_id IN (SELECT id FROM feedback_sitting WHERE customer_id = ANY(%(ids)s))
    OR answer_id IN (SELECT id FROM feedback_answer WHERE customer_id = ANY(%(ids)s)))"""
hold(
    Holding(
        "feedback_upload",
        _("Files sent with answers"),
        whose=_SENT,
        shows=f"""SELECT question, name, media_type, size, at FROM feedback_upload
            WHERE {_SENT} ORDER BY at, id""",
        clears=None,
        mentions=("name",),
    ),
)
hold(
    Holding(
        "feedback_signal",
        _("Feedback"),
        shows="""SELECT at, method, channel, measure, native_score, text FROM feedback_signal
            WHERE customer_id = ANY(%(ids)s) ORDER BY at, id""",
        clears={"customer_id": "NULL", "text": "''"},
        mentions=("text",),
    ),
    Holding(
        "feedback_answer",
        _("Answers"),
        shows="""SELECT survey.name AS survey, answer.values, answer.channel, answer.answered_at
            FROM feedback_answer answer JOIN feedback_survey survey ON survey.id = answer.survey_id
            WHERE answer.customer_id = ANY(%(ids)s) ORDER BY answer.id""",
        clears={"customer_id": "NULL", "invitation_id": "NULL", "values": _SCORES},
        mentions=("values",),
    ),
    Holding(
        "feedback_invitation",
        _("Invitations"),
        shows="""SELECT survey.name AS survey, asked.channel, asked.created_at, asked.sent_at,
            asked.answered_at, asked.withheld FROM feedback_invitation asked
            JOIN feedback_survey survey ON survey.id = asked.survey_id
            WHERE asked.customer_id = ANY(%(ids)s) ORDER BY asked.id""",
        clears={"token": "replace(gen_random_uuid()::text, '-', '')"},
        mentions=("cause", "withheld"),
    ),
    Holding(
        "feedback_sitting",
        _("Answers so far"),
        shows="""SELECT survey.name AS survey, sitting.values, sitting.channels, sitting.opened_at,
            sitting.last_at, sitting.disposition FROM feedback_sitting sitting
            JOIN feedback_survey survey ON survey.id = sitting.survey_id
            WHERE sitting.customer_id = ANY(%(ids)s) ORDER BY sitting.id""",
        clears={
            "customer_id": "NULL",
            "values": _SCORES,
            "token": "replace(gen_random_uuid()::text, '-', '')",
        },
        mentions=("values", "reason"),
    ),
)
hold(
    Holding(
        "feedback_dialogue",
        _("Conversations about surveys"),
        whose="""sitting_id IN (SELECT id FROM feedback_sitting WHERE customer_id = ANY(%(ids)s))
            OR lower(address) = ANY(%(values)s)""",
        shows="""SELECT channel, address, began_at, last_at, "end" FROM feedback_dialogue
            WHERE sitting_id IN (SELECT id FROM feedback_sitting WHERE customer_id = ANY(%(ids)s))
                OR lower(address) = ANY(%(values)s) ORDER BY id""",
        clears=None,
    ),
    Holding(
        "feedback_candidate",
        _("Plans of asking"),
        shows="""SELECT plan.name AS plan, asked.at, asked.state, asked.reason, asked.detail
            FROM feedback_candidate asked JOIN feedback_askingplan plan ON plan.id = asked.plan_id
            WHERE asked.customer_id = ANY(%(ids)s) ORDER BY asked.id""",
        mentions=("cause", "detail"),
    ),
)
hold(
    Holding(
        "feedback_callee",
        _("Calling list"),
        whose="""invitation_id IN
            (SELECT id FROM feedback_invitation WHERE customer_id = ANY(%(ids)s))""",
        shows="""SELECT survey.name AS survey, callee.listed_at, callee.due_at, callee.calls,
            callee.outcome, callee.closed_at FROM feedback_callee callee
            JOIN feedback_invitation asked ON asked.id = callee.invitation_id
            JOIN feedback_survey survey ON survey.id = asked.survey_id
            WHERE asked.customer_id = ANY(%(ids)s) ORDER BY callee.id""",
    ),
    Holding(
        "feedback_call",
        _("Calls"),
        whose="""callee_id IN (SELECT callee.id FROM feedback_callee callee
            JOIN feedback_invitation asked ON asked.id = callee.invitation_id
            WHERE asked.customer_id = ANY(%(ids)s))""",
        shows="""SELECT call.began_at, call.ended_at, call.outcome, call.may_record, call.note,
            call.call_back_at FROM feedback_call call
            JOIN feedback_callee callee ON callee.id = call.callee_id
            JOIN feedback_invitation asked ON asked.id = callee.invitation_id
            WHERE asked.customer_id = ANY(%(ids)s) ORDER BY call.id""",
        clears={"note": "''"},
        mentions=("note",),
    ),
)
impersonal(
    "surveys as the company wrote them",
    "feedback_survey",
    "feedback_surveyversion",
    "feedback_draftstep",
    "feedback_publiclink",
    "feedback_quota",
    "feedback_askingplan",
    "feedback_followuprule",
    "feedback_popup",
)
impersonal(
    "anonymous answers, which nothing leads from a person to",
    "feedback_ballot",
)
hold(
    Holding(
        "feedback_popupshowing",
        _("Pop-ups on sites"),
        whose="""invitation_id IN
            (SELECT id FROM feedback_invitation WHERE customer_id = ANY(%(ids)s))""",
        shows="""SELECT survey.name AS survey, seen.shown_at, seen.closed_at
            FROM feedback_popupshowing seen
            JOIN feedback_invitation asked ON asked.id = seen.invitation_id
            JOIN feedback_survey survey ON survey.id = asked.survey_id
            WHERE asked.customer_id = ANY(%(ids)s) ORDER BY seen.id""",
        clears={"invitation_id": "NULL"},
    ),
)
impersonal(
    "hashes of the keys of requests, which say that something was answered and not by whom",
    "feedback_castkey",
)
of_staff("links to results: who made one, and for whom", "feedback_resultlink")
