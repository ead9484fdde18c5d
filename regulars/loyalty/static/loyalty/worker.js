// Keeps the card for when there is no network: the last page that was seen, with its styles.
// The page says itself of when its balance is.
const CARDS = "cards-1";
const isCard = (url) => /^\/card\/[^/]+$/.test(url.pathname);
const isPart = (url) => /^\/(look|static|brand\.css|media)/.test(url.pathname);

async function keep(request, answer) {
  const cache = await caches.open(CARDS);
  const url = request.url ?? request;
  if (answer.status === 404) return cache.delete(url);
  if (!answer.ok) return;
  const text = await answer.clone().text();
  await cache.put(url, answer);
  const parts = [...text.matchAll(/<link rel="stylesheet" href="([^"]+)"|<img [^>]*src="([^"]+)"/g)];
  const wanted = parts.map(([, style, picture]) => style ?? picture);
  await Promise.allSettled(wanted.map((part) => cache.add(part)));
}

async function keepOpenCards() {
  await self.clients.claim();
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const cards = pages.map((page) => page.url).filter((url) => isCard(new URL(url)));
  await Promise.allSettled(cards.map(async (url) => keep(url, await fetch(url))));
}

async function card(event) {
  try {
    const answer = await fetch(event.request);
    event.waitUntil(keep(event.request, answer.clone()));
    return answer;
  } catch (error) {
    const known = await caches.match(event.request, { ignoreSearch: true, ignoreVary: true });
    if (known) return known;
    throw error;
  }
}

async function part(event) {
  try {
    return await fetch(event.request);
  } catch (error) {
    const known = await caches.match(event.request, { ignoreVary: true });
    if (known) return known;
    throw error;
  }
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(keepOpenCards()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (event.request.mode === "navigate" && isCard(url)) event.respondWith(card(event));
  else if (isPart(url)) event.respondWith(part(event));
});
