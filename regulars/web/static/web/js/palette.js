// The Ctrl K palette: a combobox over what the server finds; what was opened last stands first.
{
  const dialog = document.getElementById("palette");
  const opener = document.querySelectorAll("[data-palette]");
  if (dialog && opener.length) {
    const input = dialog.querySelector("input");
    const list = dialog.querySelector("[role=listbox]");
    const status = dialog.querySelector("[role=status]");
    const store = `regulars-recent-${dialog.dataset.user}`;
    let asked = 0;
    let timer = 0;

    const recent = () => {
      try { return JSON.parse(localStorage.getItem(store)) ?? []; } catch { return []; }
    };
    const remember = (option) => {
      const entry = { url: option.dataset.url, label: option.dataset.label, icon: option.dataset.icon };
      const rest = recent().filter((one) => one.url !== entry.url);
      try { localStorage.setItem(store, JSON.stringify([entry, ...rest].slice(0, 5))); } catch { /* private mode */ }
    };

    const options = () => [...list.querySelectorAll("[role=option]")];
    const select = (option) => {
      for (const one of options()) one.setAttribute("aria-selected", String(one === option));
      input.setAttribute("aria-activedescendant", option?.id ?? "");
      option?.scrollIntoView({ block: "nearest" });
    };

    const optionFor = (entry, at) => {
      const option = document.createElement("div");
      option.setAttribute("role", "option");
      option.id = `recent-${at}`;
      Object.assign(option.dataset, entry);
      const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      icon.setAttribute("class", "icon");
      icon.setAttribute("aria-hidden", "true");
      const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
      use.setAttribute("href", `${dialog.dataset.icons}#${entry.icon || "page"}`);
      icon.append(use);
      option.append(icon, entry.label);
      return option;
    };
    const showRecent = () => {
      const entries = recent().filter((one) => one.url?.startsWith("/"));
      if (!entries.length) return;
      const group = document.createElement("div");
      group.setAttribute("role", "group");
      group.setAttribute("aria-labelledby", "palette-recent");
      const label = document.createElement("div");
      label.className = "label";
      label.id = "palette-recent";
      label.setAttribute("role", "presentation");
      label.textContent = dialog.dataset.recent;
      group.append(label, ...entries.map(optionFor));
      list.prepend(group);
    };

    const find = async () => {
      const turn = ++asked;
      const query = input.value.trim();
      const answer = await fetch(`${dialog.dataset.url}?q=${encodeURIComponent(query)}`, { headers: { "HX-Request": "true" } });
      if (turn !== asked) return;
      if (!answer.ok || answer.headers.has("HX-Redirect")) return location.reload();
      list.innerHTML = await answer.text();
      if (!query) showRecent();
      const found = options();
      status.textContent = found.length ? dialog.dataset.found.replace("#", found.length) : dialog.dataset.none;
      select(found[0]);
    };
    const go = (option) => {
      if (!option) return;
      remember(option);
      if (option.dataset.press) {
        dialog.close();
        document.querySelector(option.dataset.press)?.click();
      } else location.assign(option.dataset.url);
    };

    for (const one of opener) one.addEventListener("click", (event) => {
      event.preventDefault();
      if (dialog.open) return;
      dialog.showModal();
      input.select();
      find();
    });
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(find, 90);
    });
    input.addEventListener("keydown", (event) => {
      const all = options();
      const at = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
      const to = { ArrowDown: (at + 1) % all.length, ArrowUp: (at - 1 + all.length) % all.length }[event.code];
      if (to !== undefined && all.length) {
        event.preventDefault();
        select(all[to]);
      } else if (event.code === "Enter" || event.code === "NumpadEnter") {
        event.preventDefault();
        go(all[at]);
      }
    });
    list.addEventListener("mousemove", (event) => {
      const option = event.target.closest("[role=option]");
      if (option && option.getAttribute("aria-selected") !== "true") select(option);
    });
    list.addEventListener("click", (event) => go(event.target.closest("[role=option]")));
  }
}
