// The look: the theme changes at once and is kept in a cookie, so the server writes it into the next page;
// of more tabs than there is room for, the open one is seen.
{
  const year = 60 * 60 * 24 * 365;
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button?.name !== "theme") return;
    event.preventDefault();
    const theme = button.value;
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    document.cookie = `theme=${theme};path=/;max-age=${theme ? year : 0};samesite=lax`;
    for (const one of document.querySelectorAll("button[name=theme]"))
      one.setAttribute("aria-pressed", String(one.value === theme));
  });
  document
    .querySelector(".tabs [aria-current]")
    ?.scrollIntoView({ block: "nearest", inline: "center", behavior: "instant" });
}
