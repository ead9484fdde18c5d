// The pop-up survey of Regulars: asks its own installation whether to open on this page, waits for the
// moment, and shows the survey in a dialog. docs/popup.md tells how to use it. Served as it is.
(function (w, d) {
  'use strict'
  const tag = d.currentScript, set = tag.dataset
  if (w.regularsPopup || !w.HTMLDialogElement) return
  const host = set.host || new URL(tag.src).origin
  const base = host + '/collect/popup/' + set.popup
  const KEY = 'regulars.popup.' + set.popup
  const DAY = 864e5, NEVER = 4e15
  const refuses = set.privacy === 'respect' && (navigator.globalPrivacyControl || navigator.doNotTrack === '1')

  // Without a store nobody could know that it was shown, so it is not.
  let store
  try {
    store = w.localStorage
    store.setItem(KEY + '.', 1)
    store.removeItem(KEY + '.')
  } catch (e) {
    store = null
  }
  const read = key => {
    try {
      return JSON.parse(store.getItem(key))
    } catch (e) {
      return null
    }
  }
  const kept = () => read(KEY) || {}
  const keep = more => store.setItem(KEY, JSON.stringify({ ...kept(), ...more }))
  // What was said to us goes before what was said to the web snippet beside us.
  const agreed = () => kept().yes ?? (set.consent !== 'ask' || (read('regulars.consent') || {}).analytics === true)
  const send = (path, told) => fetch(base + path, { method: 'POST', body: JSON.stringify(told), headers: { 'Content-Type': 'text/plain' }, credentials: 'omit' }).then(answer => answer.ok ? answer.json() : {})
  const wait = (days) => days ? Date.now() + days * DAY : NEVER

  let dialog, page, stops = []
  const forget = () => stops.splice(0).forEach(stop => stop())
  const on = (target, name, act) => {
    target.addEventListener(name, act, { passive: true })
    stops.push(() => target.removeEventListener(name, act))
  }

  const STYLE = `:host{all:initial}
dialog{box-sizing:border-box;width:min(36rem,100vw - 2rem);max-width:none;max-height:none;padding:0;border:0;border-radius:16px;background:Canvas;color:CanvasText;color-scheme:light dark;box-shadow:0 24px 64px rgb(0 0 0/.35);overflow:hidden}
dialog::backdrop{background:rgb(0 0 0/.4)}
iframe{display:block;width:100%;height:60vh;max-height:calc(100dvh - 6rem);border:0;color-scheme:light dark}
button{position:absolute;inset-block-start:8px;inset-inline-end:8px;width:44px;height:44px;border:1px solid CanvasText;border-radius:50%;background:Canvas;color:CanvasText;font:24px/1 system-ui;cursor:pointer}
button:focus-visible{outline:3px solid Highlight;outline-offset:2px}
@media(max-width:40rem){dialog{width:100vw;margin:auto 0 0;border-radius:16px 16px 0 0}}
@media(prefers-reduced-motion:no-preference){dialog[open]{animation:come .25s ease-out}@keyframes come{from{opacity:0;transform:translateY(16px)}}}`

  // `told`: the frame's address, the title, the word for closing, the language.
  const open = (told, ended) => {
    const box = d.createElement('div'), root = box.attachShadow({ mode: 'open' })
    const style = new CSSStyleSheet()
    style.replaceSync(STYLE)
    root.adoptedStyleSheets = [style]
    const make = (name, about) => Object.assign(d.createElement(name), about)
    dialog = make('dialog', { ariaLabel: told.title, lang: told.lang })
    const frame = make('iframe', { src: told.frame, title: told.title })
    const shut = make('button', { type: 'button', ariaLabel: told.close, textContent: '×' })
    const hear = event => {
      if (event.source !== frame.contentWindow) return
      const said = event.data && event.data.regulars
      if (said === 'close') dialog.close()
      else if (said === 'done') dialog.done = true
      else if (said > 0) frame.style.height = Math.min(+said, 4000) + 'px'
    }
    w.addEventListener('message', hear)
    shut.onclick = () => dialog.close()
    frame.onload = () => frame.focus()
    dialog.onclose = () => {
      w.removeEventListener('message', hear)
      box.remove()
      ended(dialog.done)
      dialog = null
    }
    dialog.append(frame, shut)
    root.append(dialog)
    d.body.append(box)
    dialog.showModal()
  }

  // Nobody is interrupted in the middle of a word, or in front of another dialog.
  const busy = () => d.querySelector('dialog[open]') || (d.activeElement && d.activeElement.matches('input:not([type=button],[type=submit],[type=checkbox],[type=radio]),textarea,select,[contenteditable]'))
  const show = (ticket) => {
    if (dialog) return
    if (busy() || d.hidden) return void setTimeout(show, 1000, ticket)
    forget()
    send('/shown', { ticket, language: d.documentElement.lang }).then(told => {
      if (!told.frame || dialog) return
      keep({ until: wait(told.again) })
      open(told, done => {
        keep({ until: wait(done ? told.answered : told.closed) })
        if (!done) navigator.sendBeacon(base + '/closed', JSON.stringify({ ticket }))
      })
    })
  }

  const arm = plan => {
    if (!plan.ticket) return
    let late = false, far = !plan.scroll, leaves = !plan.exit || w.matchMedia('(hover: none)').matches
    const look = () => late && far && leaves && show(plan.ticket)
    const timer = setTimeout(() => {
      late = true
      look()
    }, plan.after * 1e3)
    stops.push(() => clearTimeout(timer))
    const scrolled = () => {
      const all = d.documentElement.scrollHeight - w.innerHeight
      if (all <= 0 || w.scrollY >= all * plan.scroll / 100) {
        far = true
        look()
      }
    }
    if (!far) {
      on(w, 'scroll', scrolled)
      scrolled()
    }
    // Whoever leaves by the upper edge goes to the tabs or the address.
    if (!leaves) on(d, 'mouseout', event => {
      if (event.relatedTarget || event.clientY > 0) return
      leaves = true
      look()
      leaves = false
    })
  }

  const look = () => {
    if (page === location.href || dialog) return
    page = location.href
    forget()
    if (!store || refuses || !agreed() || Date.now() < (kept().until || 0)) return
    const id = kept().id || crypto.getRandomValues(new Uint32Array(4)).join('-')
    keep({ id })
    const api = w.regulars
    send('', { page, visitor: id, customer: set.customer, proof: set.proof, anonymous: api && api.id ? api.id() : '' }).then(arm)
  }

  w.regularsPopup = {
    // What the visitor said of surveys and of keeping that they were asked.
    consent(yes) {
      if (!store) return
      if (yes) keep({ yes: true })
      else store.setItem(KEY, '{"yes":false}'), forget()
      page = ''
      look()
    }
  }
  if (set.preview) return open({ frame: set.preview, title: set.title, close: set.close, lang: set.lang }, () => {})
  look()
  // Sites that change their pages without loading them are looked at once a second.
  setInterval(look, 1000)
})(window, document)
