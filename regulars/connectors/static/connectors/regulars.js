// The web snippet of Regulars: page views, clicks and events of a site, sent to the company's own
// installation by Segment's HTTP API. docs/snippet.md tells how to use it.
// What is served is regulars.min.js; `make snippet` makes it, and a test holds it to this file.
(function (w, d, n) {
'use strict'
let tag = d.currentScript, set = tag.dataset, early = w.regulars || {}
if (early.version) return
let host = set.host || new URL(tag.src).origin
let MARK = 'regulars.', EVENT = MARK + 'e.', PAUSE = 18e5
let asks = set.consent === 'ask'
let refused = set.privacy === 'respect' && (n.globalPrivacyControl || n.doNotTrack === '1')
// What is kept lies in the browser's store; where that is closed, it lives as long as the page.
let memory = {}, store
try {
  store = w.localStorage
  store.setItem(MARK, 1)
  store.removeItem(MARK)
} catch (e) {
  store = null
}
let get = key => {
  try {
    return JSON.parse(memory[key] || store && store.getItem(key) || null)
  } catch (e) {}
}
let drop = key => {
  delete memory[key]
  if (store) store.removeItem(key)
}
let put = (key, value) => {
  let text = JSON.stringify(value)
  try {
    store.setItem(key, text)
  } catch (e) {
    memory[key] = text
  }
  return value
}
let keys = start => Object.keys(memory).concat(Object.keys(store || {})).filter(key => key.startsWith(start))
let uuid = () => w.crypto.randomUUID ? crypto.randomUUID() : '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, c => (c ^ crypto.getRandomValues(new Uint8Array(1))[0] & 15 >> c / 4).toString(16))
// Without the company asking, everybody is counted; where it asks, nobody is before their yes.
let choice = get(MARK + 'consent')
let allowed = () => !refused && (choice ? choice.analytics : !asks)
let known = (key, make) => get(MARK + key) || put(MARK + key, make())
let waiting = []
// Where a visit came from: the marks of its first address, and the foreign page before it.
let from = () => {
  let query = new URLSearchParams(location.search), campaign = {}, before = d.referrer
  for (let [key, value] of query) if (key.startsWith('utm_')) campaign[key === 'utm_campaign' ? 'name' : key.slice(4)] = value
  if (query.has('gclid') || query.has('yclid')) campaign.medium = campaign.medium || 'cpc'
  if (before && new URL(before).host === location.host) before = ''
  return { campaign, referrer: { url: before }, page: location.origin + location.pathname, at: new Date() }
}
// A session ends after 30 minutes of silence; a click on another advertisement begins a new one.
let session = () => {
  let now = Date.now(), here = from(), kept = get(MARK + 'session')
  let other = kept && here.campaign.source && JSON.stringify(here.campaign) !== JSON.stringify(kept.from.campaign)
  let fresh = !kept || now - kept.last > PAUSE || other
  if (fresh) kept = { id: now, from: here }
  kept.last = now
  put(MARK + 'session', kept)
  return [kept, fresh]
}
let page = () => ({ path: location.pathname, url: location.href, referrer: lastUrl, search: location.search, title: d.title })
let lastUrl = d.referrer
let record = (type, fields) => {
  let event = { type, ...fields, messageId: uuid(), timestamp: new Date(), context: { page: page() } }
  if (allowed()) keep(event)
  else if (asks && !choice && !refused) waiting.push(event)
}
let keep = event => {
  let [visit, fresh] = session(), first = known('first', () => visit.from)
  event.anonymousId = known('anonymousId', uuid)
  if (!event.userId) event.userId = get(MARK + 'userId') || undefined
  Object.assign(event.context, {
    sessionId: visit.id, sessionStart: fresh || undefined, campaign: visit.from.campaign, referrer: visit.from.referrer, firstTouch: first,
    locale: n.language, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone, userAgent: n.userAgent,
    screen: { width: screen.width, height: screen.height }, library: { name: 'regulars.js', version: api.version }
  })
  if (choice) event.context.consent = { categoryPreferences: choice }
  put(EVENT + event.messageId, event)
  plan(300)
}
// Events stay in the store until the answer is 200: sent again they are the same ones, by messageId.
let timer, failures = 0, flying = [], told = []
let plan = wait => {
  if (flying[0] || timer && failures) return
  clearTimeout(timer)
  timer = setTimeout(flush, wait)
}
let portion = without => {
  let batch = [], size = 0
  for (let event of keys(EVENT).map(get).filter(event => event && !without.includes(event.messageId)).sort((a, b) => a.timestamp < b.timestamp ? -1 : 1)) {
    size += JSON.stringify(event).length
    if (batch.length && size > 2e4) break
    batch.push(event)
  }
  return batch
}
let ids = batch => batch.map(event => event.messageId)
let body = batch => JSON.stringify({ batch, writeKey: set.key, sentAt: new Date() })
let flush = () => {
  timer = 0
  let batch = portion([])
  if (flying[0] || !batch[0] || !allowed()) return
  flying = ids(batch)
  let text = body(batch), wait = 0
  let again = seconds => wait = seconds * 1e3 || Math.min(3e5, 1e3 * 2 ** failures++)
  fetch(host + '/v1/batch', { method: 'POST', body: text, keepalive: text.length < 3e4, headers: { 'Content-Type': 'text/plain' } }).then(answer => {
    if (answer.status > 499 || [408, 410, 429, 460].includes(answer.status)) return again(+answer.headers.get('Retry-After'))
    failures = 0
    flying.forEach(id => drop(EVENT + id))
  }).catch(() => again()).then(() => {
    flying = []
    plan(wait || 50)
  })
}
// A beacon has no answer, so what it carries stays in the store as well, for the next page to confirm.
let leave = () => {
  let batch = portion(flying.concat(told))
  if (batch[0] && allowed() && n.sendBeacon(host + '/v1/batch', body(batch))) told.push(...ids(batch))
}
let clicked = event => {
  let at = event.target.closest('[data-track],a[href],button,[role=button],input[type=submit]')
  if (!at || at.closest('[data-track=off]')) return
  let { track: named, ...about } = at.dataset, link = at.href
  if (!named) {
    if (set.clicks === 'named') return
    about = { text: (at.ariaLabel || at.innerText || at.value || '').trim().slice(0, 80) }
  }
  if (link) about.href = link.split(/[?#]/)[0]
  if (at.id) about.id = at.id
  api.track(named || (link ? 'Link Clicked' : 'Button Clicked'), about)
}
let viewed
let turned = () => setTimeout(() => {
  if (viewed === location.pathname + location.search) return
  if (viewed) lastUrl = location.origin + viewed
  viewed = location.pathname + location.search
  api.page()
})
let api = w.regulars = {
  version: '1',
  track: (event, properties = {}) => record('track', { event, properties }),
  page: (name, properties) => record('page', { name, properties: { ...page(), ...properties } }),
  identify: (userId, traits) => {
    if (typeof userId === 'object') [userId, traits] = [undefined, userId]
    if (userId && allowed()) put(MARK + 'userId', userId)
    record('identify', { userId, traits })
  },
  group: (groupId, traits) => record('group', { groupId, traits }),
  id: () => get(MARK + 'anonymousId'),
  reset: () => ['anonymousId', 'userId', 'session', 'first'].forEach(key => drop(MARK + key)),
  consent: given => {
    choice = given
    if (!allowed()) keys(MARK).forEach(drop)
    put(MARK + 'consent', given)
    waiting.splice(0).forEach(event => {
      if (!allowed()) return
      if (event.type === 'identify' && event.userId) put(MARK + 'userId', event.userId)
      keep(event)
    })
  }
}
if (set.clicks !== 'off') d.addEventListener('click', clicked, true)
if (set.pages !== 'off') {
  for (let act of ['pushState', 'replaceState']) {
    let plain = history[act]
    history[act] = function () {
      plain.apply(this, arguments)
      turned()
    }
  }
  w.addEventListener('popstate', turned)
  turned()
}
w.addEventListener('online', () => {
  failures = timer = 0
  plan(0)
})
d.addEventListener('visibilitychange', () => d.hidden && leave())
w.addEventListener('pagehide', leave);
(early.q || []).forEach(([act, args]) => api[act](...args))
plan(50)
})(window, document, navigator)
