// What the drawn views share: menus above, a drawing, remarks below, and saving it.

import { make } from "../../shared/dom.js";
import { composed, file, save } from "../../shared/saving.js";

/** A view that draws anew whenever a choice changes. `drawing()` gives the drawing and remarks on it. */
export function frame({ t, menus, drawing, name }) {
  const canvas = make("div", { class: "canvas", dir: "ltr", role: "region", "aria-label": t(name), tabindex: "0" });
  const remarks = make("div", { class: "quiet-text", role: "status" });
  let waiting = 0;

  async function redraw() {
    const mine = ++waiting;
    const { drawn, told = [] } = await drawing();
    if (mine !== waiting) return;
    canvas.replaceChildren(...[drawn].filter(Boolean));
    remarks.replaceChildren(...told.map((text) => make("p", {}, text)));
  }

  async function saved(kind) {
    const below = [...remarks.children].map((one) => one.textContent);
    save(await file(composed(canvas, below), kind), `${name}.${kind}`);
  }

  const saving = make(
    "div",
    { class: "actions" },
    make("button", { type: "button", class: "quiet", onclick: () => saved("svg") }, t("saveSvg")),
    make("button", { type: "button", class: "quiet", onclick: () => saved("png") }, t("savePng")),
  );
  const bar = make("div", { class: "actions" });
  return redraw().then(() => {
    bar.append(...menus(redraw));
    return [bar, canvas, remarks, saving];
  });
}
