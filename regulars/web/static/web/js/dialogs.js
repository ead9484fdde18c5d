// Native dialogs: [data-open="#id"] opens one, [data-load] fills the shared one from its link, a click beside it closes it.
{
  document.addEventListener("click", async (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) {
      const dialog = document.querySelector(opener.dataset.open);
      if (!dialog) return;
      event.preventDefault();
      dialog.showModal();
      return;
    }
    const loader = event.target.closest("a[data-load]");
    const shared = document.getElementById("shared-dialog");
    if (loader && shared && !event.metaKey && !event.ctrlKey) {
      event.preventDefault();
      const answer = await fetch(loader.href, { headers: { "HX-Request": "true" } });
      if (!answer.ok) return location.assign(loader.href);
      shared.querySelector(".dialog-body").innerHTML = await answer.text();
      shared.querySelector("h2").textContent = loader.dataset.load;
      globalThis.htmx?.process(shared);
      shared.showModal();
      return;
    }
    if (event.target.matches("dialog[open]:not([data-keep])")) event.target.close();
  });

  // A menu made of <details> closes on Escape and on a click elsewhere.
  const menus = () => document.querySelectorAll("details.menu[open], details.drop[open], details.me[open]");
  document.addEventListener("click", (event) => {
    for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.code !== "Escape") return;
    for (const menu of menus()) {
      const inside = menu.contains(document.activeElement);
      menu.open = false;
      if (inside) menu.querySelector("summary").focus();
    }
  });
}
