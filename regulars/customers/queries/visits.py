"""How tracked events make visits, as fragments of SQL over `customers_trackedevent AS event`.

A *visit* is a session that a browser or an app names in `context.sessionId` (the web snippet and
RudderStack's libraries do); from others, all pages or screens a visitor saw on one day (UTC) are one.
"""

from regulars.customers.queries.notes import notes_of

SAMPLE_SOURCE = "sample_site"
"""The source under which generated events stand."""

OPENS_VISIT = """(event.type IN ('page', 'screen')
    OR event.type = 'track' AND event.context ? 'sessionId')"""
"""Whether an event shows that somebody is on the site: a server's own calls do not."""

VISIT = """coalesce('s' || (event.context ->> 'sessionId'),
    'd' || to_char(event.at AT TIME ZONE 'UTC', 'YYYYMMDD'))"""
"""The name of a visit, unique within its customer."""

PLATFORM = """CASE WHEN event.type = 'screen' OR lower(event.context #>> '{device,type}')
    IN ('ios', 'android') THEN 'app' ELSE 'web' END"""

_HOST = r"'^[A-Za-z]+://(?:www\.)?([^/:?#]+)'"
PAGE_HOST = f"lower(coalesce(substring(event.context #>> '{{page,url}}' FROM {_HOST}), ''))"
REFERRER_HOST = f"""lower(coalesce(substring(coalesce(event.context #>> '{{referrer,url}}',
    event.context #>> '{{page,referrer}}') FROM {_HOST}), ''))"""
"""The site that led here; empty where nobody knows."""

CAMPAIGN_SOURCE = "lower(left(coalesce(event.context #>> '{campaign,source}', ''), 100))"
MEDIUM = "lower(left(coalesce(event.context #>> '{campaign,medium}', ''), 100))"
CAMPAIGN = "left(coalesce(event.context #>> '{campaign,name}', ''), 100)"
PATH = "left(split_part(coalesce(event.context #>> '{page,path}', ''), '?', 1), 200)"

PROPERTIES = f"""CASE WHEN event.type IN ('track', 'page', 'screen')
    THEN {notes_of("event.properties")} END"""
"""The event's own properties as notes; what other calls say of a person stands in the profile."""

_PAID = "'(^|[^a-z])(cpc|ppc|cpm|cpa|paid|ads?|display|banner|retargeting|advertising)([^a-z]|$)'"
_SOCIAL = "'^(vk|ok|vkontakte|facebook|fb|instagram|ig|youtube|tiktok|twitter|x|pinterest|dzen|reddit|linkedin)$'"
_SOCIAL_HOST = "'(^|\\.)(vk\\.com|vk\\.ru|ok\\.ru|facebook\\.com|instagram\\.com|youtube\\.com|tiktok\\.com|twitter\\.com|x\\.com|t\\.co|pinterest\\.[a-z]+|dzen\\.ru|reddit\\.com|linkedin\\.com)$'"
_MESSENGER = "'^(telegram|whatsapp|viber|messenger|max|sms)$'"
_MESSENGER_HOST = "'(^|\\.)(t\\.me|telegram\\.org|wa\\.me|whatsapp\\.com|max\\.ru)$'"
_SEARCH_HOST = "'(^|\\.)(google\\.[a-z.]+|yandex\\.[a-z]+|ya\\.ru|bing\\.com|duckduckgo\\.com|go\\.mail\\.ru|baidu\\.com|search\\.yahoo\\.com|ecosia\\.org)$'"

CAME_FROM = f"""CASE
    WHEN {MEDIUM} ~ {_PAID} THEN 'advertising'
    WHEN {MEDIUM} IN ('email', 'e-mail', 'newsletter') OR {CAMPAIGN_SOURCE} IN ('email', 'newsletter') THEN 'email'
    WHEN {MEDIUM} ~ {_MESSENGER} OR {CAMPAIGN_SOURCE} ~ {_MESSENGER} OR {REFERRER_HOST} ~ {_MESSENGER_HOST} THEN 'messenger'
    WHEN {MEDIUM} LIKE '%%social%%' OR {CAMPAIGN_SOURCE} ~ {_SOCIAL} OR {REFERRER_HOST} ~ {_SOCIAL_HOST} THEN 'social'
    WHEN {MEDIUM} = 'organic' OR {REFERRER_HOST} ~ {_SEARCH_HOST} THEN 'search'
    WHEN {CAMPAIGN_SOURCE} <> '' OR {REFERRER_HOST} NOT IN ('', {PAGE_HOST}) THEN 'site'
    ELSE 'direct' END"""
"""What led to a visit: advertising, email, messenger, social, search, another site, or nothing known.

What a campaign says of itself counts before the page that was left. Percent signs are doubled,
because these fragments stand in statements with parameters.
"""
