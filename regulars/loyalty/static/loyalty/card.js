// The card without a network; the page needs no script for anything else.
navigator.serviceWorker?.register("/card/app/worker.js", { scope: "/card/" });
