// Answers a survey by the SDK over a connection that loses requests and answers, and starts anew once.
import { pathToFileURL } from "node:url";
const [sdk, base, code] = process.argv.slice(2);
const { SurveyFlow } = await import(pathToFileURL(sdk));
const kept = new Map();
const store = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
let faults = [];
const fetchBadly = async (...call) => {
  const fault = faults.shift();
  if (fault === "request lost") throw new TypeError("offline");
  const answer = await fetch(...call);
  if (fault === "answer lost") throw new TypeError("offline");
  return answer;
};
const open = () => new SurveyFlow({ base, code, store, fetch: fetchBadly });
let flow = open();
const seen = [(await flow.next()).question.name];
const wrong = await flow.answer(77);
seen.push(wrong.problem ? "problem" : "none");
faults = ["answer lost"];
seen.push((await flow.answer(3)).offline);
flow = open(); // the app was closed; the queue is in the store
faults = ["request lost"];
seen.push((await flow.next()).offline);
seen.push((await flow.next()).question.name);
await flow.answer(2);
seen.push((await flow.back()).question.value);
await flow.answer(4);
await flow.answer("Cold coffee");
seen.push((await flow.answer("other", "Parking")).question.name);
const end = await flow.answer(true);
seen.push(end.end);
await flow.next();
console.log(JSON.stringify(seen));
