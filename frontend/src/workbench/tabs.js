// Tabs, as https://www.w3.org/WAI/ARIA/apg/patterns/tabs/ has them: arrows move, the panel is made when it is first opened.

import { make } from "../shared/dom.js";

/** Tabs of `views`: { name, title, show() } each, where `show` gives the nodes of a panel. Opens the one named. */
export function tabs(label, views, opened, changed) {
  const list = make("div", { role: "tablist", "aria-label": label, class: "tabs" });
  const panel = make("div", { role: "tabpanel", id: "view", tabindex: "-1" });
  const made = new Map();
  const buttons = views.map((view, place) =>
    make("button", { type: "button", role: "tab", id: `tab-${view.name}`, "aria-controls": "view", onclick: () => open(place), onkeydown: (event) => key(event, place) }, view.title),
  );
  list.append(...buttons);

  async function open(place) {
    const view = views[place];
    buttons.forEach((button, other) => {
      button.setAttribute("aria-selected", String(other === place));
      button.tabIndex = other === place ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", buttons[place].id);
    panel.dataset.view = view.name;
    if (!made.has(view.name)) made.set(view.name, Promise.resolve(view.show()));
    panel.setAttribute("aria-busy", "true");
    const nodes = await made.get(view.name);
    if (panel.dataset.view !== view.name) return;
    panel.replaceChildren(...nodes);
    panel.removeAttribute("aria-busy");
    changed(view.name);
  }

  function key(event, place) {
    const forward = getComputedStyle(list).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const back = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
    const targets = { [forward]: (place + 1) % views.length, [back]: (place + views.length - 1) % views.length, Home: 0, End: views.length - 1 };
    if (!(event.key in targets)) return;
    event.preventDefault();
    buttons[targets[event.key]].focus();
    open(targets[event.key]);
  }

  open(Math.max(0, views.findIndex((view) => view.name === opened)));
  return [list, panel];
}
