// Forms: focus goes to the summary of errors, a second click does not send twice, filters apply themselves.
{
  const showProblems = (root) => (root.matches?.("[data-problems]") ? root : root.querySelector?.("[data-problems]"))?.focus();
  addEventListener("DOMContentLoaded", () => showProblems(document));
  document.addEventListener("htmx:after:swap", () => {
    showProblems(document);
    if (document.activeElement === document.body) document.querySelector("[data-focus]")?.focus();
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "get" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 4000);
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    const said = button.querySelector("[role=status]");
    if (said) said.textContent = button.dataset.copied ?? "✓";
  });
}
