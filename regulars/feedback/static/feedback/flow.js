/**
 * Surveys in an app, one question at a time, over connections that break.
 *
 *   const flow = new SurveyFlow({ base: "https://example.com", code: "club7", store: localStorage });
 *   let screen = await flow.next();          // { question, progress, problem, end, thanks, offline }
 *   screen = await flow.answer(9);           // an answer to the question on screen; null skips it
 *   screen = await flow.back();
 *
 * Every act gets a number and waits in the store until the server says that it took it, so a lost
 * answer is sent again and counts once. Without a connection the same screen comes back with
 * `offline: true`; `next()` sends what waits.
 */
export class SurveyFlow {
  constructor({ base, code, store, language = "", fetch = globalThis.fetch.bind(globalThis) }) {
    this.url = `${base}/flow/${encodeURIComponent(code)}`;
    this.key = `regulars.flow.${code}`;
    this.store = store;
    this.language = language;
    this.fetch = fetch;
    this.state = JSON.parse(store.getItem(this.key) || "null") || {
      session: globalThis.crypto.randomUUID(),
      number: 0,
      waiting: [],
      screen: null,
    };
    this.sending = Promise.resolve();
    this.keep();
  }

  /** The present screen, after everything that waits was sent. */
  next() {
    this.sending = this.sending.then(() => this.send());
    return this.sending;
  }

  /** Answers the question on the screen; `comment` goes with a choice of "other". */
  answer(value, comment = "") {
    const name = this.state.screen?.question?.name ?? "";
    return this.add({ act: "answer", name, value, comment });
  }

  /** Goes back to the question before. */
  back() {
    return this.add({ act: "back" });
  }

  add(act) {
    this.state.number += 1;
    this.state.waiting.push({ id: this.state.number, ...act });
    this.keep();
    return this.next();
  }

  async send() {
    const { session, waiting } = this.state;
    const body = JSON.stringify({ session, language: this.language, acts: waiting });
    let answer;
    try {
      answer = await this.fetch(this.url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body,
      });
    } catch {
      return { ...this.state.screen, offline: true };
    }
    if (answer.status >= 500) return { ...this.state.screen, offline: true };
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.detail || `the server answered ${answer.status}`);
    this.state.waiting = this.state.waiting.filter((one) => one.id > told.done);
    this.state.screen = told;
    this.keep();
    return { ...told, offline: false };
  }

  keep() {
    this.store.setItem(this.key, JSON.stringify(this.state));
  }
}
