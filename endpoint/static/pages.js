// Help while typing; every page works without it.
"use strict";

// <input data-complete="/path?q="> offers what the path answers: [{"value": …, "label": …}].
for (const input of document.querySelectorAll("input[data-complete]")) {
  const list = document.createElement("datalist");
  list.id = `offers-${Math.random().toString(36).slice(2)}`;
  input.after(list);
  input.setAttribute("list", list.id);
  input.autocomplete = "off";
  let wait;
  input.addEventListener("input", () => {
    clearTimeout(wait);
    const typed = input.value.trim();
    if (!typed) return;
    wait = setTimeout(async () => {
      const answer = await fetch(input.dataset.complete + encodeURIComponent(typed), { headers: { Accept: "application/json" } });
      if (!answer.ok || input.value.trim() !== typed) return;
      list.replaceChildren(...(await answer.json()).map(({ value, label }) => Object.assign(document.createElement("option"), { value, label })));
    }, 150);
  });
}

// Leaving a form that has been filled in asks first.
let changed = false;
for (const form of document.querySelectorAll("form[data-keep]")) {
  form.addEventListener("input", () => { changed = true; });
  form.addEventListener("submit", () => { changed = false; });
}
addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });

// <input type="checkbox" data-all="name"> ticks all boxes of a name.
for (const all of document.querySelectorAll("input[data-all]")) {
  all.addEventListener("change", () => {
    for (const one of document.getElementsByName(all.dataset.all)) one.checked = all.checked;
  });
}

// <code class="copy" data-copy="Copy" data-copied="Copied."> has a button beside it, where a page may write to the clipboard.
for (const code of navigator.clipboard ? document.querySelectorAll("code.copy") : []) {
  const { copy, copied } = code.dataset;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet small", textContent: copy, ariaLabel: `${copy}: ${code.textContent}` });
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = copied;
    setTimeout(() => { button.textContent = copy; }, 3000);
  });
  code.after(" ", button);
}
