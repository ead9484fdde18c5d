// The operator's keyboard: digits choose, Enter goes on, Backspace goes back. Keys are read by
// event.code, so any layout works; where somebody is writing, every key is theirs.
{
  const form = document.querySelector("[data-script]");
  const question = form?.querySelector(".call-question");
  const PAUSE_MS = 900;
  const writing = (target) => target.closest("textarea, select, dialog, [contenteditable]")
    || target.matches("input:not([type=radio], [type=checkbox])");

  // A scale is named by its own numbers; other choices by their place, which is written beside them.
  const keys = new Map();
  for (const box of question?.querySelectorAll(":scope > fieldset:not(.group) > .scale input") ?? []) keys.set(box.value, box);
  question?.querySelectorAll(".choice").forEach((label, index) => {
    label.dataset.number = index + 1;
    keys.set(String(index + 1), label.querySelector("input"));
  });

  let typed = "", last = 0, pressed = null;
  const toggle = (box) => {
    box.checked = box.type === "radio" ? true : !box.checked;
    box.focus();
  };
  const digit = (figure) => {
    const now = Date.now();
    const longer = now - last < PAUSE_MS ? typed + figure : figure;
    const name = keys.has(longer) ? longer : figure;
    if (!keys.has(name)) return false;
    // “1” and then “0” is ten: what the first key ticked is unticked again.
    if (name.length > 1 && pressed?.type === "checkbox") pressed.checked = !pressed.checked;
    [typed, last, pressed] = [name, now, keys.get(name)];
    toggle(pressed);
    return true;
  };

  const primary = () => form?.querySelector("[value=on]") ?? document.querySelector("[data-enter]");
  const act = (event) => {
    const figure = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
    if (figure !== undefined) return digit(figure);
    if (/^(Numpad)?Enter$/.test(event.code)) {
      if (event.target.closest("a, button, summary")) return false;
      primary()?.click();
      return Boolean(primary());
    }
    if (event.code === "Backspace") {
      form?.querySelector("[value=back]")?.click();
      return true;
    }
    // The frame leaves keys alone while a box has the focus; here a box is no place to write.
    if (!event.target.matches("input") || document.documentElement.dataset.keys === "off") return false;
    const found = document.querySelector(`[data-key~="${event.code}"]`);
    found?.click();
    return Boolean(found);
  };

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const off = document.documentElement.dataset.keys === "off" && !form?.contains(event.target);
    if (off || document.querySelector("dialog[open]") || writing(event.target)) return;
    if (act(event)) event.preventDefault();
  });
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.code === "Enter" && form?.contains(event.target)) primary().click();
  });

  question?.querySelector("textarea, input:not([type=radio], [type=checkbox], .other), select")?.focus();
}
