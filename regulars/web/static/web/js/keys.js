// Keyboard: keys are read by event.code, so a Russian layout works like an English one.
{
  const root = document.documentElement;
  const typing = (target) => target.closest("input, textarea, select, [contenteditable], dialog");
  const singleKeys = () => root.dataset.keys !== "off";
  const waiting = { until: 0 };

  const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);

  const move = (step) => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.classList.contains("here"));
    const next = all[Math.max(0, Math.min(all.length - 1, at + step))];
    all.forEach((row) => row.classList.toggle("here", row === next));
    next.querySelector("a, button")?.focus();
    next.scrollIntoView({ block: "nearest" });
  };

  const press = (selector) => {
    const target = document.querySelector(selector);
    if (!target) return false;
    if (target.matches("input, textarea, select")) target.focus();
    else target.click();
    return true;
  };

  const single = (event) => {
    if (event.code === "KeyG" && !event.shiftKey) {
      waiting.until = Date.now() + 1500;
      return true;
    }
    if (Date.now() < waiting.until) {
      waiting.until = 0;
      if (press(`[data-go="${event.code}"]`)) return true;
    }
    if (event.code === "Slash" && event.shiftKey) return press('[data-open="#keys"]');
    if (event.code === "Slash") return press("[data-filter]");
    if (event.code === "KeyJ") return move(1) ?? true;
    if (event.code === "KeyK") return move(-1) ?? true;
    return press(`[data-key~="${event.code}"]`);
  };

  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.code === "KeyK") {
      event.preventDefault();
      press("[data-palette]");
      return;
    }
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (modified || event.repeat && event.code === "KeyG") return;
    if (!singleKeys() || typing(event.target)) return;
    if (single(event)) event.preventDefault();
  });
}
