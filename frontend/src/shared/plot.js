// Charts under a strict Content-Security-Policy: Observable Plot writes <style> elements, whose rules are in our style sheets.

import * as Plot from "@observablehq/plot";

/** What Plot draws, without its style elements, as one picture to who cannot see it. Options as for Plot.plot. */
export function plotted(options) {
  const drawn = Plot.plot({ className: "plot", style: { fontSize: "12px" }, ...options });
  for (const style of drawn.querySelectorAll("style")) style.remove();
  for (const group of drawn.querySelectorAll("g[aria-label]")) group.removeAttribute("aria-label");
  for (const svg of drawn.matches("svg") ? [drawn] : drawn.querySelectorAll("svg")) {
    if (svg.hasAttribute("aria-label")) svg.setAttribute("role", "img"); // legends stay text
  }
  return drawn;
}
